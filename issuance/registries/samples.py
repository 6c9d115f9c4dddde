"""Invented people whose records make good examples: for the demonstration, the benchmarks and the tests.

Examples are the first of all who fit, in an order that mixes the governorates, so the
same register always gives the same people.
"""

from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    ScalarSelect,
    Select,
    and_,
    cast,
    exists,
    func,
    not_,
    or_,
    select,
)

from issuance.catalogue.models import DocumentKind, Relation
from issuance.registries.kinship import prove_relation
from issuance.registries.synthesis.lives import REFERENCE_DATE
from issuance.registries.tables import deaths, divorces, employments, marriages, persons

_MANY = 50  # surely some are strangers to each other
_ADULT_BORN_BY = REFERENCE_DATE.replace(year=REFERENCE_DATE.year - 18).isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCase:
    """Who asks for what about whom; by the register they may."""

    service: DocumentKind
    applicant: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSubjects:
    """One example of each situation that a demonstration or a test wants."""

    granted: dict[DocumentKind, SampleCase]  # answered with a record
    unfinished_divorce: SampleCase  # answered `Incomplete`
    employed: SampleCase  # answered `Contradicted`
    several_marriages: SampleCase  # answered `Ambiguous`
    stranger: SampleCase  # the applicant is no kin of the subject
    twin: SampleCase  # a birth with its time


def sample_subjects(register: Connection) -> SampleSubjects:
    """One example of each situation.

    Raises:
        LookupError: the register is too small to have one.
    """
    return SampleSubjects(
        granted={kind: _first(register, kind, pairs) for kind, pairs in _GRANTED.items()},
        unfinished_divorce=_first(register, DocumentKind.DIVORCE, _divorced(complete=False)),
        employed=_first(register, DocumentKind.NON_EMPLOYMENT, _employed()),
        several_marriages=_first(register, DocumentKind.MARRIAGE, _several_marriages()),
        stranger=_stranger(register),
        twin=_first(register, DocumentKind.BIRTH, _twins()),
    )


def granted_cases(register: Connection, kind: DocumentKind, *, limit: int) -> list[SampleCase]:
    """Up to `limit` cases of this kind that are answered with a record; every applicant is a living adult."""
    return _cases(register, kind, _GRANTED[kind], limit)


def unfinished_divorces(register: Connection, *, limit: int) -> list[SampleCase]:
    """Up to `limit` divorced husbands whose divorce still awaits a paper."""
    return _cases(register, DocumentKind.DIVORCE, _divorced(complete=False), limit)


_Pairs: TypeAlias = "Select[str, str]"
"""Applicant and subject."""

_me = persons.c.national_number
_other = persons.alias("other")


def _cases(register: Connection, kind: DocumentKind, pairs: _Pairs, limit: int) -> list[SampleCase]:
    rows = register.execute(pairs.limit(limit))
    return [SampleCase(service=kind, applicant=applicant, subject=subject) for applicant, subject in rows]


def _first(register: Connection, kind: DocumentKind, pairs: _Pairs) -> SampleCase:
    for case in _cases(register, kind, pairs, 1):
        return case
    raise LookupError(f"the register is too small to have an example of each situation: {kind}")


def _stranger(register: Connection) -> SampleCase:
    adults = _cases(register, DocumentKind.INDIVIDUAL_EXTRACT, _adults(), _MANY)
    applicant = adults[0].applicant
    for other in adults[1:]:
        if prove_relation(register, applicant, other.subject, accepted=frozenset(Relation)) is None:
            return SampleCase(service=other.service, applicant=applicant, subject=other.subject)
    raise LookupError("everybody here is kin")


def _alive(person: ColumnElement[str]) -> ColumnElement[bool]:
    dead = deaths.alias("dead")
    return person.not_in(select(dead.c.person))


def _times_married(person: ColumnElement[str]) -> ScalarSelect[int]:
    union = marriages.alias()
    query = select(func.count()).where(or_(union.c.husband == person, union.c.wife == person))
    return query.correlate_except(union).scalar_subquery()


def _living_children() -> ScalarSelect[int]:
    child = _other.c.national_number
    query = select(func.count(child)).where(_other.c.father == _me, _alive(child))
    return query.correlate_except(_other).scalar_subquery()


def _mixed(number: ColumnElement[str]) -> tuple[ColumnElement[int], ColumnElement[str]]:
    """An order in which neighbours come from anywhere: a number begins with its office."""
    return (cast(number, Integer) * 7919) % 999_983, number


def _adults(subject: ColumnElement[str] = _me) -> _Pairs:
    """Living adults, each asking about themselves or about `subject`."""
    return (
        select(_me, subject)
        .where(persons.c.birth_date <= _ADULT_BORN_BY, _alive(_me))
        .order_by(*_mixed(_me), *_mixed(subject))
    )


def _employed() -> _Pairs:
    return _adults().where(
        exists().where(and_(employments.c.person == _me, employments.c.ended_on.is_(None)))
    )


def _never_employed() -> _Pairs:
    return _adults().where(not_(exists().where(employments.c.person == _me)))


def _husbands() -> _Pairs:
    """Men married once, to a living wife who married once, without a divorce."""
    no_divorce = not_(exists().where(divorces.c.marriage == marriages.c.registration_number))
    return (
        _adults()
        .join(marriages, marriages.c.husband == _me)
        .where(_times_married(_me) == 1, _times_married(marriages.c.wife) == 1)
        .where(_alive(marriages.c.wife), no_divorce)
    )


def _heads() -> _Pairs:
    return _husbands().where(_living_children().between(2, 6))


def _divorced(*, complete: bool) -> _Pairs:
    state = divorces.c.missing.is_(None) if complete else divorces.c.missing.is_not(None)
    return (
        _adults()
        .join(marriages, marriages.c.husband == _me)
        .join(divorces, divorces.c.marriage == marriages.c.registration_number)
        .where(_times_married(_me) == 1, state)
    )


def _fathers() -> _Pairs:
    """Fathers asking about a living child."""
    child = _other.c.national_number
    return _adults(child).join(_other, _other.c.father == _me).where(_alive(child))


def _twins() -> _Pairs:
    twin = persons.alias("twin")
    same_birth = and_(
        twin.c.mother == _other.c.mother,
        twin.c.birth_date == _other.c.birth_date,
        twin.c.national_number != _other.c.national_number,
    )
    return _fathers().where(exists().where(same_birth))


def _bereaved() -> _Pairs:
    """Adults asking about a father who has died."""
    return _adults(deaths.c.person).join(deaths, deaths.c.person == persons.c.father)


def _several_marriages() -> _Pairs:
    return _adults().where(_times_married(_me) > 1)


_GRANTED: dict[DocumentKind, _Pairs] = {
    DocumentKind.INDIVIDUAL_EXTRACT: _adults(),
    DocumentKind.FAMILY_EXTRACT: _heads(),
    DocumentKind.BIRTH: _fathers(),
    DocumentKind.MARRIAGE: _husbands(),
    DocumentKind.DIVORCE: _divorced(complete=True),
    DocumentKind.DEATH: _bereaved(),
    DocumentKind.NON_EMPLOYMENT: _never_employed(),
}
