"""Who marries whom, when, and how it ends, for one generation at a time.

Everybody marries at eighteen or later, within their generation and never a sibling.
A woman has one marriage at a time; very few men have two.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from issuance.registries.synthesis.dice import Dice
from issuance.registries.synthesis.lives import REFERENCE, YEAR, Life, Union
from issuance.registries.synthesis.places import GOVERNORATES

MARRYING_AGE = 18
_OLDEST_GROOM, _OLDEST_BRIDE = 48, 40
_CANDIDATES = 12
_ATTEMPTS = 10
_MEN_WHO_MARRY, _MEN_WITH_TWO_WIVES, _REMARRIAGES = 0.93, 0.012, 0.5
_MIGRANTS = 0.12
_DIVORCES = 0.09
# Divorces begun since then are where an office still waits for a paper.
_RECENT = date(2021, 1, 1).toordinal()
_UNFINISHED = 0.5
AWAITED = ("judgment", "office")


def first_marriages(dice: Dice, generation: Iterable[Life]) -> list[Union]:
    """Marry most of a generation, mostly within the governorate."""
    women: dict[int, list[Life]] = defaultdict(list)
    men: list[Life] = []
    for life in sorted(generation, key=lambda life: (life.born, life.national_number)):
        if life.sex == "male":
            men.append(life)
        else:
            women[_pool(dice, life)].append(life)
    unions = []
    for man in men:
        if dice.chance(_MEN_WHO_MARRY):
            union = _first_marriage(dice, man, women[_pool(dice, man)])
            if union:
                unions.append(union)
    return unions


def further_marriages(dice: Dice, generation: Iterable[Life]) -> list[Union]:
    """Some of the widowed and divorced marry again, and a few men take a second wife."""
    people = list(generation)
    women: dict[int, list[Life]] = defaultdict(list)
    for life in people:
        if life.sex == "female":
            women[life.home.governorate].append(life)
    unions = []
    for man in people:
        if man.sex == "male" and man.unions and women[man.home.governorate]:
            union = _further_marriage(dice, man, women[man.home.governorate])
            if union:
                unions.append(union)
    return unions


def _pool(dice: Dice, life: Life) -> int:
    return dice.between(0, len(GOVERNORATES) - 1) if dice.chance(_MIGRANTS) else life.home.governorate


def _first_marriage(dice: Dice, man: Life, women: list[Life]) -> Union | None:
    """With a woman of the pool at most a year older and nine years younger; she leaves the pool."""
    start = bisect_left(women, man.born - int(YEAR), key=lambda woman: woman.born)
    near = [
        index
        for index in range(start, min(start + _CANDIDATES, len(women)))
        if women[index].born <= man.born + int(9 * YEAR) and not _siblings(man, women[index])
    ]
    if not near:
        return None
    index = dice.pick(near)
    bride = women[index]
    day = max(man.aged(dice.around(20, 33)), bride.aged(MARRYING_AGE)) + dice.between(0, 900)
    if not _can_marry(man, bride, day):
        return None
    del women[index]
    return _marry(dice, man, bride, day)


def _further_marriage(dice: Dice, man: Life, women: list[Life]) -> Union | None:
    last = man.unions[-1]
    if last.ends <= REFERENCE and last.missing is None:
        if not dice.chance(_REMARRIAGES):
            return None
        free = last.ends + 200
    elif dice.chance(_MEN_WITH_TWO_WIVES):
        free = last.married + int(5 * YEAR)
    else:
        return None
    for _ in range(_ATTEMPTS):
        bride = dice.pick(women)
        available = _available(bride)
        if available is None or _siblings(man, bride) or any(u.wife is bride for u in man.unions):
            continue
        day = max(free, available) + dice.between(30, 900)
        if _can_marry(man, bride, day):
            return _marry(dice, man, bride, day)
    return None


def _available(woman: Life) -> int | None:
    """The first day on which she can marry; None while she is married."""
    if not woman.unions:
        return woman.aged(MARRYING_AGE)
    last = woman.unions[-1]
    ended = last.ends <= REFERENCE and last.missing is None
    # The waiting period (عدة) is about four months.
    return last.ends + 130 if ended else None


def _siblings(one: Life, other: Life) -> bool:
    same_father = one.father is not None and one.father is other.father
    return same_father or (one.mother is not None and one.mother is other.mother)


def _can_marry(man: Life, woman: Life, day: int) -> bool:
    young_enough = day < man.aged(_OLDEST_GROOM) and day < woman.aged(_OLDEST_BRIDE)
    return young_enough and day < REFERENCE and man.alive_on(day) and woman.alive_on(day)


def _marry(dice: Dice, man: Life, woman: Life, day: int) -> Union:
    union = Union(husband=man, wife=woman, married=day)
    if dice.chance(_DIVORCES):
        _divorce(dice, union, day + dice.between(200, int(14 * YEAR)))
    man.unions.append(union)
    woman.unions.append(union)
    woman.home = man.home
    return union


def _divorce(dice: Dice, union: Union, day: int) -> None:
    if day < min(REFERENCE, union.ends):
        union.divorced = day
        if day >= _RECENT and dice.chance(_UNFINISHED):
            union.missing = dice.pick(AWAITED)
