"""Documents of an office whose keys are right, and whose pages are up to the test."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from sealing_office import Office, birth
from sealing_updates import Change

from signing.formats.canonical_json import encode_canonical_json
from signing.formats.document_number import make_document_number
from signing.pades import revision
from signing.rendering.composer import Composer
from signing.rendering.symbol import SealSymbol
from signing.rendering.template_set import TemplateSet, encode_template_set, template_set_name
from verify.files.structure import sealed_octets
from verify.pages.archive import TemplateArchive
from verify.pages.judge import PageJudge
from verify.verdict import Check, Outcome

NUMBER, OTHER_NUMBER = make_document_number(2026, 1), make_document_number(2026, 2)
Result = tuple[Outcome, str]


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A record with its seal code, by an office whose keys are right; what is drawn is up to the test."""

    office: Office
    record: dict[str, Any]
    code: str
    sets: tuple[TemplateSet, ...] = ()

    @property
    def embedded(self) -> bytes:
        return encode_canonical_json(self.record)

    def composed(self, with_set: TemplateSet, *, later: int = 0) -> bytes:
        """By a set, whatever set the record names."""
        issued_at = self.office.now - timedelta(minutes=2) + timedelta(seconds=later)
        return Composer(with_set).compose(self.record, SealSymbol.of(self.code), at=issued_at)

    def sealed(self, page: bytes, change: Change | None = None) -> bytes:
        """By the sealer itself, and by all its rules unless it is made to write `change` too."""

        def opened(octets: bytes) -> IncrementalPdfFileWriter:
            writer = _open(octets)
            if change is not None:
                change(writer)
            return writer

        with patch.object(revision, "_open", opened):
            return self.office.sealer().seal(page, at=self.office.now)

    def judge(self, page: bytes, change: Change | None = None, **published: Any) -> tuple[Result, Result]:
        pdf = self.sealed(page, change)
        return self.judge_sealed(pdf, **published)

    def judge_sealed(self, pdf: bytes, *, record: dict[str, Any] | None = None, **bent: Any) -> Any:
        judge = PageJudge(bent.get("archive") or archive_of(*self.sets))
        checks = judge.compare(
            pdf, sealed_octets=sealed_octets(pdf), record=record or self.record, seal_text=self.code
        )
        return tuple(map(result, checks))


_open = revision._open  # noqa: SLF001 -- wrapped, so that a dishonest sealer can be played


def result(check: Check) -> Result:
    return check.outcome, check.facts["finding"]


def archive_of(*sets: TemplateSet, vouched: bool = True) -> TemplateArchive:
    files = {template_set_name(each.digest): encode_template_set(each) for each in sets}
    return TemplateArchive(Shelf(files), vouched=files if vouched else ())


@dataclass(frozen=True)
class Shelf:
    """A published root of these files."""

    files: dict[str, bytes]

    def read(self, name: str, *, max_bytes: int = 0) -> bytes | None:
        del max_bytes
        return self.files.get(name)

    def names(self, _folder: str, _suffix: str) -> None:
        return None


def paper_of(named: TemplateSet, office: Office) -> Paper:
    record = birth(NUMBER)
    record["document"]["template"] = named.digest
    code = office.seal_code(office.claims(record))
    return Paper(office=office, record=record, code=code, sets=(named,))
