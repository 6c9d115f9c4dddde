"""What can go wrong at a registry, as opposed to what a registry can answer (see `answers.py`).

IssuanceError
├── Invalid
│   ├── InvalidNationalNumber   not eleven digits
│   └── NotServed               this registry keeps no such records
└── Unavailable
    └── RegistryUnavailable     the register could not be read; safe to retry, never a refusal
"""

from typing import ClassVar

from issuance.errors import Invalid, Unavailable


class InvalidNationalNumber(Invalid):
    """What was given as a national number is not eleven digits."""

    code: ClassVar[str] = "invalid-national-number"
    ar: ClassVar[str] = "الرقم الوطني يتألف من أحد عشر رقماً."
    en: ClassVar[str] = "A national number has eleven digits."


class NotServed(Invalid):
    """A registry was asked for a kind of record it does not keep."""

    code: ClassVar[str] = "registry-does-not-serve"
    ar: ClassVar[str] = "السجل «{registry}» لا يقدّم الخدمة «{service}»."
    en: ClassVar[str] = "The register “{registry}” does not provide the service “{service}”."

    def __init__(self, registry: str, service: str) -> None:
        super().__init__(registry=registry, service=service)
        self.registry, self.service = registry, service


class RegistryUnavailable(Unavailable):
    """The register could not be read just now."""

    code: ClassVar[str] = "registry-unavailable"
    ar: ClassVar[str] = "السجل «{registry}» لا يجيب الآن. سنعيد المحاولة."
    en: ClassVar[str] = "The register “{registry}” does not answer just now. We will try again."

    def __init__(self, registry: str) -> None:
        super().__init__(registry=registry)
        self.registry = registry
