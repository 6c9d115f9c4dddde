"""The heads of the logs of key uses, kept in the service's audit trail, each signed by a key of its own.

Whoever can replace a log as a whole can make a chain that is right in itself. The trail is
another file, of another chain, exported to others: a head in it says what a log held that day. Who
can rewrite the trail as well still lacks the key (purpose `log`), which a signer process holds.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from sqlalchemy import Connection

from issuance.audit import trail
from issuance.audit.trail import AuditObject
from issuance.identity.actors import system_actor
from keys.errors import KeyNotFound, UnloggedUse, UseLogBroken
from keys.forms import log_head
from keys.keyring import LogHead
from keys.register import RegisteredKey
from keys.signer import Purpose, Signer
from keys.verification import verify_signature

ANCHOR_EVERY = timedelta(days=1)
ACTION = "keys.anchor"
LOG_LINE = "log"
_KIND = "key-log"
_KEEPER = system_actor("housekeeping")
_PAGE = 1000


def anchor(connection: Connection, heads: tuple[LogHead, ...], *, signer: Signer, at: datetime) -> None:
    """Enter the heads that have moved since they were last entered, if a day has passed since.

    Any number of processes may call this as often as they like; `signer` has a log key.

    Raises:
        KeyCustodyError: a head could not be signed; none is entered.
    """
    for head in heads:
        about = AuditObject(kind=_KIND, id=head.log)
        last = next(iter(list(_anchors(connection, about))[-1:]), None)
        is_due = last is None or at - last.at >= ANCHOR_EVERY
        has_moved = head.sequence and (last is None or last.facts["sequence"] != head.sequence)
        if is_due and has_moved:
            signature = signer.sign(log_head(head.log, head.sequence, head.hash), purpose=Purpose.LOG)
            facts: trail.Facts = {
                "sequence": head.sequence,
                "hash": head.hash.hex(),
                "key": signer.key_id,
                "signature": signature.hex(),
            }
            trail.record(connection, _KEEPER, ACTION, about, at=at, facts=facts)


def record_unlogged(connection: Connection, error: UnloggedUse, *, at: datetime) -> None:
    """Enter that a key was used without an entry in its log."""
    facts: trail.Facts = {name: str(value) for name, value in error.facts.items()}
    about = AuditObject(kind="key", id=str(error.facts["key_id"]))
    trail.record(connection, _KEEPER, "keys.unlogged-use", about, at=at, facts=facts)


def anchored_heads(
    connection: Connection, log: str, *, key: Callable[[str], RegisteredKey]
) -> dict[int, bytes]:
    """The hashes of a log by sequence number, as they were entered.

    Args:
        connection: to the trail.
        log: the log's name.
        key: finds a registered key by its identifier.

    Raises:
        UseLogBroken: a head that no log key of ours has signed.
    """
    heads = dict[int, bytes]()
    for entry in _anchors(connection, AuditObject(kind=_KIND, id=log)):
        try:
            sequence, digest = int(str(entry.facts["sequence"])), bytes.fromhex(str(entry.facts["hash"]))
            _require_signed(entry, log_head(log, sequence, digest), key)
        except (KeyError, ValueError, KeyNotFound, InvalidSignature) as error:
            what = f"of the audit trail is a head of {log} that no log key has signed"
            raise UseLogBroken(place="in the audit trail", sequence=entry.sequence, what=what) from error
        heads[sequence] = digest
    return heads


def _require_signed(entry: trail.Entry, signed: bytes, key: Callable[[str], RegisteredKey]) -> None:
    registered = key(str(entry.facts["key"]))
    if registered.purpose is not Purpose.LOG:
        raise KeyNotFound(key_id=registered.key_id)
    signature = bytes.fromhex(str(entry.facts["signature"]))
    verify_signature(signature, signed, algorithm=registered.algorithm, public_key=registered.public_key)


def _anchors(connection: Connection, about: AuditObject) -> Iterator[trail.Entry]:
    """One a day and log: a few thousand in ten years."""
    after = 0
    while found := trail.entries(connection, on=about, after=after, limit=_PAGE):
        yield from (entry for entry in found if entry.action == ACTION)
        after = found[-1].sequence
