"""What every signer of ours says of its key, whoever holds it; how it signs is each one's own.

HeldSigner          the key's facts; a signer is not serialised, for its key would be
└── CountingSigner  and how often it has signed in this process
"""

import threading
from dataclasses import dataclass
from typing import Generic, NoReturn, Protocol, TypeVar

from keys.signer import Algorithm, PublicKey, Purpose


class KeyFacts(Protocol):
    """What is known of a key by whoever lends it."""

    @property
    def key_id(self) -> str:
        """The identifier under which custody holds the key."""
        ...

    @property
    def purpose(self) -> Purpose:
        """The one purpose of this key."""
        ...

    @property
    def algorithm(self) -> Algorithm:
        """What it signs with."""
        ...

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """The facts and nothing else; custodies add what they need to find the key."""

    key_id: str
    purpose: Purpose
    algorithm: Algorithm
    public_key: PublicKey


_Facts = TypeVar("_Facts", bound=KeyFacts)


class HeldSigner(Generic[_Facts]):
    """A lent key: all of `keys.signer.Signer` but `sign`."""

    __slots__ = ("_key",)

    def __init__(self, key: _Facts) -> None:
        self._key = key

    @property
    def key_id(self) -> str:
        """The identifier under which custody holds the key."""
        return self._key.key_id

    @property
    def purpose(self) -> Purpose:
        """The one purpose of this key."""
        return self._key.purpose

    @property
    def algorithm(self) -> Algorithm:
        """What it signs with."""
        return self._key.algorithm

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        return self._key.public_key

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key_id} {self.purpose} {self.algorithm}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is not serialised")


class CountingSigner(HeldSigner[_Facts]):
    """A lent key whose uses are counted, as `keys.gates.CountsUses` asks of custodies."""

    __slots__ = ("_counting", "_uses")

    def __init__(self, key: _Facts) -> None:
        super().__init__(key)
        self._uses, self._counting = 0, threading.Lock()

    @property
    def uses(self) -> int:
        """How often it has signed since it was lent."""
        return self._uses

    def _count(self) -> None:
        with self._counting:
            self._uses += 1
