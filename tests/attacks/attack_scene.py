"""The stage for attacks: one office with genuine files, made once, and fresh ones to bend."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from io import BytesIO
from typing import Any
from unittest.mock import patch

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from sealing_forgery import taken_apart
from sealing_office import Office, birth, render
from sealing_pki import NOW
from sealing_updates import Change

from signing.formats.canonical_json import encode_canonical_json
from signing.formats.document_number import make_document_number
from signing.formats.pades_level import Level
from signing.pades import revision
from verify.trust import Trust

LOOKED_AT_AFTER = timedelta(hours=3)
LATER = NOW + timedelta(days=10)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What a forger shows, and who is asked when."""

    trust: Trust
    at: datetime
    pdf: bytes | None = None
    code: str | None = None  # of a QR without its file
    compiler: str | None = None  # the verifier's; None: the one that made the pages


def judged(office: Office, pdf: bytes, at: datetime | None = None, **trust: Any) -> Attempt:
    """By an office's own trust, bent by `trust`."""
    return Attempt(pdf=pdf, trust=office.trust(**trust), at=at or office.now + LOOKED_AT_AFTER)


def published(office: Office, at: datetime) -> tuple[bytes, ...]:
    """The authority's own lists at `at`."""
    return office.authority.crl(office.authority.issuing, at), office.authority.crl(office.authority.root, at)


class Scene:
    """Genuine files, and who made them. What is cached is not to be bent."""

    @cached_property
    def office(self) -> Office:
        """Whose documents are attacked."""
        return Office()

    @cached_property
    def sealed(self) -> bytes:
        """B-LT: rendered, sealed, store."""
        return self.office.document()

    @cached_property
    def bare(self) -> bytes:
        """The rendered and the sealing revision alone, the end of the seal's byte range being the file's."""
        return taken_apart(self.sealed)[0]

    @cached_property
    def archived(self) -> bytes:
        """B-LTA, renewed once."""
        first = self.office.document(level=Level.B_LTA)
        return self.office.renewed(first, self.office.now + timedelta(hours=1))

    def fresh(self) -> Office:
        """An office of its own, for the attack to bend."""
        return Office()

    @cached_property
    def insider(self) -> "Insider":
        """Has an office of their own."""
        return Insider()


class Insider:
    """Somebody whose files the service seals, whatever they are."""

    def __init__(self) -> None:
        self.office = Office()
        self.record = birth(make_document_number(2026, 1))
        self.code = self.office.seal_code(self.office.claims(self.record))
        self.page = self.compose(self.record)

    def compose(self, drawn: dict[str, Any]) -> bytes:
        """The page of the insider's own record and code, showing another record."""
        shown = encode_canonical_json(drawn)
        return render(self.code, encode_canonical_json(self.record), shown)

    def compose_with(self, code: str) -> bytes:
        """The page of the insider's own record with another code."""
        return render(code, encode_canonical_json(self.record))

    def seal(self, pdf: bytes) -> bytes:
        """By the service's own sealer, which takes one revision and no other."""
        return self.office.sealer().seal(pdf, at=self.office.now, level=Level.B_LT)

    def seal_anything(self, pdf: bytes, change: Change = lambda _: None) -> bytes:
        """By a sealer that does not look, and writes `change` into the sealing revision."""

        def opened(octets: bytes) -> IncrementalPdfFileWriter:
            writer = revision._RevisionWriter(BytesIO(octets))  # noqa: SLF001 - as the sealer itself
            change(writer)
            return writer

        with patch.object(revision, "_open", opened):
            return self.seal(pdf)
