"""A people: founding couples, their children and grandchildren, until there are enough.

The founders were born between 1928 and 1956 and stand in the register without their
parents. Each round of founders is followed through every generation before the next
begins, so kin are complete.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from itertools import count

from issuance.registries.synthesis.dice import Dice
from issuance.registries.synthesis.lives import REFERENCE, YEAR, Entry, Life, Sex, Town, Union, lifespan
from issuance.registries.synthesis.marriages import first_marriages, further_marriages
from issuance.registries.synthesis.names import FAMILIES, FEMALE, MALE, Name
from issuance.registries.synthesis.places import GOVERNORATES, QUARTERS

_FIRST_FOUNDER, _LAST_FOUNDER = date(1928, 4, 1).toordinal(), date(1956, 3, 31).toordinal()
_PERSONS_PER_COUPLE = 11.5  # measured; only a first guess of how many couples to begin with
_FEWEST_COUPLES = 8
_OLDEST_MOTHER, _OLDEST_FATHER = 45, 50
_TWINS = 0.012
_NAMED_AFTER_GRANDFATHER = 0.3
_TIMES_RECORDED_SINCE = date(1990, 1, 1).toordinal()
_TIMES_RECORDED = 0.4
# How many children a couple wishes for, by the year of its marriage.
_WISHES = ((1975, 3, 8), (1995, 2, 7), (2010, 1, 6), (9999, 1, 4))

# An odd multiplier that is no multiple of five visits every seven-digit serial once.
_SERIALS, _SERIAL_STEP, _SERIAL_START = 10**7, 7_654_321, 1_234_567


class Population:
    """Everybody invented so far; `grow` adds until there are enough."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self.lives: list[Life] = []
        self.unions: list[Union] = []
        self.entries: list[Entry] = []
        self.towns = _towns()
        self._issued = count(1)
        self._numbers: Counter[tuple[int, Name]] = Counter()

    def grow(self, persons: int, progress: Callable[[int], None]) -> None:
        """Add rounds of founders and all their descendants until there are at least `persons`."""
        while len(self.lives) < persons:
            couples = max(_FEWEST_COUPLES, int((persons - len(self.lives)) / _PERSONS_PER_COUPLE))
            generation = [self._founder(sex) for _ in range(couples) for sex in _COUPLE]
            while generation:
                self.lives += generation
                progress(len(self.lives))
                unions = first_marriages(self._dice, generation)
                unions += further_marriages(self._dice, generation)
                self.unions += unions
                generation = self._children(unions)

    def _founder(self, sex: Sex) -> Life:
        dice = self._dice
        governorate = dice.weighted(range(len(GOVERNORATES)), [g.weight for g in GOVERNORATES])
        home = dice.pick([town for town in self.towns if town.governorate == governorate])
        mother = dice.pick(FEMALE), dice.pick(FAMILIES)
        born = dice.between(_FIRST_FOUNDER, _LAST_FOUNDER)
        return Life(
            national_number=self._national_number(home),
            sex=sex,
            given=dice.pick(MALE if sex == "male" else FEMALE),
            family=dice.pick(FAMILIES),
            father_name=dice.pick(MALE),
            mother_name=(f"{mother[0][0]} {mother[1][0]}", f"{mother[0][1]} {mother[1][1]}"),
            born=born,
            # Whoever founds a family lived to do so.
            dies=max(born + lifespan(dice), born + int(35 * YEAR)),
            home=home,
            birth_place=home,
            birth_entry=self._entry(home),
        )

    def _entry(self, town: Town) -> Entry:
        quarter = self._dice.pick(QUARTERS)
        self._numbers[town.id, quarter] += self._dice.between(1, 4)
        number = self._numbers[town.id, quarter]
        entry = Entry(id=len(self.entries) + 1, town=town, quarter=quarter, number=number)
        self.entries.append(entry)
        return entry

    def _national_number(self, town: Town) -> str:
        serial = (next(self._issued) * _SERIAL_STEP + _SERIAL_START) % _SERIALS
        return f"99{town.id:02}{serial:07}"

    def _children(self, unions: Iterable[Union]) -> list[Life]:
        children = []
        for union in unions:
            for day, time in self._births(union):
                child = self._child(union, day, time)
                union.children.append(child)
                children.append(child)
        return children

    def _births(self, union: Union) -> list[tuple[int, str | None]]:
        """Days and times of the births of one marriage; twins share the day and have both times."""
        dice = self._dice
        last = min(
            REFERENCE,
            union.ends - 1,
            union.wife.aged(_OLDEST_MOTHER),
            union.husband.aged(_OLDEST_FATHER) - 2,
        )
        wished = dice.between(*_wish(union.married))
        births: list[tuple[int, str | None]] = []
        day = union.married + dice.between(270, 700)
        while day <= last and len(births) < wished:
            minute = dice.between(0, 24 * 60 - 60)
            if dice.chance(_TWINS):
                births += [(day, _clock(minute)), (day, _clock(minute + dice.between(4, 45)))]
            else:
                recorded = day >= _TIMES_RECORDED_SINCE and dice.chance(_TIMES_RECORDED)
                births.append((day, _clock(minute) if recorded else None))
            day += dice.between(420, 1500)
        return births

    def _child(self, union: Union, day: int, time: str | None) -> Life:
        dice, father, mother = self._dice, union.husband, union.wife
        sex: Sex = "male" if dice.chance(0.512) else "female"
        return Life(
            national_number=self._national_number(father.home),
            sex=sex,
            given=self._given_name(father, sex),
            family=father.family,
            father_name=father.given,
            mother_name=mother.full_name,
            born=day,
            dies=day + lifespan(dice),
            home=father.home,
            birth_place=father.home,
            birth_entry=father.birth_entry,
            father=father,
            mother=mother,
            birth_time=time,
        )

    def _given_name(self, father: Life, sex: Sex) -> Name:
        """A name no brother or sister has; a first son is often named after his grandfather."""
        taken = {child.given for union in father.unions for child in union.children}
        if sex == "male" and father.father_name not in taken and self._dice.chance(_NAMED_AFTER_GRANDFATHER):
            return father.father_name
        names = MALE if sex == "male" else FEMALE
        name = self._dice.pick(names)
        while name in taken:
            name = self._dice.pick(names)
        return name


_COUPLE: tuple[Sex, Sex] = ("male", "female")


def _towns() -> list[Town]:
    towns = ((index, name) for index, governorate in enumerate(GOVERNORATES) for name in governorate.towns)
    return [
        Town(id=number, governorate=index, name=name) for number, (index, name) in enumerate(towns, start=1)
    ]


def _wish(married: int) -> tuple[int, int]:
    year = int(married / YEAR)
    return next((fewest, most) for until, fewest, most in _WISHES if year < until)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
