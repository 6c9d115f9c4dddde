"""Couriers: the way is made in a transaction, the message goes out after it."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest
from sqlalchemy import Engine, func, select

from issuance.catalogue.models import Delivery
from issuance.delivery.courier import Couriers
from issuance.delivery.links import delivery_links, open_link
from issuance.documents.book import reserve, save_intent
from issuance.documents.models import Document
from issuance.errors import Unavailable
from issuance.requests.models import Request
from issuance.requests.parts import Handover

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PHONE = "+963944000001"


@dataclass
class Sender:
    sent: list[tuple[str, str]] = field(default_factory=list)
    broken: bool = False

    def send(self, phone: str, text: str, *, at: datetime) -> None:
        del at
        if self.broken:
            raise Unavailable
        self.sent.append((phone, text))


@dataclass
class Asked:
    """What a courier looks at in a request."""

    delivery: Delivery
    contact: str | None = PHONE
    number: str = "R-26-0000000017"


def request(delivery: Delivery, **more: Any) -> Request:
    return cast("Request", Asked(delivery, **more))


@pytest.fixture
def sender() -> Sender:
    return Sender()


@pytest.fixture
def couriers(sender: Sender) -> Couriers:
    return Couriers(sender=sender, public_address="https://service.example")


@pytest.fixture
def document(engine: Engine) -> Document:
    with engine.begin() as connection:
        return save_intent(
            connection,
            reserve(connection, at=NOON),
            kind="birth",
            agency="civil-registry",
            request_number="R-26-0000000017",
            record=b"{}",
            template_digest="0" * 64,
            valid_until=date(2027, 2, 20),
            at=NOON,
        )


def test_an_electronic_delivery_sends_a_link_that_opens_the_document(
    engine: Engine, couriers: Couriers, sender: Sender, document: Document
) -> None:
    with engine.begin() as connection:
        handover = couriers.prepare(connection, request(Delivery.ELECTRONIC), document, at=NOON)
        assert sender.sent == []
    couriers.tell(handover, at=NOON)
    ((phone, text),) = sender.sent
    assert phone == PHONE
    assert text.count("R-26-0000000017") == 2
    token = text.rpartition("https://service.example/d/")[2]
    with engine.begin() as connection:
        assert open_link(connection, token, at=NOON) == document.number
    assert token not in str(handover.facts)  # the timeline is read by many


def test_without_a_contact_nobody_is_told(
    engine: Engine, couriers: Couriers, sender: Sender, document: Document
) -> None:
    with engine.begin() as connection:
        handover = couriers.prepare(connection, request(Delivery.ELECTRONIC, contact=None), document, at=NOON)
    couriers.tell(handover, at=NOON)
    assert sender.sent == []


@pytest.mark.parametrize("delivery", sorted(set(Delivery) - {Delivery.ELECTRONIC}))
def test_other_ways_make_the_document_ready_and_open_no_link(
    engine: Engine, couriers: Couriers, sender: Sender, document: Document, delivery: Delivery
) -> None:
    with engine.begin() as connection:
        handover = couriers.prepare(connection, request(delivery), document, at=NOON)
        assert connection.scalar(select(func.count()).select_from(delivery_links)) == 0
    couriers.tell(handover, at=NOON)
    assert handover == Handover(facts={"delivery": delivery.value, "ready": True})
    assert sender.sent == []


def test_a_gateway_that_does_not_answer_is_said_so(
    engine: Engine, couriers: Couriers, sender: Sender, document: Document
) -> None:
    with engine.begin() as connection:
        handover = couriers.prepare(connection, request(Delivery.ELECTRONIC), document, at=NOON)
    sender.broken = True
    with pytest.raises(Unavailable):
        couriers.tell(handover, at=NOON)
    sender.broken = False
    couriers.tell(handover, at=NOON)
    assert len(sender.sent) == 1
