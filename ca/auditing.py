"""What the authority tells the audit, before it uses a key.

The audit itself is handed in. Where it cannot be written it raises, and then
nothing is signed: an authority whose acts leave no trace must stand still.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

AuditRecorder = Callable[[str, Mapping[str, str], datetime], None]
"""Called with the act (`certificate-issue`, `crl-issue`, `ceremony-import` …), its facts and the instant."""


def unrecorded(act: str, facts: Mapping[str, str], at: datetime) -> None:
    """Keeps nothing: for tests, and for sites that audit elsewhere."""
    del act, facts, at
