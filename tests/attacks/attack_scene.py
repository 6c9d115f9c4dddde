"""The stage for attacks: one office with genuine files, made once, and fresh ones to bend."""

from datetime import timedelta
from functools import cached_property
from io import BytesIO
from unittest.mock import patch

from sealing_forgery import taken_apart
from sealing_office import Office, birth, render

from signing.formats.canonical_json import encode_canonical_json
from signing.formats.document_number import make_document_number
from signing.formats.pades_level import Level
from signing.pades import revision


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
        record = birth(make_document_number(2026, 1))
        code = self.office.seal_code(self.office.claims(record))
        self.page = render(code, encode_canonical_json(record)) + b"\n"

    def seal(self, pdf: bytes) -> bytes:
        """By the service's own sealer, which takes one revision and no other."""
        return self.office.sealer().seal(pdf, at=self.office.now, level=Level.B_LT)

    def seal_anything(self, pdf: bytes) -> bytes:
        """By a sealer that does not look."""
        with patch.object(revision, "_open", lambda octets: revision._RevisionWriter(BytesIO(octets))):  # noqa: SLF001
            return self.seal(pdf)
