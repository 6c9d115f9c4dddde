"""On whose records a registrar may not act (Law 376/1957).

Not on their own, nor those of any ascendant, descendant or spouse, however far the
line goes. A marriage counts until its divorce is complete and after a death. The
question is asked for each person a record names: both spouses of a marriage, child
and parents of a birth.
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, literal, or_, select

from issuance.catalogue.models import Relation
from issuance.registries.kinship import prove_relation
from issuance.registries.national_number import parse_national_number
from issuance.registries.tables import persons

# No line of descent in a register is longer; it also ends a loop that a damaged register might contain.
_LONGEST_LINE = 12


class RegistrarRelation(StrEnum):
    """What the person of the record is to the registrar."""

    SELF = "self"
    SPOUSE = "spouse"
    ASCENDANT = "ascendant"
    DESCENDANT = "descendant"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarKin:
    """Why this registrar may not act; `degree` counts generations, 0 for self and spouse."""

    relation: RegistrarRelation
    degree: int
    registrar: str
    person: str


def registrar_kin(register: Connection, registrar: str, person: str) -> RegistrarKin | None:
    """Whether `person` is the registrar, or their spouse, ascendant or descendant; None where neither.

    Raises:
        InvalidNationalNumber: either is not a national number.
    """
    registrar, person = parse_national_number(registrar), parse_national_number(person)
    found = _relation(register, registrar, person)
    if found is None:
        return None
    relation, degree = found
    return RegistrarKin(relation=relation, degree=degree, registrar=registrar, person=person)


def _relation(register: Connection, registrar: str, person: str) -> tuple[RegistrarRelation, int] | None:
    if registrar == person:
        return RegistrarRelation.SELF, 0
    if prove_relation(register, registrar, person, accepted={Relation.SPOUSE}):
        return RegistrarRelation.SPOUSE, 0
    upwards = _generations(register, descendant=registrar, ascendant=person)
    if upwards is not None:
        return RegistrarRelation.ASCENDANT, upwards
    downwards = _generations(register, descendant=person, ascendant=registrar)
    return None if downwards is None else (RegistrarRelation.DESCENDANT, downwards)


def _generations(register: Connection, *, descendant: str, ascendant: str) -> int | None:
    """How many generations `ascendant` stands above `descendant`; None where not in the line."""
    line = (
        select(persons.c.national_number, persons.c.father, persons.c.mother, literal(0).label("degree"))
        .where(persons.c.national_number == descendant)
        .cte("line", recursive=True)
    )
    above = persons.alias("above")
    line = line.union_all(
        select(above.c.national_number, above.c.father, above.c.mother, line.c.degree + 1)
        .join(line, or_(above.c.national_number == line.c.father, above.c.national_number == line.c.mother))
        .where(line.c.degree < _LONGEST_LINE)
    )
    query = select(line.c.degree).where(line.c.national_number == ascendant).order_by(line.c.degree)
    degree = register.execute(query).scalar()
    return None if degree is None else int(degree)
