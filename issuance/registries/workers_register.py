"""The workers' register's connector: the certificate of not being employed.

It certifies an absence, so silence is not enough: the person must be known to the
civil register and living, and must have no employment that has not ended. Who the
person is comes from the civil register; the workers' register knows only numbers.
"""

from datetime import datetime, timedelta, timezone

from sqlalchemy import Connection, Engine, select

from issuance.catalogue.models import DocumentKind
from issuance.clock import Clock
from issuance.registries import reasons
from issuance.registries.answers import Answer, Contradicted, NotFound, Record
from issuance.registries.civil_registry import reading
from issuance.registries.errors import NotServed
from issuance.registries.national_number import parse_national_number
from issuance.registries.persons import load_person, person_of
from issuance.registries.tables import employments

WORKERS_REGISTER = "workers-register"

# Syria keeps UTC+3 all year since October 2022; the register's day is the local one.
DAMASCUS = timezone(timedelta(hours=3))


class WorkersRegister:
    """Reads the workers' register through a read-only engine (`tables.open_register`)."""

    registry = WORKERS_REGISTER

    def __init__(self, register: Engine, *, clock: Clock) -> None:
        self._register = register
        self._clock = clock

    def lookup(self, service: DocumentKind, subject: str, *, event: str | None = None) -> Answer:
        """See `Connector.lookup`; employments are not vital events, so `event` has no meaning here."""
        del event
        if service is not DocumentKind.NON_EMPLOYMENT:
            raise NotServed(self.registry, service)
        number = parse_national_number(subject)
        with reading(self._register, self.registry) as connection:
            return _non_employment(connection, number, self._clock())


def _non_employment(register: Connection, subject: str, at: datetime) -> Answer:
    person = load_person(register, subject)
    if person is None:
        return NotFound(reason=reasons.PERSON_NOT_FOUND)
    if person["death_date"] is not None:
        return Contradicted(reason=reasons.PERSON_DECEASED, reference=f"persons/{subject}")
    present = select(employments.c.reference).where(
        employments.c.person == subject, employments.c.ended_on.is_(None)
    )
    employment = register.execute(present).scalar()
    if employment is not None:
        return Contradicted(reason=reasons.EMPLOYED, reference=f"employments/{employment}")
    today = at.astimezone(DAMASCUS).date().isoformat()
    return Record(
        kind=DocumentKind.NON_EMPLOYMENT,
        data={"person": person_of(person), "statement": {"as_of": today, "result": "not-employed"}},
        registry=WORKERS_REGISTER,
        reference=f"persons/{subject}",
        as_of=at,
    )
