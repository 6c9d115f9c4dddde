"""The people of a ceremony before one terminal: what they see, hear and type."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ca.ceremony.errors import SheetRefused
from ca.ceremony.plan import Act, Certify, CreateRoot, IssueCrl, Plan, Revoke
from ca.ceremony.room import Check
from ca.ceremony.shares import WORDS, Sheet
from ca.ceremony.sheets import COLUMNS, write_sheet
from ca.ceremony.transcript import Mark, Step, Transcript
from ca.serials import serial_text

WIDTH = 88
_FORGET_SCROLLED = "\x1b[3J"


@dataclass(slots=True, kw_only=True)
class TerminalRoom:
    """One terminal, before which people step one after another."""

    console: Console
    plan: Plan
    sheets: Path | None  # where sheets are written to be printed; None: shown on the screen, one at a time
    steps: int = 0
    written: list[Path] = field(default_factory=list)

    def told(self, step: Step) -> None:
        """Print a step and its facts."""
        self.steps += 1
        self.console.print(Text.assemble((f"{self.steps:3} ", "dim"), ("✔ ", "green"), step.title))
        for label, value in step.facts:
            shown = value.value if isinstance(value, Mark) else value
            self.console.print(Text.assemble((f"      {label}  ", "dim"), shown), soft_wrap=True)

    def hand_out(self, custodian: str, sheet: Sheet, *, count: int, check: Check) -> None:
        """Give a sheet to its custodian, and have it typed back from paper."""
        title = f"Sheet {sheet.number} of {count} is for {custodian}"
        if self.sheets is None:
            self._say(title, "Step up alone; everybody else looks away. Have paper and a pen ready.")
            self._wait("Press Enter to see the words.")
            self._show(sheet)
            self._wait("Written down, all of it? Press Enter: the words leave the screen.")
            self._wipe()
        else:
            ceremony = self.plan.ceremony
            path = write_sheet(self.sheets, custodian, sheet, count=count, ceremony=ceremony)
            self.written.append(path)
            self._say(title, f"Print {path}, hand the page over, and let nobody else read it.")
        self._ask(f"{custodian}, type the words from your paper.", check)

    def collect(self, custodians: Sequence[str], *, check: Check) -> Sheet:
        """Have a custodian type in a sheet."""
        self._say("A sheet is needed", f"One of: {', '.join(custodians)}. Everybody else looks away.")
        return self._ask("Type the words from your paper.", check)

    def abandon(self) -> None:
        """Remove sheets that open nothing: the ceremony broke off."""
        for path in self.written:
            path.unlink(missing_ok=True)
        if self.sheets is not None and self.sheets.is_dir() and not any(self.sheets.iterdir()):
            self.sheets.rmdir()  # or the next try would take it for an earlier ceremony's

    def _ask(self, request: str, check: Check) -> Sheet:
        self.console.print(
            f"{request} The first four letters of each are enough; as many a line as you like."
        )
        words: list[str] = []
        while True:
            words = self._typed(words)
            try:
                sheet = check(" ".join(words))
            except SheetRefused as error:
                self._wipe()
                self.console.print(Text.assemble(("    ✘ ", "yellow"), f"Not yet: {error.facts['rule']}."))
                words = words[: int(str(error.facts.get("standing", 0)))]
                self.console.print(f"      Nothing is lost. {_what_to_type(len(words))}")
            else:
                self._wipe()
                done = f"That is sheet {sheet.number}, word for word. Fold the paper and keep it."
                self.console.print(Text.assemble(("    ✔ ", "green"), done))
                return sheet

    def _typed(self, standing: Sequence[str]) -> list[str]:
        words = list(standing)
        while len(words) < WORDS:
            line = self.console.input(f"{len(words) + 1:6}. ")
            words += [each for each in line.replace(".", " ").split() if not each.isdecimal()]
        return words

    def _show(self, sheet: Sheet) -> None:
        rows = -(-len(sheet.words) // COLUMNS)
        table = Table.grid(padding=(0, 3))
        for row in range(rows):
            places = range(row, len(sheet.words), rows)
            table.add_row(*(f"{place + 1:2}. {sheet.words[place]}" for place in places))
        self.console.print(Panel(table, title=f"set {sheet.share_set}", width=WIDTH))

    def _say(self, title: str, text: str) -> None:
        self.console.print()
        self.console.print(Panel(Text(text), title=title, title_align="left", width=WIDTH))

    def _wait(self, text: str) -> None:
        self.console.input(f"{text} ")

    def _wipe(self) -> None:
        """The words leave the screen and what can be scrolled back to."""
        if self.console.is_terminal:
            self.console.clear()
            self.console.file.write(_FORGET_SCROLLED)


def _what_to_type(standing: int) -> str:
    if not standing:
        return "Take your time, and type all the words once more."
    return f"The words before it stand: go on with word {standing + 1}."


def show_plan(console: Console, plan: Plan, *, is_rehearsal: bool) -> None:
    """What will happen, before anything does.

    A ceremony does not show the plan's digest: it is asked for next, and comes from paper.
    """
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    rows = [
        ("purpose", plan.purpose),
        ("place", plan.place),
        *((person.role, person.name) for person in plan.people),
        ("custodians", f"{', '.join(plan.custodians)}; any {plan.threshold} of them open the root"),
        *([("plan SHA-256", grouped(plan.sha256))] if is_rehearsal else []),
        *((f"act {number}", _told(act)) for number, act in enumerate(plan.acts, start=1)),
    ]
    for label, text in rows:
        table.add_row(label, Text(text))
    kind = "Rehearsal" if is_rehearsal else "Key ceremony"
    console.print(Panel(table, title=f"{kind}: {plan.ceremony}", title_align="left", width=WIDTH))


def warn_of_connections(console: Console, interfaces: Path = Path("/sys/class/net")) -> None:
    """Say which network interfaces are up: a ceremony's machine is connected to nothing."""
    for state in sorted(interfaces.glob("*/operstate")):
        if state.parent.name != "lo" and state.read_text(encoding="ascii").strip() == "up":
            line = f"  ! This machine is connected: {state.parent.name} is up. A ceremony is held offline."
            console.print(Text(line, style="bold yellow"))


def show_end(console: Console, transcript: Transcript, out: Path, sheets: Path | None) -> None:
    """What everybody writes down, and where things go now."""
    lines = Text.assemble(
        "Transcript, SHA-256:\n",
        (f"    {grouped(transcript.sha256)[:35]}\n    {grouped(transcript.sha256)[36:]}\n", "bold"),
        "Everybody reads it aloud, writes it down and signs: ",
        (f"{out}/signatures.txt", "cyan"),
        "\n\nThe folder bundle/ goes to the service, which takes it in with\n",
        ("    wathiqa ca import BUNDLE --directory … --root-sha256 …\n", "cyan"),
        "root.key.pem and custody.json go into the safe, on two media, with a copy of everything else.",
    )
    if sheets is not None:
        lines.append(f"\nThe sheets in {sheets} are on paper now: destroy the files.")
    console.print()
    console.print(Panel(lines, title="The ceremony is complete", title_align="left", width=WIDTH))


def grouped(digest: str) -> str:
    """A digest as it is read aloud: eight digits at a time."""
    return " ".join(digest[start : start + 8] for start in range(0, len(digest), 8))


def _told(act: Act) -> str:
    match act:
        case CreateRoot():
            return f"create-root, for {act.valid_days} days"
        case Certify():
            return f"certify {act.name} as “{act.subject.common_name}”, for {act.valid_days} days"
        case Revoke():
            return f"revoke {act.name}, serial number {serial_text(act.serial_number)}: {act.reason.value}"
        case IssueCrl():
            return f"issue-crl, number {act.number}, for {act.valid_days} days"
