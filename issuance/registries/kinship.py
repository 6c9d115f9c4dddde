"""Kinship, proven from the register and from nothing else.

First degree means parents, children and spouse. Siblings are second degree in law;
a service definition may admit them by naming `sibling` among those who may ask.
A marriage makes a spouse from its registration until its divorce is complete; death
does not undo it, so a widow can ask for her husband's death record. A dead
applicant proves nothing.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection, RowMapping, select

from issuance.catalogue.models import Relation
from issuance.registries.national_number import parse_national_number
from issuance.registries.persons import load_persons
from issuance.registries.tables import births, divorces, marriages
from signing.formats.canonical_json import JsonValue

FIRST_DEGREE = frozenset({Relation.SELF, Relation.PARENT, Relation.CHILD, Relation.SPOUSE})


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterFact:
    """One register row and what it says."""

    reference: str  # `persons/99…`, `births/…`, `marriages/…`
    says: str  # such as `father=99…`


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationProof:
    """What the applicant is to the subject, and the rows that prove it; kept with the request."""

    relation: Relation
    applicant: str
    subject: str
    registry: str
    facts: tuple[RegisterFact, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """As kept with the request."""
        return {
            "relation": self.relation.value,
            "applicant": self.applicant,
            "subject": self.subject,
            "registry": self.registry,
            "facts": [{"reference": fact.reference, "says": fact.says} for fact in self.facts],
        }


def prove_relation(
    register: Connection,
    applicant: str,
    subject: str,
    *,
    accepted: Collection[Relation] = FIRST_DEGREE,
) -> RelationProof | None:
    """Prove that `applicant` is to `subject` one of the `accepted` relations, the closest first.

    None where the register proves none of them, where either is unknown to it, or where the applicant is
    dead: a stranger must not learn from the answer which of these it was.

    Raises:
        InvalidNationalNumber: either is not a national number.
    """
    pair = parse_national_number(applicant), parse_national_number(subject)
    people = load_persons(register, pair)
    if any(number not in people for number in pair) or people[pair[0]]["death_date"] is not None:
        return None
    for relation, prove in _PROOFS.items():
        facts = prove(register, people[pair[0]], people[pair[1]]) if relation in accepted else ()
        if facts:
            return RelationProof(
                relation=relation, applicant=pair[0], subject=pair[1], registry="civil-registry", facts=facts
            )
    return None


_Facts: TypeAlias = tuple[RegisterFact, ...]


def _self(register: Connection, applicant: RowMapping, subject: RowMapping) -> _Facts:
    del register
    number = applicant["national_number"]
    return (_fact("persons", number, "alive"),) if number == subject["national_number"] else ()


def _parent(register: Connection, applicant: RowMapping, subject: RowMapping) -> _Facts:
    for role in ("father", "mother"):
        if subject[role] is not None and subject[role] == applicant["national_number"]:
            return _descent(register, subject, role)
    return ()


def _child(register: Connection, applicant: RowMapping, subject: RowMapping) -> _Facts:
    return _parent(register, subject, applicant)


def _descent(register: Connection, child: RowMapping, role: str) -> _Facts:
    """The child's own row, and the birth event it rests on where there is one."""
    number = child["national_number"]
    row = _fact("persons", number, f"{role}={child[role]}")
    birth = register.execute(select(births.c.registration_number).where(births.c.child == number)).scalar()
    return (row,) if birth is None else (row, _fact("births", birth, f"child={number}"))


def _spouse(register: Connection, applicant: RowMapping, subject: RowMapping) -> _Facts:
    one, other = applicant["national_number"], subject["national_number"]
    query = (
        select(marriages, divorces.c.registration_number.label("divorce"), divorces.c.missing)
        .outerjoin(divorces, divorces.c.marriage == marriages.c.registration_number)
        .where(marriages.c.husband.in_([one, other]), marriages.c.wife.in_([one, other]))
        .order_by(marriages.c.date.desc())
    )
    for row in register.execute(query).mappings():
        if row["divorce"] is None or row["missing"] is not None:
            return _union(row, subject)
    return ()


def _union(row: RowMapping, subject: RowMapping) -> _Facts:
    parties = f"husband={row['husband']}, wife={row['wife']}"
    facts = [_fact("marriages", row["registration_number"], parties)]
    if row["divorce"] is not None:
        facts.append(_fact("divorces", row["divorce"], f"not complete: awaits {row['missing']}"))
    if subject["death_date"] is not None:
        facts.append(_fact("persons", subject["national_number"], f"died {subject['death_date']}"))
    return tuple(facts)


def _sibling(register: Connection, applicant: RowMapping, subject: RowMapping) -> _Facts:
    if applicant["national_number"] == subject["national_number"]:
        return ()
    for role in ("father", "mother"):
        if applicant[role] is not None and applicant[role] == subject[role]:
            return _descent(register, applicant, role) + _descent(register, subject, role)
    return ()


def _fact(table: str, key: str, says: str) -> RegisterFact:
    return RegisterFact(reference=f"{table}/{key}", says=says)


_PROOFS: dict[Relation, Callable[[Connection, RowMapping, RowMapping], _Facts]] = {
    Relation.SELF: _self,
    Relation.PARENT: _parent,
    Relation.CHILD: _child,
    Relation.SPOUSE: _spouse,
    Relation.SIBLING: _sibling,
}
