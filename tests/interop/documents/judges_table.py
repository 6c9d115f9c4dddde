"""The table of judges: who, which version, asked what, said what of how many."""

import os
import re
import subprocess
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path

from .judges_java import pinned_version

# Set to write what was said into docs/interop.md: WATHIQA_WRITE_VERDICTS=1 make interop
WRITE = "WATHIQA_WRITE_VERDICTS"
BEGIN, END = "<!-- verdicts: begin -->", "<!-- verdicts: end -->"
LIBRARIES = {
    "page-validation": "page-validation",
    "zxing-cpp": "zxing-cpp",
    "zbar": "pyzbar",
    "pyHanko": "pyhanko",
}
JAVA = {"EU DSS": "dss", "veraPDF": "verapdf"}
TOOLS = {
    "certtool": ("certtool", "--version"),
    "mutool": ("mutool", "-v"),
    "ocsptool": ("ocsptool", "--version"),
    "openssl": ("openssl", "version"),
    "pdfdetach": ("pdfdetach", "-v"),
    "pdfsig": ("pdfsig", "-v"),
    "qpdf": ("qpdf", "--version"),
}


@dataclass(slots=True)
class Table:
    """Collects answers while the judges work."""

    _answers: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def say(self, judge: str, asked: str, said: str) -> None:
        """`judge` begins with the tool's name; `asked` is what it was asked about."""
        self._answers[judge, asked].append(said)

    def rows(self) -> list[tuple[str, str, str, str]]:
        ordered = sorted(self._answers.items(), key=lambda item: (item[0][0].lower(), item[0][1]))
        return [(judge, _version(judge), asked, _counted(said)) for (judge, asked), said in ordered]

    def lines(self) -> list[str]:
        """For the terminal, columns aligned."""
        rows = self.rows()
        widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
        return ["  ".join([*(row[at].ljust(widths[at]) for at in range(3)), row[3]]) for row in rows]

    def markdown(self) -> str:
        head = "| Judge | Version | Asked about | Said |\n|---|---|---|---|\n"
        return head + "".join(f"| {' | '.join(row)} |\n" for row in self.rows())


def write_table(table: Table, documentation: Path) -> None:
    """Replace the table in the documentation, where that was asked for."""
    if not os.environ.get(WRITE):
        return
    text = documentation.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    documentation.write_text(f"{before}{BEGIN}\n{table.markdown()}{END}{after}", encoding="utf-8")


@cache
def _version(judge: str) -> str:
    if judge in LIBRARIES:
        return version(LIBRARIES[judge])
    if judge in JAVA:
        return pinned_version(JAVA[judge])
    command = TOOLS.get(judge.partition(" ")[0])
    if command is None:
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return found[0] if found else ""


def _counted(said: list[str]) -> str:
    counts = Counter(said)
    return "; ".join(f"{text} ({count} of {len(said)})" for text, count in counts.items())
