"""What can go wrong in the service: one base class, a stable code for each error.

    IssuanceError
    ├── NotFound          what was named does not exist, or is not for this caller
    ├── Invalid           the request says something that cannot be right
    ├── Conflict          right in itself, but not in the present state
    ├── Forbidden         known who asks; may not do this
    ├── Unauthenticated   not known who asks
    ├── TooMany           asked too often
    └── Unavailable       another party or a resource did not answer; safe to retry

Each concept's own errors derive from one of these and live beside the code that
raises them. An error carries a `code` (kebab-case, stable, documented in
`issuance/problems.py` with its Arabic and English sentence) and `facts` for the
sentence's placeholders. It knows nothing of HTTP.
"""

from typing import ClassVar


class IssuanceError(Exception):
    """Base of every error the service raises on purpose."""

    code: ClassVar[str] = "internal"

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        said = ", ".join(f"{name}={value}" for name, value in facts.items())
        super().__init__(f"{self.code}: {said}" if said else self.code)


class NotFound(IssuanceError):
    """What was named does not exist, or is not visible to this caller."""

    code = "not-found"


class Invalid(IssuanceError):
    """The caller said something that cannot be right, whatever the state."""

    code = "invalid"


class Conflict(IssuanceError):
    """Right in itself, but not in the present state."""

    code = "conflict"


class Forbidden(IssuanceError):
    """The caller is known and may not do this."""

    code = "forbidden"


class Unauthenticated(IssuanceError):
    """It is not known who asks."""

    code = "unauthenticated"


class TooMany(IssuanceError):
    """Asked too often; `retry_after_seconds` among the facts says when to come back."""

    code = "too-many"


class Unavailable(IssuanceError):
    """Another party or a resource did not answer; the same call may be repeated."""

    code = "unavailable"
