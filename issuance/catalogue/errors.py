"""What can go wrong in the catalogue.

    IssuanceError
    ├── NotFound
    │   └── UnknownService       no service of that name, or not that version
    └── Invalid
        ├── DefinitionsInvalid   a definition file breaks a rule; carries every fault found
        └── EmbeddedJsonInvalid  what would be embedded in a document breaks its schema

`ar` and `en` are the sentences shown to people; placeholders are facts of the error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from issuance.errors import Invalid, NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One broken rule: in which file, at which path inside it (`/fees/0/amount`), and what the rule says."""

    file: str
    path: str
    rule: str

    def __str__(self) -> str:
        return f"{self.file}: {self.path}: {self.rule}"


class UnknownService(NotFound):
    """No service of that name is on offer, or it has no such version."""

    code: ClassVar[str] = "unknown-service"
    ar: ClassVar[str] = "لا توجد خدمة بهذا الاسم: {service}."
    en: ClassVar[str] = "There is no service of this name: {service}."

    def __init__(self, service: str, version: int | None = None) -> None:
        super().__init__(service=service, version=version)
        self.service, self.version = service, version


class DefinitionsInvalid(Invalid):
    """One or more definition files break a rule; nothing was loaded."""

    code: ClassVar[str] = "service-definitions-invalid"
    ar: ClassVar[str] = "تعريفات الخدمات مخالفة للقواعد: {faults}"
    en: ClassVar[str] = "The service definitions break their rules: {faults}"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults="; ".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


class EmbeddedJsonInvalid(Invalid):
    """What would be embedded in a document does not follow the schema of its kind."""

    code: ClassVar[str] = "record-invalid"
    ar: ClassVar[str] = "بيانات السجل غير مطابقة للصيغة المعتمدة لهذه الوثيقة."
    en: ClassVar[str] = "The register's data does not follow the form laid down for this document."

    def __init__(self, kind: str, faults: Sequence[Fault]) -> None:
        super().__init__(kind=kind, faults="; ".join(str(fault) for fault in faults))
        self.kind, self.faults = kind, tuple(faults)
