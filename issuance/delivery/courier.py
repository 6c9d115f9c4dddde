"""Brings released documents to their holders, each by the way chosen in the request.

Electronic delivery sends a link. The other ways leave the document ready for the desk
that prints and hands it over; the request is told so in its timeline.
"""

from collections.abc import Callable
from datetime import datetime
from typing import assert_never

from sqlalchemy.engine import Connection

from issuance.catalogue.models import Delivery
from issuance.delivery.links import create_link
from issuance.documents.models import Document
from issuance.identity.senders import CodeSender
from issuance.requests.models import Request
from signing.formats.canonical_json import JsonValue

READY = "وثيقتك جاهزة (الطلب {request}): {address}\nYour document is ready (request {request}): {address}"


class Couriers:
    """Delivers by the way the request names.

    Args:
        sender: reaches the applicant.
        public_address: where the service is reached from outside, without a trailing slash.
        later: runs a call once the transaction is committed, so that no message tells what did not happen.
    """

    def __init__(
        self,
        *,
        sender: CodeSender,
        public_address: str,
        later: Callable[[Connection, Callable[[], None]], None],
    ) -> None:
        self._sender, self._public_address, self._later = sender, public_address, later

    def deliver(
        self, connection: Connection, request: Request, document: Document, *, at: datetime
    ) -> JsonValue:
        """Hand over, or make ready to be handed over."""
        match request.delivery:
            case Delivery.ELECTRONIC:
                return self._send_link(connection, request, document, at)
            case Delivery.PICKUP | Delivery.DOMESTIC_POST | Delivery.INTERNATIONAL_POST:
                return {"delivery": request.delivery.value, "ready": True}
            case _:
                assert_never(request.delivery)

    def _send_link(
        self, connection: Connection, request: Request, document: Document, at: datetime
    ) -> JsonValue:
        link = create_link(connection, document.number, at=at)
        contact = request.contact
        if contact is not None:
            address = f"{self._public_address}/d/{link.token}"
            text = READY.format(request=request.number, address=address)
            self._later(connection, lambda: self._sender.send(contact, text, at=at))
        return {"delivery": request.delivery.value, "expires_at": link.expires_at.isoformat()}
