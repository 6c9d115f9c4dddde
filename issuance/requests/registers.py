"""What requests need to know from the registers, whoever keeps them."""

from collections.abc import Collection
from typing import Protocol

from issuance.catalogue.models import Relation, Text
from issuance.registries.connector import Connector
from issuance.registries.kinship import RelationProof


class Registers(Protocol):
    """All registers the service is connected to."""

    def connector(self, registry: str) -> Connector:
        """How the registry of this name is asked."""

    def prove_relation(
        self, applicant: str, subject: str, *, accepted: Collection[Relation]
    ) -> RelationProof | None:
        """The proof that the applicant is one of these to the subject; None where there is none."""

    def is_close_kin(self, one: str, other: str) -> bool:
        """Whether a registrar who is `one` must keep away from `other`'s records (Law 376/1957)."""

    def full_name(self, national_number: str) -> Text | None:
        """The person's name as the civil register writes it."""

    def office_name(self, national_number: str) -> Text | None:
        """The civil registry office (أمانة) that keeps the person's entry."""
