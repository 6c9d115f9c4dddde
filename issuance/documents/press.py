"""From an intent to a sealed file that our own verifier has passed. No database, no disk.

    seal code → render (with its QR) → seal (with its time-stamp) → gate

Everything a file says comes from the intent. Pressing the same intent again gives the
same page but for the seal code's own signature, so a crash in between costs nothing.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol

from issuance.documents.embedding import end_of_day
from issuance.documents.history import MadeFile
from issuance.documents.models import Document
from issuance.errors import IssuanceError
from issuance.rendering.renderer import Renderer
from signing.formats.canonical_json import JsonValue
from signing.formats.claims import SealClaims, record_digest
from signing.formats.pades_level import Level
from signing.formats.profiles import profile_of_kind, seal_fields
from signing.rendering.symbol import SealSymbol
from verify.verdict import Agreement, DocumentStatus, Indication, ValidationReport


class GateRefused(IssuanceError):
    """Our own verifier does not pass the sealed file; it never leaves the service."""

    code: ClassVar[str] = "gate-refused"
    ar: ClassVar[str] = "لم تجتز الوثيقة فحص ما قبل التسليم. أُوقفت المعاملة إلى أن يُعالَج السبب."
    en: ClassVar[str] = (
        "The document did not pass the check before release. The request is held until this is mended."
    )


class NoSeal(IssuanceError):
    """No seal was made for the agency that a document is to be issued by."""

    code: ClassVar[str] = "agency-without-seal"
    ar: ClassVar[str] = "ليس للجهة {agency} ختم في هذا النظام."
    en: ClassVar[str] = "The agency {agency} has no seal in this service."


class SealsCodes(Protocol):
    """Signs seal codes in the name of one agency."""

    def sign(self, claims: SealClaims) -> "SignedCode":
        """The code as it goes into the symbol."""


class SignedCode(Protocol):
    """A seal code in the parts a symbol is written from."""

    @property
    def text(self) -> str:
        """The whole text."""

    @property
    def prefix(self) -> str:
        """The address, up to and with `#`."""

    @property
    def digits(self) -> str:
        """The digits behind it."""


class SealsFiles(Protocol):
    """Seals PDF files in the name of one agency."""

    def seal(self, pdf: bytes, *, at: datetime, level: Level) -> bytes:
        """The sealed file."""

    def renew(self, pdf: bytes, *, sealed_octets: int, at: datetime) -> bytes:
        """A sealed file with one more time-stamp over all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencySeal:
    """All that seals in the name of one agency."""

    code: int  # in the trust list's table of agencies
    files: SealsFiles
    codes: SealsCodes


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """A document's file, ready to be stored."""

    pdf: bytes
    seal_text: str
    made: MadeFile
    timings: dict[str, int]  # microseconds per stage


@dataclass(slots=True)
class Stopwatch:
    """Microseconds spent, stage by stage."""

    spent: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Measure one stage."""
        started = time.perf_counter_ns()
        try:
            yield
        finally:
            self.spent[stage] = self.spent.get(stage, 0) + (time.perf_counter_ns() - started) // 1000


Validate = Callable[[bytes, datetime], ValidationReport]
"""Our own verifier, with the trust that the public has."""


class Press:
    """Makes sealed files from intents; one for the process, shared by its threads.

    Args:
        renderer: makes pages.
        seals: by agency name.
        validate: the gate.
    """

    def __init__(self, *, renderer: Renderer, seals: Mapping[str, AgencySeal], validate: Validate) -> None:
        self._renderer, self._seals, self._validate = renderer, seals, validate

    def template_digest(self) -> str:
        """The template set that pages are made with."""
        return self._renderer.template_digest()

    def check_printable(self, value: JsonValue, *, field: str) -> None:
        """See `Renderer.check_printable`."""
        self._renderer.check_printable(value, field=field)

    def press(self, document: Document, *, at: datetime, level: Level) -> SealedFile:
        """The sealed and checked file of an intent.

        Raises:
            NoSeal: nobody seals for its agency.
            GateRefused: the verifier does not pass it.
            UnrenderableText, TemplateFailed: the page cannot be made.
            SealingError, UnsealableValue, SealCodeTooLarge, ClaimsError, KeyCustodyError, CaError,
                TrustError: as they are raised; `issuance/requests/stoppages.py` has words for each.
        """
        watch, agency = Stopwatch(), self._seals.get(document.agency)
        if agency is None:
            raise NoSeal(agency=document.agency)
        embedded: dict[str, JsonValue] = json.loads(document.record)
        with watch("seal-code"):
            code = agency.codes.sign(seal_claims(document, embedded, agency=agency.code))
        with watch("render"):
            page = self._renderer.render(
                embedded,
                SealSymbol(prefix=code.prefix, digits=code.digits),
                at=document.intended_at,
            )
        with watch("seal"):
            pdf = agency.files.seal(page, at=at, level=level)
        with watch("gate"):
            report = self._validate(pdf, at)
            _pass_gate(report, document, level)
        return SealedFile(
            pdf=pdf,
            seal_text=code.text,
            made=made_file(report, size=len(pdf)),
            timings=watch.spent,
        )


def seal_claims(document: Document, embedded: dict[str, JsonValue], *, agency: int) -> SealClaims:
    """What the seal code of this document claims."""
    profile = profile_of_kind(document.kind)
    return SealClaims(
        issued_at=document.intended_at.replace(microsecond=0),
        expires_at=end_of_day(document.valid_until),
        profile=profile.code,
        status_list=document.status_list,
        status_index=document.status_index,
        number=document.number,
        agency=agency,
        fields=seal_fields(profile, embedded),
        record_digest=record_digest(embedded),
    )


def made_file(report: ValidationReport, *, size: int) -> MadeFile:
    """What the book keeps of a file that our own verifier has passed.

    Raises:
        GateRefused: it has not.
    """
    until, level = report.signature.judgeable_until, report.level
    if not report.is_sound or until is None or level is None:
        failed = ", ".join(check.code for check in report.checks if check.outcome != "passed")
        raise GateRefused(number=report.document.number, indication=report.indication.value, failed=failed)
    return MadeFile(
        sha256=report.sha256,
        size=size,
        level=level,
        judgeable_until=until,
        algorithms=report.signature.algorithms,
    )


def _pass_gate(report: ValidationReport, document: Document, level: Level) -> None:
    # Before release the register says "not issued"; everything else must already hold.
    before_release = report.status in {DocumentStatus.NOT_ISSUED, DocumentStatus.UNKNOWN}
    if (
        report.indication is Indication.TOTAL_PASSED
        and report.agreement is Agreement.AGREES
        and (before_release or report.status is DocumentStatus.VALID)
        and report.document.number == document.number
        and report.level is level
    ):
        return
    failed = ", ".join(check.code for check in report.checks if check.outcome != "passed")
    raise GateRefused(number=document.number, indication=report.indication.value, failed=failed)
