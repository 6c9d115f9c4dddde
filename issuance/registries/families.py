"""Whose family somebody stands in, and who belongs to it.

A man who ever married heads his own family. A woman stands in her husband's, also
as his widow, until a complete divorce returns her to her father's; the unmarried
stand in their father's. The extract lists the head, also when he is dead, his living
wives whose last marriage this is, and his living children, wherever these live.
"""

from sqlalchemy import Connection, RowMapping, Select, select

from issuance.registries.persons import (
    JsonObject,
    load_persons,
    marital_statuses,
    person_of,
    registration_of,
)
from issuance.registries.tables import deaths, divorces, marriages, persons


def family_of(register: Connection, subject: str) -> tuple[JsonObject, str] | None:
    """The family extract's data and its reference; None where the register has no head for this person."""
    head = _head_of(register, subject)
    if head is None:
        return None
    wives = _wives_of(register, head)
    children = list(register.execute(_living_children_of(head)).scalars())
    people = load_persons(register, [head, *wives, *children])
    statuses = marital_statuses(register, children)
    data: JsonObject = {
        "registration": registration_of(people[head]),
        "head": person_of(people[head]),
        "spouses": [{**person_of(people[wife]), "marriage_date": day} for wife, day in wives.items()],
        "children": [{**person_of(people[one]), "marital_status": statuses[one].value} for one in children],
    }
    return data, f"families/{head}"


def _head_of(register: Connection, subject: str) -> str | None:
    person = _persons_row(register, subject)
    last = _last_marriage(register, subject, person["sex"])
    if person["sex"] == "male" and last is not None:
        return subject
    if last is not None and not last["dissolved"]:
        return str(last["husband"])
    return None if person["father"] is None else str(person["father"])


def _persons_row(register: Connection, subject: str) -> RowMapping:
    query = select(persons.c.sex, persons.c.father).where(persons.c.national_number == subject)
    return register.execute(query).mappings().one()


def _last_marriage(register: Connection, person: str, sex: str) -> RowMapping | None:
    party = marriages.c.husband if sex == "male" else marriages.c.wife
    query = _marriages().where(party == person).order_by(marriages.c.date.desc())
    return register.execute(query).mappings().first()


def _marriages() -> Select[tuple[object, ...]]:
    complete = divorces.c.registration_number.is_not(None) & divorces.c.missing.is_(None)
    return select(marriages, complete.label("dissolved")).outerjoin(
        divorces, divorces.c.marriage == marriages.c.registration_number
    )


def _wives_of(register: Connection, head: str) -> dict[str, str]:
    """Living wives whose last marriage is with this head, each with its date, in that order."""
    later = marriages.alias("later")
    query = (
        _marriages()
        .outerjoin(deaths, deaths.c.person == marriages.c.wife)
        .where(marriages.c.husband == head, deaths.c.person.is_(None))
        .where(
            ~select(later.c.wife)
            .where(later.c.wife == marriages.c.wife, later.c.date > marriages.c.date)
            .exists()
        )
        .order_by(marriages.c.date)
    )
    rows = register.execute(query).mappings()
    return {str(row["wife"]): str(row["date"]) for row in rows if not row["dissolved"]}


def _living_children_of(head: str) -> Select[str]:
    return (
        select(persons.c.national_number)
        .outerjoin(deaths, deaths.c.person == persons.c.national_number)
        .where(persons.c.father == head, deaths.c.person.is_(None))
        .order_by(persons.c.birth_date, persons.c.national_number)
    )
