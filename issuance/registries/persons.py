"""Reads people from the civil register, and writes them as records show them.

Every question about several people is one query: a family of ten costs what one
person costs.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, TypeAlias

from sqlalchemy import Connection, RowMapping, select

from issuance.registries.tables import deaths, divorces, entries, marriages, offices, persons, places
from signing.formats.canonical_json import JsonValue

JsonObject: TypeAlias = dict[str, JsonValue]


class MaritalStatus(StrEnum):
    """Derived from marriages, complete divorces and deaths; for the dead, as it was at their death."""

    SINGLE = "single"
    MARRIED = "married"
    DIVORCED = "divorced"
    WIDOWED = "widowed"


_birth_places = places.alias("birth_places")
_NAMES = ("given_name", "family_name", "father_name", "mother_name")
_PERSONS = (
    select(
        persons,
        _birth_places.c.name_ar.label("birth_place_ar"),
        _birth_places.c.name_en.label("birth_place_en"),
        entries.c.place_ar.label("registry_place_ar"),
        entries.c.place_en.label("registry_place_en"),
        entries.c.number.label("registry_number"),
        offices.c.governorate.label("governorate"),
        offices.c.name_ar.label("office_ar"),
        offices.c.name_en.label("office_en"),
        deaths.c.date.label("death_date"),
    )
    .join(_birth_places, _birth_places.c.id == persons.c.birth_place)
    .join(entries, entries.c.id == persons.c.entry)
    .join(offices, offices.c.id == entries.c.office)
    .outerjoin(deaths, deaths.c.person == persons.c.national_number)
)


def load_persons(register: Connection, national_numbers: Iterable[str]) -> dict[str, RowMapping]:
    """The people with these national numbers, without those the register does not know."""
    query = _PERSONS.where(persons.c.national_number.in_(list(national_numbers)))
    return {row["national_number"]: row for row in register.execute(query).mappings()}


def load_person(register: Connection, national_number: str) -> RowMapping | None:
    """One person, or None where the register does not know them."""
    return load_persons(register, [national_number]).get(national_number)


def text_of(row: RowMapping, name: str) -> JsonObject:
    """The Arabic and English columns called `name` as one value."""
    return {"ar": row[f"{name}_ar"], "en": row[f"{name}_en"]}


def registration_of(row: RowMapping) -> JsonObject:
    """Where a person is registered (docs/formats/record.md, `registration`)."""
    return {
        "governorate": row["governorate"],
        "civil_registry_office": text_of(row, "office"),
        "registry_place": text_of(row, "registry_place"),
        "registry_number": row["registry_number"],
    }


def person_of(row: RowMapping) -> JsonObject:
    """A person (docs/formats/record.md, `person`)."""
    person: JsonObject = {
        "national_number": row["national_number"],
        **{name: text_of(row, name) for name in _NAMES},
        "sex": row["sex"],
        "birth_date": row["birth_date"],
        "birth_place": text_of(row, "birth_place"),
        "nationality": "SY",
        "registration": registration_of(row),
    }
    if row["death_date"] is not None:
        person["death_date"] = row["death_date"]
    return person


def marital_statuses(register: Connection, national_numbers: Iterable[str]) -> dict[str, MaritalStatus]:
    """The marital status of each of these people."""
    numbers = list(national_numbers)
    own_death, other_death = deaths.alias("own_death"), deaths.alias("other_death")
    statuses = dict.fromkeys(numbers, MaritalStatus.SINGLE)
    latest: dict[str, str] = {}
    for own, other in ((marriages.c.husband, marriages.c.wife), (marriages.c.wife, marriages.c.husband)):
        query = (
            select(
                own.label("person"),
                divorces.c.date.label("divorced"),
                divorces.c.missing.label("missing"),
                own_death.c.date.label("died"),
                other_death.c.date.label("other_died"),
            )
            .outerjoin(divorces, divorces.c.marriage == marriages.c.registration_number)
            .outerjoin(own_death, own_death.c.person == own)
            .outerjoin(other_death, other_death.c.person == other)
            .where(own.in_(numbers))
        )
        for row in register.execute(query).mappings():
            status, since = _status_after(row)
            if since >= latest.get(row["person"], ""):
                statuses[row["person"]], latest[row["person"]] = status, since
    return statuses


_IN_FORCE = "9999"  # sorts after every date


def _status_after(row: RowMapping | dict[str, Any]) -> tuple[MaritalStatus, str]:
    """What one marriage makes of a person, and since when; one in force outweighs any that ended."""
    if row["divorced"] is not None and row["missing"] is None:
        return MaritalStatus.DIVORCED, row["divorced"]
    if row["other_died"] is not None and row["other_died"] <= (row["died"] or _IN_FORCE):
        return MaritalStatus.WIDOWED, row["other_died"]
    return MaritalStatus.MARRIED, _IN_FORCE
