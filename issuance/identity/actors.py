"""The actor: who is behind a call, with all that authorisation and the audit need."""

from dataclasses import dataclass
from enum import StrEnum

from issuance.identity.errors import NotPermitted
from issuance.identity.permissions import Permission, Role


class ActorKind(StrEnum):
    """The kinds of caller."""

    CITIZEN = "citizen"
    STAFF = "staff"
    MACHINE = "machine"
    SYSTEM = "system"  # the service itself: workers, deadlines, the operator's command


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody who acts, as proven when the call began.

    `id` is opaque and stable; it is what the audit keeps. `national_number` is set for
    citizens, and for staff who registered theirs, so that nobody handles their own or
    their kin's records. `agency` and `office` are set for staff bound to one, `agency`
    for an agency's machines.
    """

    kind: ActorKind
    id: str
    permissions: frozenset[Permission]
    roles: frozenset[Role] = frozenset()
    agency: str | None = None
    office: str | None = None
    national_number: str | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the permission was granted."""
        return permission in self.permissions

    def check(self, *any_of: Permission) -> None:
        """Pass when at least one of the permissions was granted.

        Raises:
            NotPermitted: none was.
        """
        if self.permissions.isdisjoint(any_of):
            raise NotPermitted(permission=" | ".join(any_of))


def system_actor(name: str) -> Actor:
    """The service acting for itself, e.g. `system_actor("worker")`; it holds no permission at any route."""
    return Actor(kind=ActorKind.SYSTEM, id=name, permissions=frozenset())
