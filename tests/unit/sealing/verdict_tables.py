"""Writes `docs/verdicts.md` from the code (`make verdicts`): verdicts, reasons, checks, constraints."""

import sys
from collections.abc import Iterable, Iterator
from itertools import groupby, product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from signing.formats.status_list import REVOKED_FOR, RevocationReason, Status  # noqa: E402 - the path comes first
from verify.constraints import BROKEN, REQUIREMENTS  # noqa: E402
from verify.isolation import costs  # noqa: E402
from verify.pages.words import WORDS, Finding  # noqa: E402
from verify.reasons import MEANINGS, REMEMBERED, WITHDRAWN, Reason  # noqa: E402
from verify.rules import RULES  # noqa: E402
from verify.sentences import FAILED, PARTICULAR, PASSED, PASSED_OVER, UNSAID  # noqa: E402
from verify.signatures.algorithms import AGREED  # noqa: E402
from verify.verdict import Agreement, DocumentStatus, Indication, Verdict, Words, combine  # noqa: E402

TABLE = ROOT / "docs" / "verdicts.md"
_OPENING = """# Verdicts, reasons and rules

What a verifier can answer, word by word. Codes, rules and the names of facts are stable: they are what
programs rely on, in `--json` and in signed answers. The sentences are for people, and may become better.
`make verdicts` writes this page from the code, and a test compares the two. How files are judged:
[verification.md](verification.md).
"""


def write_tables() -> str:
    """The whole page."""
    sections = (
        _verdicts(),
        _agreement(),
        _statuses(),
        _reasons(),
        _checks(),
        _pages(),
        _limits(),
        _constraints(),
        _algorithms(),
    )
    return _OPENING + "".join(f"\n{text}" for section in sections for text in section)


def _verdicts() -> Iterator[str]:
    yield "## The verdict\n"
    yield "The first row that fits decides. The exit status of `wathiqa-verify` is in brackets.\n"
    rows = [
        (f"`{Indication.TOTAL_FAILED}`", "any", "any", Verdict.NOT_GENUINE),
        ("any", "any", f"`{Agreement.DIFFERS}`", Verdict.NOT_GENUINE),
        ("any", f"`{DocumentStatus.NOT_ISSUED}`", "any", Verdict.NOT_GENUINE),
        (f"`{Indication.INDETERMINATE}`", "any", "any", Verdict.UNDECIDED),
        ("any", "any", f"`{Agreement.NOT_CHECKED}`", Verdict.UNDECIDED),
    ]
    for verdict, group in groupby(sorted(DocumentStatus, key=lambda each: _passed(each).value), key=_passed):
        if verdict is not Verdict.NOT_GENUINE:
            statuses = ", ".join(f"`{each}`" for each in group)
            rows.append((f"`{Indication.TOTAL_PASSED}`", statuses, f"`{Agreement.AGREES}`", verdict))
    shown = ((*row[:3], f"**{row[3]}** ({row[3].exit_code})") for row in rows)
    yield _table(("Indication", "Status", "Agreement", "Verdict"), shown)


def verdict_of_rows() -> bool:
    """Whether the rows of the first table are what the code does, for every combination."""
    for indication, status, agreement in product(Indication, DocumentStatus, Agreement):
        broken = indication is Indication.TOTAL_FAILED or agreement is Agreement.DIFFERS
        if broken or status is DocumentStatus.NOT_ISSUED:
            expected = Verdict.NOT_GENUINE
        elif indication is Indication.INDETERMINATE or agreement is Agreement.NOT_CHECKED:
            expected = Verdict.UNDECIDED
        else:
            expected = _passed(status)
        if combine(indication, status, agreement) is not expected:
            return False
    return True


def _passed(status: DocumentStatus) -> Verdict:
    return combine(Indication.TOTAL_PASSED, status, Agreement.AGREES)


def _agreement() -> Iterator[str]:
    yield "## The agreement\n"
    yield (
        "The product of four comparisons: one that failed makes `differs`, one that could not be made\n"
        "`not-checked`.\n"
    )
    yield _table(
        ("Comparison", "What with what", "Checks"),
        (
            (
                "`record`",
                "the record inside the file, with the seal code",
                "`seal-code`, `record`, `record-fields`",
            ),
            (
                "`agency`",
                "the agency of the seal code, with the certificate that sealed the file",
                "`agency`",
            ),
            ("`page`", "the page composed again from the record, with the sealed page", "`page`"),
            ("`symbol`", "the symbol read off the drawn page, with the seal code", "`symbol`"),
        ),
    )


def _statuses() -> Iterator[str]:
    yield "## The status\n"
    yield "The values of a [status list](formats/status-list.md). Any other is `status-not-understood`.\n"
    public = {status: reason for reason, status in REVOKED_FOR.items() if status is not Status.REVOKED}
    rows = []
    for status in Status:
        reason = Reason.IN_FORCE if status is Status.VALID else WITHDRAWN[status]
        why = public.get(status)
        rows.append(
            (str(status.value), f"`{MEANINGS[reason].status}`", f"`{why}`" if why else "", f"`{reason}`")
        )
    yield _table(("Value", "Status", "Reason of a revocation", "Reason of the verdict"), rows)
    unsaid = ", ".join(f"`{each}`" for each in RevocationReason if REVOKED_FOR[each] is Status.REVOKED)
    yield (
        f"A revocation for {unsaid} is published without its reason. Whoever holds number and code\n"
        "is told the reason in any case, and which document replaces a superseded one. `expired` and\n"
        "`unknown` are the verifier's own words.\n"
    )


def _reasons() -> Iterator[str]:
    yield "## Reasons of a seal code\n"
    yield "One each, in `--json` as `reason` of `seal` and in the facts of the check `seal-code`.\n"
    rows = []
    for reason in Reason:
        meaning = MEANINGS[reason]
        told = f"{meaning.indication}" + (f" / {meaning.sub_indication}" if meaning.sub_indication else "")
        where = " (not on the page)" if reason in REMEMBERED else ""
        rows.append((f"`{reason}`{where}", told, f"`{meaning.status}`", *_said(meaning.words)))
    yield _table(("Reason", "Signature of the code", "Status", "English", "Arabic"), rows)


def _checks() -> Iterator[str]:
    yield "## Checks\n"
    yield (
        "What is looked at in a file. Where a sub-indication has words of its own, they stand for the\n"
        "general ones. The facts of a check that did not pass name the `sub_indication`, and as `rule` the\n"
        "particular that was broken.\n"
    )
    rows = []
    for code, rule in RULES.items():
        if code in {"page", "symbol"}:
            continue
        for outcome, tables in (
            ("passed", PASSED),
            ("failed, undecided", FAILED),
            ("undecided", UNSAID),
            ("undecided", PASSED_OVER),
        ):
            if code in tables:
                rows.append((f"`{code}`", rule, outcome, *_said(tables[code])))
        for (check, sub), words in PARTICULAR.items():
            if check == code:
                rows.append((f"`{code}`", rule, f"`{sub}`", *_said(words)))
    yield _table(("Check", "Rule", "When", "English", "Arabic"), rows)


def _pages() -> Iterator[str]:
    yield "## Pages\n"
    yield f"The checks `page` and `symbol` ({RULES['page']}) name in their facts a `finding`.\n"
    yield _table(("Finding", "English", "Arabic"), ((f"`{each}`", *_said(WORDS[each])) for each in Finding))


def _limits() -> Iterator[str]:
    yield "## Limits\n"
    yield (
        "Where a file was too much for the process that judged it\n"
        "([operations/verifying.md](operations/verifying.md#what-a-hostile-file-can-do)). The first two are\n"
        f"`{Indication.TOTAL_FAILED}` / `FORMAT_FAILURE`, the last is `{Indication.INDETERMINATE}` /"
        " `TRY_LATER`.\n"
    )
    order = (costs.TOO_COSTLY, costs.TOO_LARGE, costs.TOO_SLOW)
    yield _table(("Check", "English", "Arabic"), ((f"`{each}`", *_said(costs.WORDS[each])) for each in order))


def _constraints() -> Iterator[str]:
    yield "## Constraints of the signature\n"
    yield (
        "What EN 319 102-1 (v1.4.1) has a validator look at, one by one, for each subject: `file`, `seal`,\n"
        "`archive-1` (the oldest), `archive-2` …, `time-stamp`, `seal-certificate`. They stand in\n"
        "`--json`, in `explain` and in the report by ETSI TS 119 102-2. The one that is broken is the last\n"
        "of its subject.\n"
    )
    rows = []
    for code, requirement in REQUIREMENTS.items():
        subs = ", ".join(f"`{sub}`" for sub, broken in BROKEN.items() if broken == code)
        rows.append((f"`{code}`", requirement.rule, *_said(requirement.words), subs))
    yield _table(("Constraint", "Rule", "English", "Arabic", "Broken"), rows)


def _algorithms() -> Iterator[str]:
    yield "## Algorithms\n"
    yield (
        "By ETSI TS 119 312 v1.5.1, in the form for machines of 2024-10-13. What is not named never counts.\n"
        "What was signed before the end counts for as long as a time-stamp that is still good proves it.\n"
    )
    yield _table(
        ("Algorithm", "Counts until"),
        ((f"`{name}`", end.isoformat() if end else "no end is known") for name, end in AGREED.items()),
    )


def _said(words: Words) -> tuple[str, str]:
    return words.en, words.ar


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    TABLE.write_text(write_tables(), encoding="utf-8")
