"""The keys as the service uses them: lines of generations, each with a state, limits and a count of its uses.

A *line* is what a key is for in the service ("seal-civil-registry"); its *generations*
follow one another as keys are rotated. Generation 1 has the line's name as its
identifier, generation n the name and "-n".

States are those of NIST SP 800-57 part 1 revision 5 §7, as far as keys that sign have them.
Its "deactivated" is our `retired`; "compromised" is not a state here: such a key is
retired by `replace` and its certificate revoked, which is what others can see.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from keys.custody import Custody
from keys.signer import Algorithm, PublicKey, Purpose, Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHead:
    """Where a log of uses stands; kept elsewhere, it tells later that nothing before it was changed."""

    log: str  # the class of keys, such as "seals"
    sequence: int  # of its last entry; 0: nothing yet
    hash: bytes


class KeyState(StrEnum):
    """Where a key stands in its life."""

    PRE_ACTIVE = "pre-active"  # made and published, signs nothing yet
    ACTIVE = "active"
    SUSPENDED = "suspended"  # signs nothing; may come back
    RETIRED = "retired"  # signs nothing any more; its signatures stay good
    DESTROYED = "destroyed"  # the private key is gone; the record stays


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """What the register knows of one key at one instant."""

    key_id: str
    line: str
    generation: int  # from 1
    purpose: Purpose
    algorithm: Algorithm
    state: KeyState  # at the instant of asking: a pre-active key whose day has come is active
    created_at: datetime
    active_from: datetime
    retires_at: datetime | None
    max_uses: int | None
    uses: int  # begun; a use counts from its entry in the log on, signed or not
    public_key: PublicKey
    backend: str  # which custody made it: "software", "pkcs11", "kms"


@runtime_checkable
class Keyring(Custody, Protocol):
    """A custody that keeps a register and a log of uses. Safe for use by many threads and processes.

    Everything lent checks at each use, in this order: purpose, state, limits, form of
    what is to be signed; then the use is logged; then the backend signs; then the
    signature is verified. What is not logged is not signed.

    `generate` makes a key that is active at once: "seal-x-2" is generation 2 where a
    line "seal-x" exists, else a line of its own. `load` lends a key in any state but
    destroyed; whether it may sign is decided when it signs.
    """

    def obtain(
        self, line: str, *, purpose: Purpose, algorithm: Algorithm = Algorithm.P256, at: datetime
    ) -> Signer:
        """The newest generation of a line that is active at `at`; the first is made where there is none.

        Raises:
            WrongPurpose: the line is for something else.
            KeyNotActive: it has generations and none of them is active.
        """
        ...

    def generations(self, line: str) -> tuple[KeyRecord, ...]:
        """All generations of a line, oldest first, destroyed ones too; empty where there is no such line."""
        ...

    def record(self, key_id: str) -> KeyRecord:
        """What is known of one key.

        Raises:
            KeyNotFound: the register does not know it.
        """
        ...

    def records(self) -> tuple[KeyRecord, ...]:
        """What is known of every key, by line and generation."""
        ...

    def rotate(self, line: str, *, at: datetime, active_from: datetime) -> KeyRecord:
        """Make the next generation: pre-active till `active_from`.

        The generation before it may sign until some time after that, that of an issuing CA
        until it is retired (`keys.states.OVERLAP`).
        Where the newest generation is pre-active already, that one is answered and nothing is made.

        Raises:
            KeyNotFound: there is no such line.
        """
        ...

    def replace(self, line: str, *, at: datetime) -> KeyRecord:
        """After a compromise or revocation: the next generation, active at once; all older ones retired.

        Raises:
            KeyNotFound: there is no such line.
        """
        ...

    def suspend(self, key_id: str, *, at: datetime) -> KeyRecord:
        """Stop a key; it may be resumed.

        Raises:
            KeyNotFound: the register does not know it.
            IllegalTransition: it is retired or destroyed.
        """
        ...

    def resume(self, key_id: str, *, at: datetime) -> KeyRecord:
        """Let a suspended key sign again.

        Raises:
            IllegalTransition: it is not suspended.
        """
        ...

    def retire(self, key_id: str, *, at: datetime) -> KeyRecord:
        """Stop a key for good.

        Raises:
            IllegalTransition: it is retired or destroyed.
        """
        ...

    def destroy(self, key_id: str, *, at: datetime) -> KeyRecord:
        """Have the backend forget a retired (or never active) key; the record stays.

        Raises:
            IllegalTransition: it is active or suspended: retire it first.
            UnsupportedUse: the backend cannot destroy keys.
        """
        ...

    def limit(self, key_id: str, *, max_uses: int | None, retires_at: datetime | None) -> KeyRecord:
        """Set how often a key may be used in all, and until when; None: no limit.

        Raises:
            IllegalTransition: it is retired or destroyed.
        """
        ...

    def heads(self) -> tuple[LogHead, ...]:
        """Where the logs of uses stand, one for each class of keys; up to there they are on the disk.

        Raises:
            UseLogFailed: a log cannot be read or brought to the disk.
        """
        ...

    def reconcile(self) -> None:
        """Compare the key stores' own counts of uses, where they count, with the logs.

        Raises:
            UnloggedUse: a key was used behind the log's back.
        """
        ...


def generation_key_id(line: str, generation: int) -> str:
    """The identifier of the n-th key of a line."""
    return line if generation == 1 else f"{line}-{generation}"
