"""Brings released documents to their holders, each by the way chosen in the request.

Electronic delivery sends a link. The other ways leave the document ready for the desk
that prints and hands it over; the request is told so in its timeline.

What stands in the database is prepared in a transaction; the message goes out after its
commit, so that none tells what did not happen. A repetition sends a second message with
a link of its own: better than none.
"""

from datetime import datetime
from typing import assert_never

from sqlalchemy.engine import Connection

from issuance.catalogue.models import Delivery
from issuance.delivery.links import create_link
from issuance.documents.models import Document
from issuance.identity.senders import CodeSender
from issuance.requests.models import Request
from issuance.requests.parts import Handover

READY = "وثيقتك جاهزة (الطلب {request}): {address}\nYour document is ready (request {request}): {address}"


class Couriers:
    """Delivers by the way the request names.

    Args:
        sender: reaches the applicant.
        public_address: where the service is reached from outside, without a trailing slash.
    """

    def __init__(self, *, sender: CodeSender, public_address: str) -> None:
        self._sender, self._public_address = sender, public_address

    def prepare(
        self, connection: Connection, request: Request, document: Document, *, at: datetime
    ) -> Handover:
        """Make the way on which the document reaches its holder."""
        match request.delivery:
            case Delivery.ELECTRONIC:
                return self._link(connection, request, document, at)
            case Delivery.PICKUP | Delivery.DOMESTIC_POST | Delivery.INTERNATIONAL_POST:
                return Handover(facts={"delivery": request.delivery.value, "ready": True})
            case _:
                assert_never(request.delivery)

    def tell(self, handover: Handover, *, at: datetime) -> None:
        """Tell the applicant, where there is somebody to tell."""
        if handover.contact is not None:
            self._sender.send(handover.contact, handover.message, at=at)

    def _link(self, connection: Connection, request: Request, document: Document, at: datetime) -> Handover:
        link = create_link(connection, document.number, at=at)
        address = f"{self._public_address}/d/{link.token}"
        return Handover(
            facts={"delivery": request.delivery.value, "expires_at": link.expires_at.isoformat()},
            contact=request.contact,
            message=READY.format(request=request.number, address=address),
        )
