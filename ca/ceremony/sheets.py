"""A custodian's sheet of paper, as text to be printed; and a room that writes sheets into a folder."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ca.ceremony.errors import SheetRefused
from ca.ceremony.room import Check
from ca.ceremony.shares import Sheet
from ca.ceremony.transcript import Step

COLUMNS = 3
_NUMBERED = re.compile(r"\b([0-9]{1,2})\. ([a-z]+)")


def sheet_text(custodian: str, sheet: Sheet, *, count: int, ceremony: str) -> str:
    """The sheet, on one page."""
    rows = -(-len(sheet.words) // COLUMNS)
    numbered = [f"{place:2}. {word:<10}" for place, word in enumerate(sheet.words, start=1)]
    lines = ["    ".join(numbered[row::rows]).rstrip() for row in range(rows)]
    return "\n".join(
        [
            f"WATHIQA, the root's key: sheet {sheet.number} of {count}",
            f"وثيقة، المفتاح الجذر: الورقة {sheet.number} من {count}",
            "",
            f"Custodian   {custodian}",
            f"Ceremony    {ceremony}",
            f"Set         {sheet.share_set}",
            "",
            *lines,
            "",
            f"Any {sheet.threshold} of these {count} sheets together open the root's key; fewer do not.",
            "Keep it where nobody else reads it, and away from the other sheets. Copy it nowhere.",
            f"تفتح أي {sheet.threshold} من هذه الأوراق معاً المفتاح الجذر، وما دونها لا يفتحه.",
            "احفظها حيث لا يقرؤها غيرك، بعيداً عن سواها، ولا تنسخها.",
            "",
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetFolder:
    """Nobody is there: each sheet becomes a file of its own, and is read back from it."""

    folder: Path
    ceremony: str

    def told(self, step: Step) -> None:
        """Nobody to tell."""

    def hand_out(self, custodian: str, sheet: Sheet, *, count: int, check: Check) -> None:
        """Write the sheet, and read the words back."""
        path = write_sheet(self.folder, custodian, sheet, count=count, ceremony=self.ceremony)
        check(words_of(path.read_text(encoding="utf-8")))

    def collect(self, custodians: Sequence[str], *, check: Check) -> Sheet:
        """The first sheet in the folder that is acceptable.

        Raises:
            SheetRefused: none is.
        """
        del custodians
        return check_any(self.folder, check)


def write_sheet(folder: Path, custodian: str, sheet: Sheet, *, count: int, ceremony: str) -> Path:
    """Write a sheet into a file that only its owner reads.

    Raises:
        FileExistsError: a sheet of this number is there.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"sheet-{sheet.number}-of-{count}.txt"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(sheet_text(custodian, sheet, count=count, ceremony=ceremony))
        file.flush()
        os.fsync(file.fileno())
    return path


def words_of(text: str) -> str:
    """The words of a sheet's text, in the order of their numbers."""
    found = sorted((int(place), word) for place, word in _NUMBERED.findall(text))
    return " ".join(word for _, word in found)


def check_any(folder: Path, check: Check) -> Sheet:
    """The first sheet in a folder that `check` passes.

    Raises:
        SheetRefused: none does.
    """
    refused = SheetRefused(rule=f"there is none in {folder}")
    for path in sorted(folder.glob("sheet-*.txt")):
        try:
            return check(words_of(path.read_text(encoding="utf-8")))
        except SheetRefused as error:
            refused = error
    raise refused
