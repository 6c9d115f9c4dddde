"""The people of a ceremony, as the program meets them: they are handed sheets and type them in.

`Room` is what a terminal implements (`issuance/cli/ceremony_room.py`); here stands the one
without people, for rehearsals and for installations that one machine sets up alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ca.ceremony.shares import Sheet
from ca.ceremony.transcript import Step

Check = Callable[[str], Sheet]
"""Reads what somebody typed; raises `SheetRefused` where it is not acceptable."""


class Room(Protocol):
    """Who is there."""

    def told(self, step: Step) -> None:
        """Something was done."""
        ...

    def hand_out(self, custodian: str, sheet: Sheet, *, count: int, check: Check) -> None:
        """Give a custodian their sheet, and have it typed back until `check` passes."""
        ...

    def collect(self, custodians: Sequence[str], *, check: Check) -> Sheet:
        """Have one of these custodians type in their sheet until `check` passes."""
        ...


@dataclass(slots=True)
class EmptyRoom:
    """Nobody: sheets are kept in memory and typed back by the program itself."""

    sheets: list[Sheet] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    _given: int = 0

    def told(self, step: Step) -> None:
        """Remember it."""
        self.steps.append(step)

    def hand_out(self, custodian: str, sheet: Sheet, *, count: int, check: Check) -> None:
        """Keep the sheet."""
        del custodian, count
        self.sheets.append(check(" ".join(sheet.words)))

    def collect(self, custodians: Sequence[str], *, check: Check) -> Sheet:
        """The next sheet that is kept."""
        del custodians
        sheet = self.sheets[self._given % len(self.sheets)]
        self._given += 1
        return check(" ".join(sheet.words))
