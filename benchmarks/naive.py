"""The same work done the obvious way: nothing kept from one document to the next.

Each line does one thing twice over the same documents: as the service does it, and as a
first attempt with the same libraries would.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import qrcode
from qrcode.util import QRData

from benchmarks.desk import approved_requests, finish
from benchmarks.figures import Row, Table, median
from benchmarks.other_makers import PyhankoSealing, pyhanko_validate
from benchmarks.site import Site, opened
from issuance.app import Service
from issuance.custody import passphrase_source
from issuance.documents.book import documents_of_request
from issuance.documents.models import Document
from issuance.documents.press import AgencySeal, seal_claims
from issuance.rendering.renderer import Renderer
from keys.software import SoftwareCustody
from signing.formats.claims import SealClaims
from signing.formats.pades_level import Level
from signing.rendering.symbol import SealSymbol, draw
from signing.seal_codes import SealCodeSigner, key_identifier
from verify.documents import DocumentJudge
from verify.trust import load_trust

NAME = "naive"
SAMPLES = 21
WARM_UP = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One document with what each step of making it takes and gives."""

    document: Document
    agency: AgencySeal
    embedded: dict[str, Any]
    symbol: SealSymbol
    page: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A thing to do, as we do it and as a first attempt does."""

    label: str
    ours: Callable[[Sample], object]
    naive: Callable[[Sample], object]


def measure(site: Site) -> Table:
    """Milliseconds of both ways, and how many times ours is faster."""
    service = opened(site.copy(NAME))
    samples = _samples(service, site)
    pairs = _pairs(service)
    advance = site.step("ours and the naive way")
    rows = []
    for done, pair in enumerate(pairs, start=1):
        ours, naive = _milliseconds(pair.ours, samples), _milliseconds(pair.naive, samples)
        rows.append(Row(label=pair.label, cells=(ours, naive, naive / ours)))
        advance(done, len(pairs))
    return Table(
        name=NAME,
        title=f"The naive way beside ours (median of {len(samples)} documents)",
        columns=("ours, ms", "naive, ms", "times"),
        rows=tuple(rows),
    )


def _pairs(service: Service) -> tuple[Pair, ...]:
    layout, at = service.layout, service.parts.clock()
    renderer, judge = Renderer(), DocumentJudge(load_trust(layout.public, at=at))
    other = PyhankoSealing(service)
    return (
        Pair(
            label="sign one seal code: key held in memory | key file opened for each document",
            ours=lambda sample: sample.agency.codes.sign(_claims(sample)),
            naive=lambda sample: _sign_with_opened_key(service, sample),
        ),
        Pair(
            label="QR symbol: one mask, places known | qrcode as it comes",
            ours=lambda sample: draw(sample.symbol),
            naive=lambda sample: _write_by_qrcode(sample.symbol),
        ),
        Pair(
            label="render: one compiler | a new compiler for each document",
            ours=lambda sample: _render(renderer, sample),
            naive=lambda sample: _render(Renderer(), sample),
        ),
        Pair(
            label="seal B-LT: ours | pyHanko's signer with a new validation context",
            ours=lambda sample: sample.agency.files.seal(sample.page, at=at, level=Level.B_LT),
            naive=lambda sample: other.seal(sample.page, sample.document.agency, at=at),
        ),
        Pair(
            label="verify: judge kept | a new judge, lists read anew, for each file",
            ours=lambda sample: judge.validate(sample.sealed, at=at),
            naive=lambda sample: _judge_anew(layout.public, sample.sealed, at),
        ),
        Pair(
            label="verify: our whole verdict | pyHanko's signature check alone, new validation context",
            ours=lambda sample: judge.validate(sample.sealed, at=at),
            naive=lambda sample: pyhanko_validate(sample.sealed, layout.public),
        ),
    )


def _samples(service: Service, site: Site) -> list[Sample]:
    count = min(SAMPLES, site.documents)
    numbers = approved_requests(service, count, site.step("paying requests"))
    advance = site.step("documents to compare with")
    seals, renderer = service.trust_services.seals(), Renderer()
    samples = []
    for number in numbers:
        finish(service, number)
        with service.parts.engine.connect() as connection:
            (document,) = documents_of_request(connection, number)
        samples.append(_sample(service, document, seals[document.agency], renderer))
        advance(len(samples), count)
    return samples


def _sample(service: Service, document: Document, agency: AgencySeal, renderer: Renderer) -> Sample:
    embedded = json.loads(document.record)
    code = agency.codes.sign(seal_claims(document, embedded, agency=agency.code))
    symbol = SealSymbol(prefix=code.prefix, digits=code.digits)
    page = renderer.render(embedded, symbol, at=document.intended_at)
    return Sample(
        document=document,
        agency=agency,
        embedded=embedded,
        symbol=symbol,
        page=page,
        sealed=service.parts.files.read(f"{document.number}.pdf"),
    )


def _claims(sample: Sample) -> SealClaims:
    return seal_claims(sample.document, sample.embedded, agency=sample.agency.code)


def _sign_with_opened_key(service: Service, sample: Sample) -> None:
    layout, agency = service.layout, sample.document.agency
    signer = SoftwareCustody(layout.keys, passphrase_source(layout)).load(f"seal-code-{agency}")
    kid = key_identifier(signer.public_key)
    codes = SealCodeSigner(signer=signer, kid=kid, verify_origin=service.settings.verify_origin)
    codes.sign(_claims(sample))


def _write_by_qrcode(symbol: SealSymbol) -> None:
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(QRData(symbol.prefix, mode=4))  # 8-bit
    code.add_data(QRData(symbol.digits, mode=1))  # numeric
    code.make(fit=True)


def _render(renderer: Renderer, sample: Sample) -> None:
    document = sample.document
    renderer.render(sample.embedded, sample.symbol, at=document.intended_at)


def _judge_anew(public: Path, sealed: bytes, at: datetime) -> None:
    DocumentJudge(load_trust(public, at=at)).validate(sealed, at=at)


def _milliseconds(task: Callable[[Sample], object], samples: Sequence[Sample]) -> float:
    for sample in samples[:WARM_UP]:
        task(sample)
    took = []
    for sample in samples:
        started = time.perf_counter()
        task(sample)
        took.append(1000 * (time.perf_counter() - started))
    return median(took)
