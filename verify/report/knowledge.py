"""How old what a verifier believes is: lists are snapshots, and a report says of when."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verify.trust import Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """The trust of one run, by its dates. How old a document's status is, its own report says."""

    trust_list_version: int
    trust_list_issued_at: datetime
    usable_until: datetime  # of the trust list; what the register said of a document ends sooner
    is_rolled_back: bool = False
    root: str = ""  # SHA-256 of the root that all of it rests on, hexadecimal


def knowledge_of(trust: "Trust") -> Knowledge:
    """What `trust` rests on."""
    ends = trust.trust_list.expires_at
    return Knowledge(
        trust_list_version=trust.trust_list.version,
        trust_list_issued_at=trust.trust_list.issued_at,
        usable_until=ends if trust.vouched_until is None else min(ends, trust.vouched_until),
        is_rolled_back=trust.is_rolled_back,
        root=trust.root,
    )
