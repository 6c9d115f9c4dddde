"""The page that the witnesses sign: which transcript, by its digest, and room for their names."""

from ca.ceremony.plan import Plan
from ca.ceremony.transcript import Transcript

_LINE = "_" * 44


def signature_form(plan: Plan, transcript: Transcript) -> bytes:
    """The page as text, the same for the same transcript."""
    digest = transcript.sha256
    grouped = " ".join(digest[start : start + 8] for start in range(0, len(digest), 8))
    lines = [
        "Wathiqa key ceremony: signatures",
        "مراسم مفتاح وثيقة: التواقيع",
        "",
        f"Ceremony   {plan.ceremony}",
        f"Place      {plan.place}",
        f"Plan       SHA-256 {plan.sha256}",
        "",
        "Transcript, SHA-256:",
        f"    {grouped[:35]}",
        f"    {grouped[36:]}",
        "",
        "I was present from beginning to end. What the transcript says is what happened.",
        "كنت حاضراً من البداية إلى النهاية، وما يقوله المحضر هو ما جرى.",
        "",
    ]
    for role, name in [*((each.role, each.name) for each in plan.people), *_custodians(plan)]:
        lines += [f"{role}: {name}", "", f"    {_LINE}   date and time: {'_' * 20}", ""]
    return "\n".join(lines).encode("utf-8")


def _custodians(plan: Plan) -> list[tuple[str, str]]:
    return [(f"custodian of sheet {number}", name) for number, name in enumerate(plan.custodians, start=1)]
