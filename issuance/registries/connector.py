"""How every registry is asked, wherever it is and however it answers."""

from typing import Protocol, runtime_checkable

from issuance.catalogue.models import DocumentKind
from issuance.registries.answers import Answer, Question


class Connector(Protocol):
    """A registry that can be asked for a record."""

    @property
    def registry(self) -> str:
        """The registry's name in service definitions, such as `civil-registry`."""

    def lookup(self, service: DocumentKind, subject: str, *, event: str | None = None) -> Answer:
        """Ask for the record of `service` about the person with the national number `subject`.

        Args:
            service: the kind of record.
            subject: the national number, eleven digits.
            event: the registration number of one vital event; needed only where several fit.

        Raises:
            InvalidNationalNumber: `subject` is not a national number.
            NotServed: this registry keeps no such records.
            RegistryUnavailable: there was no answer; ask again.
        """


@runtime_checkable
class DeferredConnector(Connector, Protocol):
    """A registry whose `lookup` answers `Pending`, and that is asked again for the answer."""

    def collect(self, question: Question) -> Answer:
        """The answer to an earlier question, or `Pending` still; may be repeated without harm."""
