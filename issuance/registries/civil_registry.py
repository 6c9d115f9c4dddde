"""The civil register's connector: extracts, births, marriages, divorces and deaths.

Answers at once (direct access). A divorce that still awaits a paper is `Incomplete`:
until it is complete the marriage stands, and no extract of it exists.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from sqlalchemy import Connection, Engine, RowMapping, Select, or_, select
from sqlalchemy.exc import DBAPIError

from issuance.catalogue.models import DocumentKind, Text
from issuance.clock import Clock
from issuance.registries import reasons
from issuance.registries.answers import Ambiguous, Answer, Candidate, Incomplete, NotFound, Record
from issuance.registries.errors import NotServed, RegistryUnavailable
from issuance.registries.families import family_of
from issuance.registries.national_number import parse_national_number
from issuance.registries.persons import (
    JsonObject,
    load_person,
    load_persons,
    marital_statuses,
    person_of,
    text_of,
)
from issuance.registries.tables import births, deaths, divorces, marriages, persons, places

CIVIL_REGISTRY = "civil-registry"

Found: TypeAlias = tuple[JsonObject, str]
"""The record's data and its reference."""
_Ask: TypeAlias = Callable[[Connection, str, str | None], "Found | NotFound | Incomplete | Ambiguous"]


@contextmanager
def reading(register: Engine, registry: str) -> Iterator[Connection]:
    """A connection to the register; a database that does not answer is `RegistryUnavailable`."""
    try:
        with register.connect() as connection:
            yield connection
    except DBAPIError as error:
        raise RegistryUnavailable(registry) from error


class CivilRegistry:
    """Reads the civil register through a read-only engine (`tables.open_register`)."""

    registry = CIVIL_REGISTRY

    def __init__(self, register: Engine, *, clock: Clock) -> None:
        self._register = register
        self._clock = clock

    def lookup(self, service: DocumentKind, subject: str, *, event: str | None = None) -> Answer:
        """See `Connector.lookup`."""
        ask = _ASK.get(service)
        if ask is None:
            raise NotServed(self.registry, service)
        number = parse_national_number(subject)
        with reading(self._register, self.registry) as connection:
            answer = ask(connection, number, event)
        if not isinstance(answer, tuple):
            return answer
        data, reference = answer
        return Record(
            kind=service, data=data, registry=self.registry, reference=reference, as_of=self._clock()
        )


def _individual(register: Connection, subject: str, event: str | None) -> Found | NotFound:
    del event
    row = load_person(register, subject)
    if row is None:
        return NotFound(reason=reasons.PERSON_NOT_FOUND)
    status = marital_statuses(register, [subject])[subject]
    remarks: list[JsonObject] = []
    if row["death_date"] is not None:
        died = row["death_date"]
        verb = "توفيت" if row["sex"] == "female" else "توفي"
        remarks.append({"ar": f"{verb} بتاريخ {died}", "en": f"Died on {died}"})
    data: JsonObject = {"person": person_of(row), "marital_status": status.value, "remarks": [*remarks]}
    return data, f"persons/{subject}"


def _family(register: Connection, subject: str, event: str | None) -> Found | NotFound:
    del event
    if load_person(register, subject) is None:
        return NotFound(reason=reasons.PERSON_NOT_FOUND)
    family = family_of(register, subject)
    return NotFound(reason=reasons.FAMILY_NOT_FOUND) if family is None else family


def _birth(register: Connection, subject: str, event: str | None) -> Found | NotFound:
    row = _first(register, select(births).where(births.c.child == subject))
    if row is None or event not in {None, row["registration_number"]}:
        return _no_event(register, DocumentKind.BIRTH, subject)
    parents = _first(
        register, select(persons.c.father, persons.c.mother).where(persons.c.national_number == subject)
    )
    if parents is None or parents["father"] is None or parents["mother"] is None:
        return NotFound(reason=reasons.EVENT_NOT_FOUND[DocumentKind.BIRTH])
    people = load_persons(register, [subject, parents["father"], parents["mother"]])
    child = people[subject]
    remarks: list[JsonObject] = [{"ar": "توأم", "en": "Twin"}] if _is_twin(register, child) else []
    details: JsonObject = {
        "registration_number": row["registration_number"],
        "registered_on": row["registered_on"],
        "date": child["birth_date"],
        "place": text_of(child, "birth_place"),
        "remarks": [*remarks],
    }
    if row["time"] is not None:
        details["time"] = row["time"]
    data: JsonObject = {
        "child": person_of(child),
        "father": person_of(people[parents["father"]]),
        "mother": person_of(people[parents["mother"]]),
        "event": details,
    }
    return data, f"births/{row['registration_number']}"


def _is_twin(register: Connection, child: RowMapping) -> bool:
    query = select(persons.c.national_number).where(
        persons.c.mother == child["mother"],
        persons.c.birth_date == child["birth_date"],
        persons.c.national_number != child["national_number"],
    )
    return register.execute(query).first() is not None


_COURT_PLACES = places.alias("court_places")
_MARRIAGES = select(
    marriages, _COURT_PLACES.c.name_ar.label("place_ar"), _COURT_PLACES.c.name_en.label("place_en")
).join(_COURT_PLACES, _COURT_PLACES.c.id == marriages.c.place)
_DIVORCES = (
    select(
        divorces,
        marriages.c.husband,
        marriages.c.wife,
        marriages.c.date.label("marriage_date"),
        _COURT_PLACES.c.name_ar.label("place_ar"),
        _COURT_PLACES.c.name_en.label("place_en"),
    )
    .join(marriages, marriages.c.registration_number == divorces.c.marriage)
    .join(_COURT_PLACES, _COURT_PLACES.c.id == divorces.c.place)
)


def _marriage(register: Connection, subject: str, event: str | None) -> Found | NotFound | Ambiguous:
    row = _choose(register, DocumentKind.MARRIAGE, _MARRIAGES, subject, event)
    if not isinstance(row, RowMapping):
        return row
    return _couple(register, row, _court_event(row)), f"marriages/{row['registration_number']}"


def _divorce(
    register: Connection, subject: str, event: str | None
) -> Found | NotFound | Incomplete | Ambiguous:
    row = _choose(register, DocumentKind.DIVORCE, _DIVORCES, subject, event)
    if not isinstance(row, RowMapping):
        return row
    reference = f"divorces/{row['registration_number']}"
    if row["missing"] is not None:
        return Incomplete(reason=reasons.DIVORCE_AWAITS[row["missing"]], reference=reference)
    details = {**_court_event(row), "type": text_of(row, "type"), "marriage_date": row["marriage_date"]}
    return _couple(register, row, details), reference


def _choose(
    register: Connection,
    kind: DocumentKind,
    events: Select[tuple[object, ...]],
    subject: str,
    event: str | None,
) -> RowMapping | NotFound | Ambiguous:
    """The one event of `subject` that fits; which of several must be named."""
    party = or_(marriages.c.husband == subject, marriages.c.wife == subject)
    rows = register.execute(events.where(party)).mappings().all()
    fitting = [row for row in rows if event in {None, row["registration_number"]}]
    if not fitting:
        return _no_event(register, kind, subject)
    if len(fitting) == 1:
        return fitting[0]
    others = load_persons(register, {_other(row, subject) for row in fitting})
    ordered = sorted(fitting, key=lambda row: (row["date"], row["registration_number"]))
    return Ambiguous(candidates=tuple(_candidate(row, others[_other(row, subject)]) for row in ordered))


def _other(row: RowMapping, subject: str) -> str:
    return str(row["wife"] if row["husband"] == subject else row["husband"])


def _candidate(row: RowMapping, spouse: RowMapping) -> Candidate:
    summary = Text(
        ar=f"{row['date']} – {spouse['given_name_ar']} {spouse['family_name_ar']}",
        en=f"{row['date']} – {spouse['given_name_en']} {spouse['family_name_en']}",
    )
    return Candidate(event=row["registration_number"], date=row["date"], summary=summary)


def _couple(register: Connection, row: RowMapping, event: JsonObject) -> JsonObject:
    people = load_persons(register, [row["husband"], row["wife"]])
    husband, wife = person_of(people[row["husband"]]), person_of(people[row["wife"]])
    return {"husband": husband, "wife": wife, "event": event}


def _court_event(row: RowMapping) -> JsonObject:
    plain = ("registration_number", "registered_on", "date", "document_number", "document_date")
    return {
        **{name: row[name] for name in plain},
        "place": text_of(row, "place"),
        "authority": text_of(row, "authority"),
    }


def _death(register: Connection, subject: str, event: str | None) -> Found | NotFound:
    query = select(deaths, places.c.name_ar.label("place_ar"), places.c.name_en.label("place_en"))
    row = _first(
        register, query.join(places, places.c.id == deaths.c.place).where(deaths.c.person == subject)
    )
    if row is None or event not in {None, row["registration_number"]}:
        return _no_event(register, DocumentKind.DEATH, subject)
    details: JsonObject = {name: row[name] for name in ("registration_number", "registered_on", "date")}
    details["place"] = text_of(row, "place")
    if row["time"] is not None:
        details["time"] = row["time"]
    if row["cause_ar"] is not None:
        details["cause"] = text_of(row, "cause")
    person = person_of(load_persons(register, [subject])[subject])
    return {"person": person, "event": details}, f"deaths/{row['registration_number']}"


def _no_event(register: Connection, kind: DocumentKind, subject: str) -> NotFound:
    known = load_person(register, subject) is not None
    return NotFound(reason=reasons.EVENT_NOT_FOUND[kind] if known else reasons.PERSON_NOT_FOUND)


def _first(register: Connection, query: Select[tuple[object, ...]]) -> RowMapping | None:
    return register.execute(query).mappings().first()


_ASK: dict[DocumentKind, _Ask] = {
    DocumentKind.INDIVIDUAL_EXTRACT: _individual,
    DocumentKind.FAMILY_EXTRACT: _family,
    DocumentKind.BIRTH: _birth,
    DocumentKind.MARRIAGE: _marriage,
    DocumentKind.DIVORCE: _divorce,
    DocumentKind.DEATH: _death,
}
