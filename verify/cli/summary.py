"""What came out of a run, for people."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from verify.cli.outputs import Tally
from verify.report.headline import NAMES, SHAPES
from verify.report.words import Language, joined
from verify.verdict import Verdict, Words

_UNREAD = Words(ar="لم تُقرأ", en="could not be read")
_EARLIER = Words(ar="منها ما حُكم عليه في تشغيل سابق", en="of these, judged by an earlier run")
_ORDER = (Verdict.GENUINE, Verdict.NOT_IN_FORCE, Verdict.UNDECIDED, Verdict.NOT_GENUINE)


def print_summary(console: Console, tally: Tally, language: Language) -> None:
    """A line for each verdict that there was."""
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    for verdict in _ORDER:
        if tally.verdicts[verdict]:
            shape, colour = SHAPES[verdict]
            said = Text(f"{shape} {joined(NAMES[verdict], language)}", style=colour)
            table.add_row(f"{tally.verdicts[verdict]:,}", said)
    for count, words in ((tally.unread, _UNREAD), (tally.earlier, _EARLIER)):
        if count:
            table.add_row(f"{count:,}", Text(joined(words, language), style="dim"))
    console.print(table)
