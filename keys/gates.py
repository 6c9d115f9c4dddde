"""A key lent under guard: every use goes through the same gates, in the same order.

    purpose     the key is for this
    state       it is active now, by the register
    form        the bytes are what a key of this purpose signs
    log         the use is written down, within the limit of uses
    signature   the backend signs
    proof       the signature verifies under the registered public key; not twice where the backend
                has verified it under the same one

and only then is the signature released.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, runtime_checkable

from keys.errors import KeyNotActive, UnloggedUse
from keys.forms import check_form, form_of
from keys.held import HeldSigner
from keys.keyring import KeyState
from keys.register import Register, RegisteredKey
from keys.signer import Purpose, Signer, require_purpose
from keys.use_log import UseLog
from keys.verification import ProvesSignatures, require_signature


@runtime_checkable
class CountsUses(Protocol):
    """A custody that counts the uses of its keys by itself: since it was opened, or ever."""

    def use_count(self, key_id: str) -> int:
        """How many signatures the backend made with a key."""
        ...


class GuardedSigner(HeldSigner[RegisteredKey]):
    """A registered key of this process; a `keys.signer.Signer`."""

    __slots__ = (
        "_backend",
        "_clock",
        "_counted_before",
        "_counter",
        "_form",
        "_is_proven",
        "_log",
        "_register",
    )

    def __init__(
        self,
        key: RegisteredKey,
        backend: Signer,
        *,
        register: Register,
        log: UseLog,
        clock: Callable[[], datetime],
        counter: CountsUses | None,
    ) -> None:
        """Stand before `backend`, whose key is the one registered as `key`: the caller has compared them."""
        super().__init__(key)
        self._backend, self._register, self._log = backend, register, log
        self._clock, self._counter = clock, counter
        self._form = form_of(key.purpose, algorithm=key.algorithm, public_key=key.public_key)
        self._is_proven = isinstance(backend, ProvesSignatures)
        self._counted_before = self._counts()

    def sign(self, data: bytes, *, purpose: Purpose) -> bytes:
        """Sign `data` if every gate lets it through; see `keys.signer.Signer`.

        Raises:
            WrongPurpose: the key is for something else.
            KeyNotActive: the register says so now.
            FormRefused: this is not what the key signs.
            KeyUsedUp: its limit of uses is reached.
            UseLogFailed: the use could not be written down.
            KeyUnavailable: backend or register did not answer, or answered wrongly; safe to retry.
        """
        require_purpose(self, purpose)
        at = self._clock()
        key = self._register.find(self.key_id)
        if (state := key.state_at(at)) is not KeyState.ACTIVE:
            raise KeyNotActive(key_id=self.key_id, state=state.value)
        check_form(self._form, data, key_id=self.key_id, purpose=purpose)
        self._log.append(self.key_id, purpose, hashlib.sha256(data).digest(), at=at, max_uses=key.max_uses)
        signature = self._backend.sign(data, purpose=purpose)
        if not self._is_proven:
            require_signature(
                signature, data, key_id=self.key_id, algorithm=self.algorithm, public_key=self.public_key
            )
        return signature

    def reconcile(self) -> None:
        """Compare what the backend has counted since this key was taken up with what was logged.

        The log may say more: a use counts from its entry on.

        Raises:
            UnloggedUse: the backend signed more often than the log says.
        """
        counted, logged = self._counts()
        counted_before, logged_before = self._counted_before
        if counted - counted_before > logged - logged_before:
            raise UnloggedUse(
                key_id=self.key_id, counted=counted - counted_before, logged=logged - logged_before
            )

    def _counts(self) -> tuple[int, int]:
        # The backend first: a use that begins in between is in the log and not yet in the backend.
        counted = 0 if self._counter is None else self._counter.use_count(self.key_id)
        return counted, self._log.uses(self.key_id)
