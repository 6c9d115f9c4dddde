"""Key classes: which keys one signer process holds, and which log of uses their uses stand in.

By what a stolen process could do: certify, seal in an agency's name, or answer for the services.
"""

from collections.abc import Mapping
from enum import StrEnum

from keys.signer import Purpose


class KeyClass(StrEnum):
    """A set of purposes."""

    AUTHORITY = "authority"
    SEALS = "seals"
    SERVICES = "services"


PURPOSES: Mapping[KeyClass, frozenset[Purpose]] = {
    KeyClass.AUTHORITY: frozenset({Purpose.ROOT, Purpose.ISSUING, Purpose.TRUST_LIST}),
    KeyClass.SEALS: frozenset({Purpose.SEAL, Purpose.OFFICER, Purpose.SEAL_CODE}),
    KeyClass.SERVICES: frozenset({Purpose.OCSP, Purpose.TIMESTAMP, Purpose.STATUS, Purpose.LOG}),
}


def class_of(purpose: Purpose) -> KeyClass:
    """The class that a purpose belongs to; each belongs to one."""
    return next(key_class for key_class, purposes in PURPOSES.items() if purpose in purposes)
