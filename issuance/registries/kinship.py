"""Kinship, proven from the register and from nothing else.

First degree means parents, children and spouse. Siblings are second degree in law;
a service definition may admit them by naming `sibling` among those who may ask.
A marriage makes a spouse from its registration until its divorce is complete; death
does not undo it, so a widow can ask for her husband's death record. A dead
applicant proves nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from issuance.catalogue.models import Relation
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
    """Prove that `applicant` is to `subject` one of the `accepted` relations.

    None where the register proves none of them, where either is unknown to it, or where the applicant is dead:
    a stranger must not learn from the answer which of these it was.

    Raises:
        InvalidNationalNumber: either is not a national number.
    """
    raise NotImplementedError
