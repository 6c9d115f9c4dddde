"""Invented people and their marriages while the register is being made.

Days are proleptic ordinals (`date.toordinal`). How long somebody lives is decided
at birth, so that nothing is ever made to happen after it.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

from issuance.registries.synthesis.dice import Dice
from issuance.registries.synthesis.names import Name

REFERENCE_DATE = date(2026, 6, 30)  # nothing in the register is later
REFERENCE = REFERENCE_DATE.toordinal()
YEAR = 365.25

Sex: TypeAlias = Literal["male", "female"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """A town with its civil registry office; both have the same id."""

    id: int
    governorate: int  # index into `places.GOVERNORATES`
    name: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A family's entry in the register: office, place (الخانة) and number."""

    id: int
    town: Town
    quarter: Name
    number: int


@dataclass(slots=True, kw_only=True, eq=False)
class Life:
    """One person."""

    national_number: str
    sex: Sex
    given: Name
    family: Name
    father_name: Name
    mother_name: Name
    born: int
    dies: int  # may lie beyond the reference date: still alive
    home: Town
    birth_place: Town
    birth_entry: Entry  # the father's family's
    father: "Life | None" = None
    mother: "Life | None" = None
    birth_time: str | None = None
    unions: "list[Union]" = field(default_factory=list)

    def aged(self, years: float) -> int:
        """The day on which this person has lived so many years, rounded up to be safely past the birthday."""
        return self.born + int(years * YEAR) + 1

    def alive_on(self, day: int) -> bool:
        """Whether this person is born and still lives the day after."""
        return self.born <= day < self.dies

    @property
    def full_name(self) -> Name:
        """Given and family name: how a mother is named in her child's entry."""
        return f"{self.given[0]} {self.family[0]}", f"{self.given[1]} {self.family[1]}"

    @property
    def entry(self) -> Entry:
        """Where this person is registered now: a wife or widow with her husband, else with the father."""
        if self.sex == "female" and self.unions and not self.unions[-1].dissolved:
            return self.unions[-1].husband.birth_entry
        return self.birth_entry


@dataclass(slots=True, kw_only=True, eq=False)
class Union:
    """One marriage."""

    husband: Life
    wife: Life
    married: int
    divorced: int | None = None
    missing: str | None = None  # what the divorce still awaits
    children: list[Life] = field(default_factory=list)

    @property
    def dissolved(self) -> bool:
        """Whether a complete divorce ended it."""
        return self.divorced is not None and self.missing is None

    @property
    def ends(self) -> int:
        """The day it ends by divorce (complete or not) or death; may lie beyond the reference date."""
        ends = min(self.husband.dies, self.wife.dies)
        return ends if self.divorced is None else min(ends, self.divorced)


def lifespan(dice: Dice) -> int:
    """Days somebody will live: few die as children, some young, most old."""
    fate = dice.between(1, 1000)
    if fate <= 20:  # noqa: PLR2004  (per mille, read as a table)
        return dice.between(1, 5 * 365)
    if fate <= 90:  # noqa: PLR2004
        return dice.between(int(16 * YEAR), int(58 * YEAR))
    return dice.around(int(58 * YEAR), int(97 * YEAR))
