"""Whatever stops a stage holds the request under a code and in words; then it can go on."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from requests_world import MADE, NOON, World, staff
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

import ca
import keys
import signing
from ca import errors as ca_errors
from ca.ceremony import errors as ceremony_errors
from ca.timestamp_request import Failure, RequestRefused
from issuance.documents.book import reserve, save_intent
from issuance.documents.files import FileStore
from issuance.documents.models import Document
from issuance.documents.press import NoSeal, Press, SealedFile
from issuance.registries.errors import RegistryUnavailable
from issuance.rendering.errors import TemplateFailed, UnrenderableText
from issuance.requests.fulfilment import Fulfilment
from issuance.requests.lifecycle import Event, State
from issuance.requests.models import Request, requests
from issuance.requests.parts import Parts
from issuance.requests.stoppages import stoppage_of
from keys import errors as key_errors
from signing.formats.cbor import CborError
from signing.formats.claims import ClaimsError
from signing.formats.cose import CoseError
from signing.formats.fields import UnsealableValue
from signing.formats.pades_level import Level
from signing.formats.seal_code import SealCodeTooLarge
from signing.pades import errors as pades
from signing.rendering import errors as rendering_errors
from verify.trust import RolledBack, TrustRefused, TrustUnavailable

ROOT = Path(__file__).parents[3]
KEY = {"key_id": "seal-civil-registry"}
STOPS: dict[str, Exception] = {
    "seal-certificate-not-valid": pades.OutsideValidity("2026-11-22T12:00Z is outside its validity"),
    "seal-certificate-unfit": pades.UnfitCertificate("the certificate is about another key"),
    "page-not-sealable": pades.UnsealableDocument("the file is encrypted"),
    "time-stamp-unfit": pades.UnfitTimeStamp("the token is about something else"),
    "sealing-failed": pades.SealingError(),
    "field-not-sealable": UnsealableValue("record.child.given_name.ar", "is absent"),
    "seal-code-too-large": SealCodeTooLarge(1300),
    "seal-code-impossible": ClaimsError("expires before it is issued"),
    "time-stamp-refused": RequestRefused(Failure.TIME_NOT_AVAILABLE, "the clock has gone back"),
    "published-files-refused": TrustRefused("trust-list.cwt", "its signature is wrong"),
    "unrenderable-text": UnrenderableText(field="record.child.given_name.ar", character="\U000130b8"),
    "template-failed": TemplateFailed(kind="birth", diagnostic="error: …"),
    "agency-without-seal": NoSeal(agency="ministry-of-nothing"),
    "key-wrong-purpose": key_errors.WrongPurpose(**KEY, purpose="seal", asked="status"),
    "key-unsupported-use": key_errors.UnsupportedUse(**KEY, reason="another hash"),
    "key-not-found": key_errors.KeyNotFound(**KEY),
    "key-refused": key_errors.KeyRefused(**KEY, reason="its file was changed"),
    "key-passphrase-missing": key_errors.PassphraseMissing(place="state/key-passphrase"),
    "ca-certificate-revoked": ca_errors.CertificateRevoked(name="seal-civil-registry"),
    "ca-certificate-not-found": ca_errors.CertificateNotFound(serial_number="seal-x"),
    "ca-authority-expired": ca_errors.AuthorityExpired(name="ocsp"),
    "ca-crl-not-monotone": ca_errors.CrlNotMonotone(issuer="root", number=2),
    "ca-signature-wrong": ca_errors.SignatureWrong(key_id="root"),
    "ca-clock-wrong": ca_errors.ClockWrong(name="root"),
    "ca-root-list-ended": ceremony_errors.RootListEnded(ended="2027-11-22"),
    "ca-ceremony-needed": ceremony_errors.CeremonyNeeded(missing="issuing", act="certify issuing"),
    "internal": KeyError("a defect"),
}
PASSES: dict[str, Exception] = {
    "key-unavailable": key_errors.KeyUnavailable(**KEY, reason="the token was pulled out"),
    "storage-unavailable": PermissionError("no"),
    "database-unavailable": OperationalError("SELECT 1", None, Exception("locked")),
    "registry-unavailable": RegistryUnavailable("civil-registry"),
    "published-files-missing": TrustUnavailable("trust-list.cwt", "is not there"),
}


class FragilePress:
    """Raises what it is given, once each; then presses."""

    def __init__(self) -> None:
        self.troubles: list[Exception] = []

    def template_digest(self) -> str:
        return "0" * 64

    def press(self, document: Document, *, at: datetime, level: Level) -> SealedFile:
        del document, at, level
        if self.troubles:
            raise self.troubles.pop(0)
        return SealedFile(pdf=b"%PDF-1.7", seal_text="x", made=MADE, timings={})


class Quiet:
    """Statuses and courier that have nothing to say."""

    def publish(self) -> int:
        return 0


@pytest.fixture
def press() -> FragilePress:
    return FragilePress()


@pytest.fixture
def fulfilment(world: World, press: FragilePress, tmp_path: Path) -> Fulfilment:
    return Fulfilment(_parts(world, press, tmp_path))


def _parts(world: World, press: Any, folder: Path) -> Parts:
    quiet: Any = Quiet()
    return Parts(
        engine=world.engine,
        clock=lambda: world.now,
        catalogue=world.catalogue,
        registers=world.registers,
        press=press,
        files=FileStore(folder / "documents"),
        statuses=quiet,
        treasury=world.till,
        courier=quiet,
        verify_origin="https://verify.wathiqa.example",
    )


def _intended(world: World) -> Request:
    """A request whose document is about to be sealed."""
    request = world.submitted()
    with world.engine.begin() as connection:
        save_intent(
            connection,
            reserve(connection, at=NOON),
            kind="birth",
            agency=request.agency,
            request_number=request.number,
            record=b"{}",
            template_digest="0" * 64,
            valid_until=date(2027, 2, 20),
            at=NOON,
        )
        connection.execute(update(requests).values(state=State.INTENDED.value))
    return world.load(request)


@pytest.mark.parametrize("code", [*STOPS, *PASSES])
def test_what_stops_a_stage_holds_the_request_and_it_can_be_resumed(
    world: World, fulfilment: Fulfilment, press: FragilePress, code: str
) -> None:
    request = _intended(world)
    trouble = {**STOPS, **PASSES}[code]
    press.troubles.append(trouble)

    with pytest.raises(type(trouble)) as raised:
        fulfilment.run(request.number, State.INTENDED)
    stopped = stoppage_of(raised.value)
    held = fulfilment.hold(request.number, State.INTENDED, code=stopped.code, words=stopped.words)

    assert held is State.HELD
    step = world.timeline(request)[-1]
    assert step.event is Event.HOLD
    assert step.facts == {"code": code, "ar": stopped.words.ar, "en": stopped.words.en}
    assert stopped.may_pass == (code in PASSES)
    resumed = world.move("resume", request, actor=staff("hind"))
    assert resumed.state is State.INTENDED
    assert world.called[-1] == (request.number, State.INTENDED, resumed.attempt)
    assert fulfilment.run(request.number, State.INTENDED) is State.SEALED


@pytest.mark.parametrize("code", [*STOPS, *PASSES])
def test_the_words_are_for_an_officer(code: str) -> None:
    words = stoppage_of({**STOPS, **PASSES}[code]).words
    assert re.search(r"[\u0600-\u06ff]{3}", words.ar)
    assert words.en.endswith(".")
    assert "…" not in words.ar + words.en, "every fact that a sentence names is filled in"
    assert not re.search(r"Error|Exception|Traceback|<|PAdES|CMS|CBOR", words.en)


def test_another_agencys_seal_is_never_used() -> None:
    press = Press(renderer=_NOTHING, seals={}, validate=_NOTHING)
    with pytest.raises(NoSeal):
        press.press(_document("civil-registry"), at=NOON, level=Level.B_LT)


_NOTHING: Any = None


def _document(agency: str) -> Document:
    values = dict.fromkeys(Document.__slots__)
    return Document(**{**values, "agency": agency, "record": b"{}"})  # type: ignore[arg-type]


def _every_error(package: Any) -> Iterator[type[Exception]]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        for value in vars(importlib.import_module(found.name)).values():
            if isinstance(value, type) and issubclass(value, Exception) and value.__module__ == found.name:
                yield value


def test_no_error_of_keys_ca_or_signing_is_taken_for_a_defect() -> None:
    """But those that only reading a stranger's bytes, or publishing a list, can raise."""
    elsewhere = {
        "MemberError",
        "SealCodeError",
        "UnreadableSealCode",
        "UnknownSealVersion",
        "NotASuccessor",
        "NotOurForm",
        "NothingNew",
        "RenderingError",
        "BadTemplateSet",
        "UnknownStatus",
    }
    every = {error for package in (keys, ca, signing) for error in _every_error(package)}
    known = {type(error) for error in (*STOPS.values(), *PASSES.values())}
    known |= {CborError, CoseError, key_errors.KeyCustodyError, ca_errors.CaError, RolledBack}
    # The service's renderer tells these in its own words.
    known |= {
        rendering_errors.UnrenderableText,
        rendering_errors.SealTooLarge,
        rendering_errors.TemplateFailed,
    }
    unknown = {
        error.__name__
        for error in every - known
        if not issubclass(error, (key_errors.KeyCustodyError, ca_errors.CaError))
    }
    assert unknown == elsewhere


def test_each_code_says_what_to_do() -> None:
    """docs/operations/held-requests.md is the officers' and operators' list."""
    described = (ROOT / "docs/operations/held-requests.md").read_text("utf-8")
    missing = [code for code in (*STOPS, *PASSES) if f"`{code}`" not in described]
    assert missing == []
