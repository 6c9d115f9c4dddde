"""The registers that this installation is connected to, under their names."""

from collections.abc import Collection, Iterable

from sqlalchemy import Engine

from issuance.catalogue.models import Relation, Text
from issuance.registries.civil_registry import CIVIL_REGISTRY, reading
from issuance.registries.connector import Connector
from issuance.registries.errors import RegistryUnavailable
from issuance.registries.kinship import RelationProof, prove_relation
from issuance.registries.persons import load_person, registration_of, text_of
from issuance.registries.registrars import registrar_kin


class ConnectedRegisters:
    """Connectors by name, and the civil register's answers about people.

    Args:
        civil_register: opened for reading only.
        connectors: one for each registry that service definitions name.
    """

    def __init__(self, civil_register: Engine, connectors: Iterable[Connector]) -> None:
        self._civil_register = civil_register
        self._connectors = {connector.registry: connector for connector in connectors}

    def close(self) -> None:
        """Close the civil register's file."""
        self._civil_register.dispose()

    def connector(self, registry: str) -> Connector:
        """How the registry of this name is asked.

        Raises:
            RegistryUnavailable: this installation is not connected to it.
        """
        if registry not in self._connectors:
            raise RegistryUnavailable(registry)
        return self._connectors[registry]

    def prove_relation(
        self, applicant: str, subject: str, *, accepted: Collection[Relation]
    ) -> RelationProof | None:
        """The proof that the applicant is one of these to the subject; None where there is none."""
        with reading(self._civil_register, CIVIL_REGISTRY) as register:
            return prove_relation(register, applicant, subject, accepted=accepted)

    def is_close_kin(self, one: str, other: str) -> bool:
        """Whether a registrar who is `one` must keep away from `other`'s records (Law 376/1957)."""
        with reading(self._civil_register, CIVIL_REGISTRY) as register:
            return registrar_kin(register, one, other) is not None

    def is_registered(self, national_number: str) -> bool:
        """Whether the civil register knows this person."""
        with reading(self._civil_register, CIVIL_REGISTRY) as register:
            return load_person(register, national_number) is not None

    def full_name(self, national_number: str) -> Text | None:
        """Given name, father's name and family name, as the civil register writes them."""
        with reading(self._civil_register, CIVIL_REGISTRY) as register:
            row = load_person(register, national_number)
        if row is None:
            return None
        parts = [text_of(row, name) for name in ("given_name", "father_name", "family_name")]
        return Text(
            ar=" ".join(str(part["ar"]) for part in parts),
            en=" ".join(str(part["en"]) for part in parts if "en" in part),
        )

    def office_name(self, national_number: str) -> Text | None:
        """The civil registry office (أمانة) that keeps the person's entry."""
        with reading(self._civil_register, CIVIL_REGISTRY) as register:
            row = load_person(register, national_number)
        if row is None:
            return None
        office = registration_of(row)["civil_registry_office"]
        return Text(ar=str(office["ar"]), en=str(office["en"])) if isinstance(office, dict) else None
