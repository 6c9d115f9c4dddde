"""The heads of the logs of key uses, kept in the service's audit trail.

Whoever can replace a log as a whole can make a chain that is right in itself. The trail is
another file, of another chain, exported to others: a head in it says what a log held that day.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection

from issuance.audit import trail
from issuance.audit.trail import AuditObject
from issuance.identity.actors import system_actor
from keys.keyring import LogHead

ANCHOR_EVERY = timedelta(days=1)
ACTION = "keys.anchor"
_KIND = "key-log"
_KEEPER = system_actor("housekeeping")
_PAGE = 1000


def anchor(connection: Connection, heads: tuple[LogHead, ...], *, at: datetime) -> None:
    """Enter the heads that have moved since they were last entered, if a day has passed since.

    Any number of processes may call this as often as they like.
    """
    for head in heads:
        about = AuditObject(kind=_KIND, id=head.log)
        last = next(iter(list(_anchors(connection, about))[-1:]), None)
        is_due = last is None or at - last.at >= ANCHOR_EVERY
        has_moved = head.sequence and (last is None or last.facts["sequence"] != head.sequence)
        if is_due and has_moved:
            facts: trail.Facts = {"sequence": head.sequence, "hash": head.hash.hex()}
            trail.record(connection, _KEEPER, ACTION, about, at=at, facts=facts)


def anchored_heads(connection: Connection, log: str) -> dict[int, bytes]:
    """The hashes of a log by sequence number, as they were entered."""
    about = AuditObject(kind=_KIND, id=log)
    return {
        int(str(entry.facts["sequence"])): bytes.fromhex(str(entry.facts["hash"]))
        for entry in _anchors(connection, about)
    }


def _anchors(connection: Connection, about: AuditObject) -> Iterator[trail.Entry]:
    """One a day and log: a few thousand in ten years."""
    after = 0
    while found := trail.entries(connection, on=about, after=after, limit=_PAGE):
        yield from (entry for entry in found if entry.action == ACTION)
        after = found[-1].sequence
