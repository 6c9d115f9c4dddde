"""Sessions on one PKCS #11 token: logged in once, shared by threads, found again when the token was away.

What the standard (PKCS #11 v2.40) makes awkward, and what is done about it:

- Login belongs to the process, not to a session (§5.6): one session logs in and stays open;
  the others inherit that. Closing the one that logged in logs all of them out.
- Handles end when the library is reset (pkcs11_library.py) and their numbers come back for
  other objects: each connection remembers in which life of the library it was made.
- A token locks after a few wrong PINs: one that was refused is never sent again by this process,
  and none is sent when the token says that the next failure locks it. Other processes may have
  been wrong before, this one before it was started anew.
- After `fork` the child may not use the library (§5.4): it is refused.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, TypeVar

import pkcs11
from pkcs11 import exceptions as faults

from keys.errors import KeyRefused, KeyUnavailable, UnsupportedUse
from keys.passphrase import PassphraseSource
from keys.pkcs11_library import Library, load_library

Answer = TypeVar("Answer")

# A token has few sessions to give; a thread waits for one rather than ask for more.
MAX_SESSIONS = 16

PIN_REFUSED: Final = (
    faults.PinIncorrect,
    faults.PinInvalid,
    faults.PinLenRange,
    faults.PinLocked,
    faults.PinExpired,
    faults.UserPinNotInitialized,
)
"""Never tried again: a token locks."""

CANNOT: Final = (
    faults.AttributeTypeInvalid,
    faults.AttributeValueInvalid,
    faults.DomainParamsInvalid,
    faults.FunctionNotSupported,
    faults.KeySizeRange,
    faults.KeyTypeInconsistent,
    faults.MechanismInvalid,
    faults.MechanismParamInvalid,
    faults.TemplateIncomplete,
    faults.TemplateInconsistent,
    faults.TokenWriteProtected,
)
"""The token says that it does not do this. Any other fault is taken for a token that was away."""


_NO_MORE_TRIES: Final = pkcs11.TokenFlag.USER_PIN_FINAL_TRY | pkcs11.TokenFlag.USER_PIN_LOCKED


class TokenSession:
    """One session, for one thread at a time, with the private keys that it has found."""

    def __init__(self, session: pkcs11.Session, find_token: Callable[[], object]) -> None:
        self.session = session
        self.private_keys: dict[bytes, pkcs11.PrivateKey] = {}  # by CKA_ID
        self._find_token = find_token

    def require_token(self) -> None:
        """Tell "there is no such key" from "the token is away", which some libraries answer alike."""
        self._find_token()


class TokenSessions:
    """The sessions of one custody on one token. Safe for use by many threads."""

    def __init__(self, library: str, token_label: str, pin: PassphraseSource) -> None:
        """Name a token; it is opened, and the PIN asked for, at the first use."""
        self._library_path, self._token_label, self._pin = library, token_label, pin
        self._opening = threading.Lock()
        self._connection: _Connection | None = None
        self._pin_refused = ""
        self._born = os.getpid()

    def use(self, key_id: str, work: Callable[[TokenSession], Answer]) -> Answer:
        """Run `work` in a session; once more when the token was found to have been away.

        Raises:
            KeyUnavailable: the token is away.
            KeyRefused: it refuses the PIN.
            UnsupportedUse: it does not do what `work` asks.
            BackendMissing: no such library.
        """
        connection = self._connected(key_id)
        try:
            return self._run(connection, key_id, work)
        except KeyUnavailable:
            return self._run(self._connected(key_id), key_id, work)

    def write(self, key_id: str, work: Callable[[TokenSession], Answer]) -> Answer:
        """As `use`, in the session that may write, and once only: what failed may have happened."""
        return self._run(self._connected(key_id), key_id, work, writing=True)

    def close(self) -> None:
        """Log out and close all sessions; the next use opens them anew."""
        with self._opening:
            connection, self._connection = self._connection, None
        if connection is not None and os.getpid() == self._born:
            connection.close()

    def _run(
        self,
        connection: "_Connection",
        key_id: str,
        work: Callable[[TokenSession], Answer],
        *,
        writing: bool = False,
    ) -> Answer:
        try:
            with connection.session(writing=writing) as session:
                return work(session)
        except CANNOT as error:
            raise UnsupportedUse(key_id=key_id, reason=f"the token refuses: {_named(error)}") from error
        except pkcs11.PKCS11Error as error:
            self._forget(connection)
            raise KeyUnavailable(key_id=key_id, reason=_named(error)) from error

    def _connected(self, key_id: str) -> "_Connection":
        if os.getpid() != self._born:
            raise UnsupportedUse(key_id=key_id, reason="the process was forked after its token was opened")
        with self._opening:
            if self._connection is None:
                self._connection = self._connect(key_id)
            return self._connection

    def _connect(self, key_id: str) -> "_Connection":
        if self._pin_refused:
            raise KeyRefused(key_id=key_id, reason=self._pin_refused)
        library = load_library(self._library_path, key_id=key_id)
        try:
            pin = self._pin().decode()
        except UnicodeDecodeError as error:
            raise KeyRefused(key_id=key_id, reason="the PIN is not UTF-8") from error
        try:
            try:
                return _Connection(library, self._token_label, pin)
            except PIN_REFUSED:
                raise
            except pkcs11.PKCS11Error:
                library.reset()
                return _Connection(library, self._token_label, pin)
        except PIN_REFUSED as error:
            self._pin_refused = f"the token refuses the PIN: {_named(error)}"
            raise KeyRefused(key_id=key_id, reason=self._pin_refused) from error
        except pkcs11.PKCS11Error as error:
            raise KeyUnavailable(key_id=key_id, reason=_named(error)) from error

    def _forget(self, connection: "_Connection") -> None:
        with self._opening:
            if self._connection is connection:
                self._connection = None
        connection.close()


class _Connection:
    """A login, and the sessions that share it."""

    def __init__(self, library: Library, token_label: str, pin: str) -> None:
        self._library, self._token_label = library, token_label
        self._idle: list[TokenSession] = []
        self._closed = False
        self._places = threading.BoundedSemaphore(MAX_SESSIONS)
        self._writing = threading.Lock()
        with library.calls():
            self._life = library.life
            self._token = self._find_token()
            if self._token.flags & _NO_MORE_TRIES:
                raise faults.PinLocked("no try is left that may fail: log in by the token's own tool")
            try:
                session = self._token.open(rw=True, user_pin=pin)
            except faults.UserAlreadyLoggedIn:  # by another custody of this process
                session = self._token.open(rw=True)
            self._login = TokenSession(session, self._find_token)

    @contextmanager
    def session(self, *, writing: bool) -> Iterator[TokenSession]:
        """A session for one thread; one in which something failed is not used again."""
        with self._writing if writing else self._places, self._library.calls():
            if self._life != self._library.life:
                raise faults.SessionHandleInvalid
            if writing:
                yield self._login
                return
            session = self._idle.pop() if self._idle else self._new()
            try:
                yield session
            except pkcs11.PKCS11Error:
                _close(session)
                raise
            except BaseException:
                self._give_back(session)
                raise
            self._give_back(session)

    def close(self) -> None:
        """Close what can be closed; handles of another life of the library belong to others."""
        self._closed = True
        with self._library.calls():
            if self._life == self._library.life:
                while self._idle:
                    _close(self._idle.pop())
                _close(self._login)

    def _give_back(self, session: TokenSession) -> None:
        if self._closed:
            _close(session)
        else:
            self._idle.append(session)

    def _new(self) -> TokenSession:
        return TokenSession(self._token.open(), self._find_token)

    def _find_token(self) -> pkcs11.Token:
        return self._library.pkcs11.get_token(token_label=self._token_label)


def _close(session: TokenSession) -> None:
    with suppress(pkcs11.PKCS11Error):
        session.session.close()


def _named(error: pkcs11.PKCS11Error) -> str:
    return f"{type(error).__name__} {error}".strip()
