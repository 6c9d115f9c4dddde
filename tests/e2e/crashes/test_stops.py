"""What must stop a document, and what a resumed one must still be true to."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from crash_site import Errand, Site
from invariants import check_books, check_end, drafts
from pypdf import PdfReader
from sqlalchemy import text

from issuance.catalogue.models import DocumentKind
from issuance.documents.book import DocumentMovedOn, documents_of_request
from issuance.documents.models import Document, DocumentState
from issuance.documents.press import Press, SealedFile
from issuance.errors import IssuanceError
from issuance.rendering.errors import TemplateFailed
from issuance.requests.errors import NoIntent, NotPaidFor
from issuance.requests.fulfilment import Fulfilment
from issuance.requests.lifecycle import State
from signing.formats.pades_level import Level


@dataclass
class MendedPress:
    """A press whose templates are broken, and then others."""

    real: Press
    broken: bool = True

    def template_digest(self) -> str:
        return "f" * 64 if self.broken else self.real.template_digest()

    def press(self, document: Document, *, at: datetime, level: Level) -> SealedFile:
        if self.broken:
            raise TemplateFailed(kind=document.kind, diagnostic="expected comma")
        return self.real.press(document, at=at, level=level)


def at_state(site: Site, state: State) -> Errand:
    errand = Errand(site, site.case(DocumentKind.NON_EMPLOYMENT))
    errand.go(until=frozenset({state}))
    return errand


def sql(site: Site, statement: str) -> None:
    with site.service.parts.engine.begin() as connection:
        connection.execute(text(statement))


def only_document(site: Site, number: str) -> Document:
    with site.service.parts.engine.begin() as connection:
        (document,) = documents_of_request(connection, number)
    return document


def with_press(site: Site, make: Callable[[Press], Any]) -> Any:
    press = make(site.service.parts.press)
    parts = replace(site.service.parts, press=press)
    site.service = replace(site.service, parts=parts, fulfilment=Fulfilment(parts))
    return press


def test_nothing_is_released_while_its_fee_is_not_paid(site: Site) -> None:
    errand = at_state(site, State.SEALED)
    sql(site, "UPDATE payments SET state = 'pending'")
    with pytest.raises(NotPaidFor):
        errand.step()
    assert errand.request.state is State.SEALED
    assert only_document(site, errand.request.number).state is DocumentState.SEALED
    sql(site, "UPDATE payments SET state = 'paid'")
    errand.go()
    check_end(site.service, errand.request.number)


def test_what_our_own_verifier_does_not_pass_is_not_kept(site: Site) -> None:
    errand = at_state(site, State.INTENDED)
    seals = site.service.trust_services.seals()
    other = {"civil-registry": seals["workers-register"], "workers-register": seals["civil-registry"]}

    def mistaken(press: Press) -> Press:
        """Another agency's seal."""
        return Press(renderer=press._renderer, seals=other, validate=press._validate)  # noqa: SLF001

    right = site.service
    with_press(site, mistaken)
    with pytest.raises(IssuanceError):
        errand.step()
    assert only_document(site, errand.request.number).state is DocumentState.INTENDED
    assert not list(site.layout.documents.rglob("*.pdf"))
    assert not drafts(site.layout)
    site.service = right
    errand.go()
    check_end(site.service, errand.request.number)


def test_a_document_sealed_with_a_mended_template_names_that_template(site: Site) -> None:
    """The digest in the record is what a reader compares the page with."""
    errand = at_state(site, State.INTENDED)
    press = with_press(site, MendedPress)
    number = errand.request.number
    with pytest.raises(TemplateFailed):
        errand.step()
    before = only_document(site, number)
    press.broken = False
    errand.go()
    document = only_document(site, number)
    assert document.template_digest == press.real.template_digest()
    pdf = PdfReader(io.BytesIO(site.service.parts.files.read(f"{document.number}.pdf")))
    (embedded,) = pdf.attachments["record.json"]
    assert json.loads(embedded)["document"]["template"] == document.template_digest
    assert (document.number, document.check_code, document.status_index) == (
        before.number,
        before.check_code,
        before.status_index,
    )
    site.housekeeping()
    check_end(site.service, number)
    check_books(site.service)


def test_a_request_whose_document_vanished_from_the_book_goes_nowhere(site: Site) -> None:
    errand = at_state(site, State.SEALED)
    sql(site, "DELETE FROM documents")
    with pytest.raises(NoIntent):
        errand.step()
    assert errand.request.state is State.SEALED


def test_a_document_that_moved_on_without_its_request_goes_nowhere(site: Site) -> None:
    """The book says released, the request does not: somebody wrote to the database by hand."""
    errand = at_state(site, State.SEALED)
    sql(site, "UPDATE documents SET state = 'revoked'")
    with pytest.raises(DocumentMovedOn):
        errand.step()
    assert errand.request.state is State.SEALED


def test_a_record_that_no_schema_allows_becomes_no_document(site: Site) -> None:
    errand = at_state(site, State.APPROVED)
    sql(site, """UPDATE requests SET record = '{"person": {"national_number": "1"}}'""")
    with pytest.raises(Exception, match=r"."):
        errand.step()
    assert errand.request.state is State.APPROVED
    with site.service.parts.engine.begin() as connection:
        assert not documents_of_request(connection, errand.request.number)
    check_books(site.service)
