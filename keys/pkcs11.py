"""Keys in a PKCS #11 token: a hardware security module, or SoftHSM.

Keys are made inside the token and never leave it; see pkcs11_objects.py for what they
carry and pkcs11_sessions.py for how the token is reached. Every signature is verified
here before anybody has it: a token of the same name may be another token.

PKCS #11 lets two keys have one label. Within a process keys are made one at a time; two
processes that make the same key at the same instant each see the other's afterwards and
withdraw their own, so that there may be none but never two.
"""

import threading
from dataclasses import dataclass
from typing import ClassVar, Literal, NoReturn

from pkcs11 import Attribute, ObjectClass, PrivateKey

from keys.custody import KEY_ID, check_key_id
from keys.errors import KeyExists, KeyNotFound, KeyRefused, UnsupportedUse
from keys.held import CountingSigner, HeldKey
from keys.passphrase import PassphraseSource
from keys.pkcs11_objects import (
    PROVEN_BY_TOKEN,
    find_by_name,
    find_private_keys,
    key_name,
    make_pair,
    parse_public_key,
    read_name,
    sign_with,
)
from keys.pkcs11_sessions import TokenSession, TokenSessions
from keys.signer import Algorithm, PublicKey, Purpose, Signer, require_purpose
from keys.verification import algorithm_of, require_signature


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKey(HeldKey):
    """What is known of a key in the token."""

    @property
    def name(self) -> bytes:
        """Its CKA_ID."""
        return key_name(self.key_id, self.purpose, self.algorithm)


class Pkcs11Signer(CountingSigner[TokenKey]):
    """A key in a token; its uses are the signatures that were answered and verified."""

    proves_signatures: ClassVar[Literal[True]] = True
    __slots__ = ("_sessions",)

    def __init__(self, key: TokenKey, sessions: TokenSessions) -> None:
        super().__init__(key)
        self._sessions = sessions

    def sign(self, data: bytes, *, purpose: Purpose) -> bytes:
        """Sign `data`; see `keys.signer.Signer`.

        Raises:
            WrongPurpose: `purpose` is not the purpose of this key.
            KeyUnavailable: the token is away.
            KeyNotFound: the key was erased since it was lent.
            SignatureFaulty: what the token answered does not verify.
        """
        require_purpose(self, purpose)
        key = self._key
        signature = self._sessions.use(
            key.key_id, lambda session: sign_with(_private_key(session, key), data, key.algorithm)
        )
        require_signature(
            signature, data, key_id=key.key_id, algorithm=key.algorithm, public_key=key.public_key
        )
        self._count()
        return signature


class Pkcs11Custody:
    """The keys of ours in one token."""

    def __init__(self, library: str, token_label: str, pin: PassphraseSource) -> None:
        """Name the library (a path) and the token; the PIN is asked for at the first key."""
        self._sessions = TokenSessions(library, token_label, pin)
        self._lock = threading.Lock()
        self._open: dict[str, Pkcs11Signer] = {}

    def generate(self, key_id: str, *, purpose: Purpose, algorithm: Algorithm = Algorithm.P256) -> Signer:
        """Have the token make a key; see `keys.custody.Custody`.

        Raises:
            KeyExists: the identifier is taken, or was taken at the same instant.
            InvalidKeyId: an identifier of another form.
            UnsupportedUse: the token cannot make such a key.
            KeyUnavailable: the token is away; a key may have been made or not.
        """
        check_key_id(key_id)
        if algorithm is Algorithm.ML_DSA_65:
            raise UnsupportedUse(key_id=key_id, reason="ML-DSA keys are held in software only")
        with _MAKING:
            # Apart from the making: this may be repeated when the token was away, that may not.
            self._sessions.use(key_id, lambda session: _require_free(session, key_id))
            self._sessions.write(key_id, lambda session: _make(session, key_id, purpose, algorithm))
        return self.load(key_id)

    def load(self, key_id: str) -> Signer:
        """Lend a key; see `keys.custody.Custody`.

        Raises:
            KeyNotFound: no such key in this token.
            KeyRefused: the PIN is wrong, or this is not a key that we had the token make.
            KeyUnavailable: the token is away.
        """
        check_key_id(key_id)
        with self._lock:
            if key_id not in self._open:
                key = self._sessions.use(key_id, lambda session: _describe(session, key_id))
                self._open[key_id] = Pkcs11Signer(key, self._sessions)
            return self._open[key_id]

    def use_count(self, key_id: str) -> int:
        """How many signatures this process had of a key (`keys.gates.CountsUses`); not others."""
        with self._lock:
            return self._open[key_id].uses if key_id in self._open else 0

    def key_ids(self) -> list[str]:
        """The identifiers of all keys of ours in this token, sorted; other programs' keys are left out."""
        return self._sessions.use("*", _list)

    def erase(self, key_id: str) -> None:
        """Have the token destroy a key; see `keys.custody.ErasingCustody`.

        Raises:
            KeyNotFound: no such key in this token.
            KeyRefused: a key of this name that we did not make.
            KeyUnavailable: the token is away; the key may be gone or not.
        """
        check_key_id(key_id)
        key = self._sessions.use(key_id, lambda session: _describe(session, key_id))
        with self._lock:
            self._open.pop(key_id, None)
        self._sessions.write(key_id, lambda session: _destroy(session, key))

    def close(self) -> None:
        """Log out; the next use logs in again."""
        self._sessions.close()


_MAKING = threading.Lock()


def _require_free(session: TokenSession, key_id: str) -> None:
    if find_private_keys(session.session, key_id):
        raise KeyExists(key_id=key_id)
    session.require_token()


def _make(session: TokenSession, key_id: str, purpose: Purpose, algorithm: Algorithm) -> None:
    public, private = make_pair(session.session, key_id, purpose, algorithm)
    if len(find_private_keys(session.session, key_id)) > 1:
        private.destroy()
        public.destroy()
        raise KeyExists(key_id=key_id)


def _describe(session: TokenSession, key_id: str) -> TokenKey:
    """Read what the token says of a key, and believe only what it alone can have written.

    Raises:
        KeyNotFound: no such key.
        KeyRefused: two of this name, or one that we did not have the token make.
    """
    match find_private_keys(session.session, key_id):
        case []:
            session.require_token()
            raise KeyNotFound(key_id=key_id)
        case [private]:
            pass
        case _:
            _refuse(key_id, "the token holds several keys of this name")
    named = read_name(key_id, private[Attribute.ID])
    if named is None:
        _refuse(key_id, "the token holds a key of this name that another program made")
    purpose, algorithm = named
    if any(private[attribute] is not value for attribute, value in PROVEN_BY_TOKEN.items()):
        _refuse(key_id, "the token does not vouch that it made this key and never let it out")
    public_key = _public_half(session, key_id, private[Attribute.ID])
    if algorithm_of(public_key) is not algorithm:
        _refuse(key_id, f"its public half is not of {algorithm}")
    return TokenKey(key_id=key_id, purpose=purpose, algorithm=algorithm, public_key=public_key)


def _public_half(session: TokenSession, key_id: str, name: bytes) -> PublicKey:
    found = find_by_name(session.session, ObjectClass.PUBLIC_KEY, name)
    # CKA_LOCAL: made by the token with the private half; what is written there by hand lacks it.
    if len(found) != 1 or found[0][Attribute.LOCAL] is not True:
        _refuse(key_id, "its public half is missing or was replaced")
    try:
        return parse_public_key(found[0])
    except ValueError as error:
        raise KeyRefused(key_id=key_id, reason=str(error)) from error


def _private_key(session: TokenSession, key: TokenKey) -> PrivateKey:
    if key.name not in session.private_keys:
        found = find_by_name(session.session, ObjectClass.PRIVATE_KEY, key.name)
        if not found:
            session.require_token()
            raise KeyNotFound(key_id=key.key_id)
        if len(found) > 1:
            _refuse(key.key_id, "the token holds several keys of this name")
        session.private_keys[key.name] = found[0]
    return session.private_keys[key.name]


def _list(session: TokenSession) -> list[str]:
    found = session.session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
    labels = [(str(key[Attribute.LABEL]), key[Attribute.ID]) for key in found]
    session.require_token()
    return sorted({label for label, name in labels if KEY_ID.fullmatch(label) and read_name(label, name)})


def _destroy(session: TokenSession, key: TokenKey) -> None:
    for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY):
        for found in find_by_name(session.session, kind, key.name):
            found.destroy()


def _refuse(key_id: str, reason: str) -> NoReturn:
    raise KeyRefused(key_id=key_id, reason=reason)
