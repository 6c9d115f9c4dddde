"""The catalogue over HTTP: what is on offer, for everybody."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from issuance.catalogue.catalogue import Catalogue
from issuance.catalogue.models import (
    Channel,
    Decision,
    Delivery,
    DocumentKind,
    Relation,
    ServiceDefinition,
    Text,
    TimeUnit,
)
from issuance.identity.access import public

OPEN = [Depends(public("the catalogue is for everybody"))]


class TextShown(BaseModel):
    """The same words in both languages."""

    ar: str
    en: str


class FeeShown(BaseModel):
    """One component of what is paid; minor units."""

    component: str
    title: TextShown
    beneficiary: str
    minor: int
    currency: str
    channels: list[Channel] | None
    deliveries: list[Delivery] | None
    refundable: bool


class RequiredDocumentShown(BaseModel):
    """What must be shown or attached; `when` empty means always."""

    id: str
    title: TextShown
    when: TextShown | None


class ServiceShown(BaseModel):
    """One service as it is published."""

    id: str
    version: int
    kind: DocumentKind
    agency: str
    title: TextShown
    description: TextShown
    who: list[Relation]
    required_documents: list[RequiredDocumentShown]
    fees: list[FeeShown]
    expected_amount: int
    expected_unit: TimeUnit
    channels: list[Channel]
    deliveries: list[Delivery]
    decision: Decision
    validity_days: int


class ServicesShown(BaseModel):
    """The services found."""

    items: list[ServiceShown]


class CatalogueHttp:
    """The handlers."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(tags=["catalogue"])
        router.add_api_route("/services", self.search, methods=["GET"], dependencies=OPEN)
        router.add_api_route("/services/{service}", self.show, methods=["GET"], dependencies=OPEN)
        return router

    def search(self, q: Annotated[str, Query(max_length=200)] = "") -> ServicesShown:
        """The published services in which every word begins some word; no words find all."""
        return ServicesShown(items=[_shown(service) for service in self._catalogue.search(q)])

    def show(self, service: str) -> ServiceShown:
        """One published service."""
        return _shown(self._catalogue.find(service))


def _shown(service: ServiceDefinition) -> ServiceShown:
    return ServiceShown(
        id=service.id,
        version=service.version,
        kind=service.kind,
        agency=service.agency,
        title=_text(service.title),
        description=_text(service.description),
        who=sorted(service.who),
        required_documents=[
            RequiredDocumentShown(
                id=each.id, title=_text(each.title), when=None if each.when is None else _text(each.when)
            )
            for each in service.required_documents
        ],
        fees=[
            FeeShown(
                component=fee.component,
                title=_text(fee.title),
                beneficiary=fee.beneficiary,
                minor=fee.amount.minor,
                currency=fee.amount.currency.value,
                channels=None if fee.channels is None else sorted(fee.channels),
                deliveries=None if fee.deliveries is None else sorted(fee.deliveries),
                refundable=fee.refundable,
            )
            for fee in service.fees
        ],
        expected_amount=service.expected_time.amount,
        expected_unit=service.expected_time.unit,
        channels=sorted(service.channels),
        deliveries=sorted(service.deliveries),
        decision=service.decision,
        validity_days=service.validity_days,
    )


def _text(text: Text) -> TextShown:
    return TextShown(ar=text.ar, en=text.en)
