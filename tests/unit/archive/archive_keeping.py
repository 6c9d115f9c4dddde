"""An archive whose documents are sealed, released and renewed for real; only the registers are missing."""

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from documents_desk import intend, release
from sealing_office import Office, birth
from sealing_pki import NOW, TSA, Authority, certify
from sqlalchemy import Engine

from issuance.documents.book import record_sealed
from issuance.documents.files import FileStore
from issuance.documents.history import FileEntry, add_file, files_of
from issuance.documents.press import AgencySeal, made_file
from issuance.documents.renewal import Outcome, Renewer
from signing.formats.pades_level import Level
from verify.verdict import ValidationReport

YEAR = timedelta(days=365)


class Archive:
    """Everything is kept at `office.now`, which a test moves on."""

    def __init__(self, engine: Engine, directory: Path) -> None:
        self.engine, self.files = engine, FileStore(directory)
        self.office = Office(authority=Authority(lasting=30 * YEAR))
        self.office.authority.seal = self.office.authority.seal_certificate(
            "civil-registry", not_after=NOW + 3 * YEAR
        )
        self.new_stamper()

    def new_stamper(self) -> None:
        """A time-stamping certificate of three years, from now on."""
        at = self.office.now
        self.office.authority.tsa = certify(
            "tsa", self.office.authority.issuing, TSA, not_before=at, not_after=at + 3 * YEAR
        )

    def later(self, years: float) -> None:
        """Time passes; the authority has its certificate of the day."""
        self.office.now = NOW + years * YEAR
        self.new_stamper()

    def keep(self, request: str, *, level: Level = Level.B_LT, released: bool = True) -> str:
        """A document from its intent to its release; its number."""
        with self.engine.begin() as connection:
            document = intend(connection, request, at=self.office.now)
        pdf = self.office.document(record=birth(document.number), level=level)
        made = made_file(self.validate(pdf, self.office.now), size=len(pdf))
        facts: dict[str, Any] = {"seal_text": "x", "timings": {}, "at": self.office.now}
        with (
            self.files.draft(f"{document.number}.pdf", pdf) as draft,
            self.engine.begin() as connection,
        ):
            sealed = record_sealed(connection, document, sha256=made.sha256, size=made.size, **facts)
            add_file(connection, document.number, made, renews=None, at=self.office.now)
            if released:
                release(connection, sealed)
            draft.place()
        return document.number

    def validate(self, pdf: bytes, at: datetime) -> ValidationReport:
        pki = self.office.authority
        return self.office.judge(pdf, at=at, crls=(pki.crl(pki.issuing, at), pki.crl(pki.root, at)))

    def renewer(self, **other: Any) -> Renewer:
        seal = AgencySeal(code=1, files=Renewing(self.office), codes=None)  # type: ignore[arg-type]
        parts = {
            "engine": self.engine,
            "files": self.files,
            "seals": {"civil-registry": seal},
            "validate": self.validate,
            "clock": lambda: self.office.now,
        }
        return Renewer(**{**parts, **other})

    def renew(self, *, within: timedelta = YEAR, **other: Any) -> dict[str, Outcome]:
        """One run to its end."""
        unarchived = other.pop("unarchived", False)
        renewer = self.renewer(**other)
        selection = renewer.select(before=self.office.now + within, unarchived=unarchived)
        return {each.number: each.outcome for each in renewer.renew(selection)}

    def entries(self, number: str) -> list[FileEntry]:
        with self.engine.connect() as connection:
            return list(files_of(connection, number))

    def pdf(self, number: str) -> bytes:
        return self.files.read(f"{number}.pdf")

    def check(self, number: str) -> None:
        """The file is the one in the book, begins with every one before it, and proves what the book says."""
        pdf, entries = self.pdf(number), self.entries(number)
        for before, entry in zip([None, *entries], entries, strict=False):
            assert hashlib.sha256(pdf[: entry.file.size]).hexdigest() == entry.file.sha256
            assert entry.renews == (before.file.sha256 if before else None)
        assert len(pdf) == entries[-1].file.size
        report = self.validate(pdf, self.office.now)
        assert report.is_sound
        assert report.level is entries[-1].file.level
        assert report.signature.judgeable_until == entries[-1].file.judgeable_until


class Renewing:
    """Seals nothing; renews with the office's time-stamping certificate of the day."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def seal(self, pdf: bytes, *, at: datetime, level: Level) -> bytes:
        raise NotImplementedError

    def renew(self, pdf: bytes, *, sealed_octets: int, at: datetime) -> bytes:
        return self._office.archivist(at).renew(pdf, sealed_octets=sealed_octets, at=at)
