"""Where keys live: the three things every custody can do.

A backend is one file beside this one. The protocol asks nothing that a PKCS #11
token or a key-management service cannot answer: keys are made inside, named by
a short identifier, lent as a `Signer`, and never leave.
"""

import re
from typing import Protocol, runtime_checkable

from keys.errors import InvalidKeyId, KeyNotFound, WrongPurpose
from keys.signer import Algorithm, Purpose, Signer

# What a file name, a PKCS #11 label and the key services' aliases all accept.
KEY_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@runtime_checkable
class Custody(Protocol):
    """A place that makes and keeps private keys. Safe for use by many threads."""

    def generate(self, key_id: str, *, purpose: Purpose, algorithm: Algorithm = Algorithm.P256) -> Signer:
        """Make a key and keep it durably before answering.

        Raises:
            KeyExists: the identifier is taken; nothing was changed.
            InvalidKeyId: see `KEY_ID`.
        """
        ...

    def load(self, key_id: str) -> Signer:
        """Lend a key that was made earlier.

        Raises:
            KeyNotFound: this custody holds no such key.
            KeyRefused: wrong passphrase, or the key is not the one that was kept.
            KeyUnavailable: the backend did not answer; safe to retry.
        """
        ...

    def key_ids(self) -> list[str]:
        """The identifiers of all keys held, sorted."""
        ...


@runtime_checkable
class ErasingCustody(Custody, Protocol):
    """A custody that can forget a key for good. All three of ours can."""

    def erase(self, key_id: str) -> None:
        """Destroy the private key; signers lent before sign nothing more once this custody notices.

        Raises:
            KeyNotFound: this custody holds no such key.
            KeyUnavailable: the backend did not answer; the key may be gone or not.
        """
        ...


def check_key_id(key_id: str) -> None:
    """The form of identifiers that every backend accepts.

    Raises:
        InvalidKeyId: any other form.
    """
    if KEY_ID.fullmatch(key_id) is None:
        raise InvalidKeyId(key_id=repr(key_id))


def obtain_key(
    custody: Custody, key_id: str, *, purpose: Purpose, algorithm: Algorithm = Algorithm.P256
) -> Signer:
    """The key of this identifier, made if there is none: setting up twice is harmless.

    Raises:
        WrongPurpose: the key exists and is for something else.
    """
    try:
        signer = custody.load(key_id)
    except KeyNotFound:
        return custody.generate(key_id, purpose=purpose, algorithm=algorithm)
    if signer.purpose is not purpose:
        raise WrongPurpose(key_id=key_id, purpose=signer.purpose.value, asked=purpose.value)
    return signer
