"""What can go wrong with the trail.

IssuanceError
└── ChainBroken     an entry was changed, removed, inserted or reordered
"""

from issuance.errors import IssuanceError


class ChainBroken(IssuanceError):
    """The chain does not hold at `sequence`; `what` says how it shows."""

    code = "audit-chain-broken"
    ar = "سجل التدقيق غير سليم عند القيد {sequence}."
    en = "The audit trail is not intact at entry {sequence}: {what}."
