"""How old what a verifier believes is: lists are snapshots, and a report says of when."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from verify.verdict import DocumentStanding, DocumentStatus

if TYPE_CHECKING:
    from verify.trust import Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """The trust of one run, by its dates. How old a document's status is, its own report says."""

    trust_list_version: int
    trust_list_issued_at: datetime
    usable_until: datetime  # of the trust list; what the register said of a document mostly ends sooner
    is_rolled_back: bool = False
    root: str = ""  # SHA-256 of the root that all of it rests on, hexadecimal

    def enough_until(self, standing: DocumentStanding) -> datetime | None:
        """Until when the same is found without a connection; None where there is too little already.

        What the register says ends with its list, days before the trust list does; a withdrawal is final.
        """
        if self.is_rolled_back or standing.status is DocumentStatus.UNKNOWN:
            return None
        return min(self.usable_until, standing.counts_until or self.usable_until)


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
