"""Revocation data that goes into the document security store (ISO 32000-2 §12.8.4.3).

Collected by the caller before sealing: OCSP responses for the seal and time-stamping
certificates, CRLs for what OCSP does not answer, and every certificate of both paths.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationData:
    """DER objects for one document security store, in the order they are written."""

    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    certificates: tuple[bytes, ...] = ()


RevocationSource: TypeAlias = Callable[[datetime], RevocationData]
"""Answers with data that is fresh at the given instant; the same object while it stays fresh."""
