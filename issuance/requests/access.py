"""Which requests a caller may see, and which staff must keep away from."""

from datetime import datetime

from sqlalchemy.engine import Connection

from issuance.audit import trail
from issuance.identity.actors import Actor, ActorKind
from issuance.identity.permissions import Permission
from issuance.requests.book import RequestNotFound, load_request
from issuance.requests.errors import OwnKinsRecord
from issuance.requests.models import Request
from issuance.requests.registers import Registers


def visible_request(connection: Connection, number: str, actor: Actor) -> Request:
    """The request, if this actor may see it: citizens their own, staff their agency's, a desk what it took.

    Raises:
        RequestNotFound: it does not exist or is not theirs; the answer does not tell which.
    """
    request = load_request(connection, number)
    if actor.kind is ActorKind.CITIZEN and request.applicant == actor.national_number:
        return request
    if actor.kind in {ActorKind.STAFF, ActorKind.MACHINE} and request.agency == actor.agency:
        return request
    # Whoever works at the desk follows what the desk took in, whatever agency it went to.
    if actor.may(Permission.REQUESTS_CREATE_ASSISTED) and request.desk_office == actor.office is not None:
        return request
    raise RequestNotFound


def is_own_kins(registers: Registers, actor: Actor, request: Request) -> bool:
    """Whether the request is about the caller, as a member of staff, or about their close kin."""
    if actor.kind is not ActorKind.STAFF or actor.national_number is None:
        return False
    own = actor.national_number
    return any(registers.is_close_kin(own, person) for person in (request.subject, request.applicant))


def keep_from_kin(registers: Registers, actor: Actor, request: Request) -> None:
    """Law 376/1957: staff keep away from their own and their close kin's records.

    Raises:
        OwnKinsRecord: the request is about such a record.
    """
    if is_own_kins(registers, actor, request):
        raise OwnKinsRecord


def note_look(connection: Connection, request: Request, actor: Actor, *, at: datetime) -> None:
    """Write down that somebody who is not the applicant looked: the person may ask who it was."""
    if actor.kind is not ActorKind.CITIZEN:
        trail.record_read(connection, actor, request.subject, reason=request.number, at=at)


class RequestAccess:
    """What documents ask of requests: may this caller touch what a request led to?"""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers

    def check_staff(self, connection: Connection, actor: Actor, request_number: str) -> None:
        """Pass unless the request is about the caller's own kin.

        Raises:
            OwnKinsRecord: it is.
        """
        keep_from_kin(self._registers, actor, load_request(connection, request_number))

    def subject(self, connection: Connection, request_number: str) -> str:
        """The national number of the person a request is about."""
        return load_request(connection, request_number).subject
