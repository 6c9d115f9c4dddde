"""Turns the invented people into rows of the register's tables.

Events are numbered as they are registered: one digit for the kind, four for the
year, five for the place in that year's book.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TypeAlias, TypeVar

from issuance.registries.synthesis.dice import Dice
from issuance.registries.synthesis.lives import REFERENCE, Entry, Life, Town, Union
from issuance.registries.synthesis.names import Name
from issuance.registries.synthesis.places import GOVERNORATES

Item = TypeVar("Item")
Row: TypeAlias = dict[str, str | int | None]

BIRTH, MARRIAGE, DIVORCE, DEATH = "1234"

DIVORCE_TYPES: tuple[Name, ...] = (
    ("مخالعة رضائية", "Divorce by mutual consent"),
    ("تفريق قضائي", "Judicial separation"),
    ("طلاق رجعي", "Revocable divorce"),
    ("طلاق بائن", "Irrevocable divorce"),
)
CAUSES: tuple[Name, ...] = (
    ("وفاة طبيعية", "Natural causes"),
    ("مرض", "Illness"),
    ("حادث", "Accident"),
)
_CAUSE_STATED = 0.4
_TIME_STATED = 0.5


def day_text(ordinal: int) -> str:
    """ISO 8601."""
    return date.fromordinal(ordinal).isoformat()


def governorate_rows() -> list[Row]:
    """The fourteen governorates."""
    return [{"code": g.code, **_pair("name", g.name)} for g in GOVERNORATES]


def place_rows(towns: Iterable[Town]) -> list[Row]:
    """Each town as a place of events."""
    return [{"id": t.id, "governorate": _code(t), **_pair("name", t.name)} for t in towns]


def office_rows(towns: Iterable[Town]) -> list[Row]:
    """The civil registry office of each town."""
    return [
        {
            "id": town.id,
            "governorate": _code(town),
            "name_ar": f"أمانة السجل المدني في {town.name[0]}",
            "name_en": f"Civil Registry Office of {town.name[1]}",
        }
        for town in towns
    ]


def entry_rows(entries: Iterable[Entry]) -> list[Row]:
    """Each family's entry."""
    return [
        {
            "id": entry.id,
            "office": entry.town.id,
            "place_ar": f"{entry.town.name[0]} – {entry.quarter[0]}",
            "place_en": f"{entry.town.name[1]} – {entry.quarter[1]}",
            "number": str(entry.number),
        }
        for entry in entries
    ]


def person_rows(lives: Iterable[Life]) -> list[Row]:
    """Each person, parents before children."""
    return [
        {
            "national_number": life.national_number,
            **_pair("given_name", life.given),
            **_pair("family_name", life.family),
            **_pair("father_name", life.father_name),
            **_pair("mother_name", life.mother_name),
            "father": life.father.national_number if life.father else None,
            "mother": life.mother.national_number if life.mother else None,
            "sex": life.sex,
            "birth_date": day_text(life.born),
            "birth_place": life.birth_place.id,
            "entry": life.entry.id,
        }
        for life in lives
    ]


def birth_rows(dice: Dice, lives: Iterable[Life]) -> list[Row]:
    """The births of all whose parents are in the register."""
    dated = [(_soon(life.born, dice.between(1, 30)), life) for life in lives if life.father]
    return [
        {
            "registration_number": number,
            "child": life.national_number,
            "registered_on": day_text(day),
            "time": life.birth_time,
        }
        for number, day, life in _numbered(BIRTH, dated)
    ]


def death_rows(dice: Dice, lives: Iterable[Life]) -> list[Row]:
    """The deaths up to the reference date."""
    dated = [(_soon(life.dies, dice.between(0, 20)), life) for life in lives if life.dies <= REFERENCE]
    rows: list[Row] = []
    for number, day, life in _numbered(DEATH, dated):
        minute = dice.between(0, 24 * 60 - 1)
        cause = dice.pick(CAUSES) if dice.chance(_CAUSE_STATED) else (None, None)
        rows.append(
            {
                "registration_number": number,
                "person": life.national_number,
                "registered_on": day_text(day),
                "date": day_text(life.dies),
                "time": f"{minute // 60:02}:{minute % 60:02}" if dice.chance(_TIME_STATED) else None,
                "place": life.home.id,
                "cause_ar": cause[0],
                "cause_en": cause[1],
            }
        )
    return rows


def union_rows(dice: Dice, unions: Sequence[Union]) -> tuple[list[Row], list[Row]]:
    """Marriages and the divorces that ended or are to end them."""
    marriages: list[Row] = []
    numbers: dict[int, str] = {}
    dated = [(_soon(union.married, dice.between(5, 40)), union) for union in unions]
    for number, day, union in _numbered(MARRIAGE, dated):
        numbers[id(union)] = number
        event = _court_event(dice, number, day, union.married, union.husband.birth_place)
        parties = {"husband": union.husband.national_number, "wife": union.wife.national_number}
        marriages.append({**event, **parties})
    divorces: list[Row] = []
    ended = [(_soon(u.divorced, dice.between(5, 40)), u) for u in unions if u.divorced is not None]
    for number, day, union in _numbered(DIVORCE, ended):
        event = _court_event(dice, number, day, union.divorced or day, union.husband.home)
        how = _pair("type", dice.pick(DIVORCE_TYPES))
        divorces.append({**event, **how, "marriage": numbers[id(union)], "missing": union.missing})
    return marriages, divorces


def _court_event(dice: Dice, number: str, registered: int, day: int, town: Town) -> Row:
    """What marriages and divorces share; the court's paper is dated between event and registration."""
    return {
        "registration_number": number,
        "registered_on": day_text(registered),
        "date": day_text(day),
        "place": town.id,
        # One court for everybody: the kind of court would tell a person's religion.
        "authority_ar": f"محكمة الأحوال الشخصية في {town.name[0]}",
        "authority_en": f"Personal Status Court of {town.name[1]}",
        "document_number": str(dice.between(1, 9999)),
        "document_date": day_text(dice.between(day, min(registered, day + 5))),
    }


def _numbered(kind: str, dated: Iterable[tuple[int, Item]]) -> Iterator[tuple[str, int, Item]]:
    """Each with its registration number, in the order of registration."""
    books: Counter[int] = Counter()
    for day, item in sorted(dated, key=lambda pair: pair[0]):
        year = date.fromordinal(day).year
        books[year] += 1
        yield f"{kind}{year}{books[year]:05}", day, item


def _soon(day: int, after: int) -> int:
    return min(day + after, REFERENCE)


def _pair(name: str, value: Name) -> Row:
    return {f"{name}_ar": value[0], f"{name}_en": value[1]}


def _code(town: Town) -> str:
    return GOVERNORATES[town.governorate].code
