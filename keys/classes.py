"""Key classes: which keys one signer process holds, and which log of uses their uses stand in.

By what a stolen process could do: certify, seal in an agency's name, or answer for the services.
A root's key is of no class: it is used in ceremonies, elsewhere, and what serves has none.
"""

from collections.abc import Mapping
from enum import StrEnum

from keys.errors import UnsupportedUse
from keys.signer import Purpose


class KeyClass(StrEnum):
    """A set of purposes."""

    AUTHORITY = "authority"
    SEALS = "seals"
    SERVICES = "services"


PURPOSES: Mapping[KeyClass, frozenset[Purpose]] = {
    KeyClass.AUTHORITY: frozenset({Purpose.ISSUING, Purpose.TRUST_LIST}),
    KeyClass.SEALS: frozenset({Purpose.SEAL, Purpose.OFFICER, Purpose.SEAL_CODE}),
    KeyClass.SERVICES: frozenset(
        {Purpose.OCSP, Purpose.TIMESTAMP, Purpose.STATUS, Purpose.LOG, Purpose.ANSWER}
    ),
}


def class_of(purpose: Purpose) -> KeyClass:
    """The class that a purpose belongs to.

    Raises:
        UnsupportedUse: a root's key.
    """
    for key_class, purposes in PURPOSES.items():
        if purpose in purposes:
            return key_class
    raise UnsupportedUse(
        key_id=purpose.value, reason="a root's key is used in ceremonies, never by a service"
    )
