"""An agency seals with a key of its own: the certificate it enrolled is understood by who verifies."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from installed_service import CIVIL, WORKERS, Town, certificate_request

from issuance.app import Gate
from issuance.documents.book import load_document
from issuance.documents.models import Document
from issuance.documents.press import GateRefused, Press
from issuance.identity.permissions import Permission, Role
from issuance.rendering.renderer import Renderer
from keys.signer import Algorithm, Purpose
from signing.formats.pades_level import Level
from signing.pades.revocation import RevocationData
from signing.pades.sealer import Sealer
from verify.documents import validate_document
from verify.trust import load_trust
from verify.verdict import Agreement, Indication, ValidationReport


@dataclass
class OutsideKey:
    """A seal key that the authority never saw."""

    key: ec.EllipticCurvePrivateKey
    key_id: str = "outside"
    purpose: Purpose = Purpose.SEAL
    algorithm: Algorithm = Algorithm.P256

    @property
    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self.key.public_key()

    def sign(self, data: bytes, *, purpose: Purpose) -> bytes:
        assert purpose is self.purpose
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))


class Outside:
    """An agency's own system: its key, its certificate, and what is published; nothing else of ours."""

    def __init__(self, town: Town, agency: str = CIVIL, *, officer: dict[str, str] | None = None) -> None:
        self.town, self.agency = town, agency
        self.signer = OutsideKey(ec.generate_private_key(ec.SECP256R1()))
        holder = {"system": "archive"} if officer is None else {"officer": officer}
        body = {"agency": agency, "request": certificate_request(self.signer.key), **holder}
        machine = town.machine(Permission.CERTIFICATES_APPLY, agency=agency)
        applicant = machine if officer is None else town.staff(Role.REGISTRATION_OFFICER, office="desk")
        number = town.post("/authority/applications", applicant, body, expect=201)["number"]
        for office in ("one", "two"):
            officer = town.staff(Role.REGISTRATION_OFFICER, office=office)
            issued = town.post(f"/authority/applications/{number}/approvals", officer)
        self.serial = issued["certificate"]
        self.reports: list[ValidationReport] = []

    def _published(self, name: str) -> bytes:
        return (self.town.layout.public / name).read_bytes()

    def seal(self, document: Document) -> bytes:
        """The document's file, rendered here for once, sealed there."""
        names = (self.serial, "issuing", "timestamp")
        leaf, issuing, _ = (
            x509.load_der_x509_certificate(self._published(f"certificates/{name}.cer")) for name in names
        )
        data = RevocationData(
            crls=tuple(self._published(f"crl/{name}.crl") for name in ("root", "issuing")),
            certificates=tuple(
                self._published(f"certificates/{name}.cer") for name in ("issuing", "root", "timestamp")
            ),
        )
        services = self.town.service.trust_services
        sealer = Sealer(self.signer, leaf, (issuing,), services.time_stamper.token, lambda _: data)
        seal = replace(services.seals()[CIVIL], files=sealer)
        press = Press(
            renderer=Renderer(),
            seals={document.agency: seal},
            validate=self._judged,
        )
        return press.press(document, at=self.town.clock(), level=Level.B_LT).pdf

    def _judged(self, pdf: bytes, at: datetime) -> ValidationReport:
        self.reports.append(Gate(self.town.layout.public)(pdf, at))
        return self.reports[-1]

    def judge(self, pdf: bytes) -> ValidationReport:
        """What anybody with the published files says."""
        at = self.town.clock()
        return validate_document(pdf, trust=load_trust(self.town.layout.public, at=at), at=at)


@pytest.fixture
def document(town: Town) -> Document:
    case = town.case()
    held = town.delivered(case, town.citizen(case.applicant))
    with town.engine.connect() as connection:
        return load_document(connection, held.number)


def test_a_document_sealed_with_an_enrolled_key_is_genuine_and_names_its_agency(
    town: Town, document: Document
) -> None:
    outside = Outside(town)
    town.later(seconds=1)
    report = outside.judge(outside.seal(document))
    assert (report.indication, report.agreement) == (Indication.TOTAL_PASSED, Agreement.AGREES)
    assert report.signature.organization_identifier == "GO:SY-CIVIL-REGISTRY"
    assert report.document.number == document.number


def test_another_agencys_enrolled_key_does_not_seal_for_this_one(town: Town, document: Document) -> None:
    outside = Outside(town, WORKERS)
    town.later(seconds=1)
    with pytest.raises(GateRefused):
        outside.seal(document)
    (report,) = outside.reports
    # The chain holds, and names who really sealed: not the agency that the code speaks of.
    assert report.indication is Indication.TOTAL_PASSED
    assert report.signature.organization_identifier == "GO:SY-WORKERS-REGISTER"
    assert report.agreement is not Agreement.AGREES


def test_an_officers_signature_is_no_seal_of_the_agency(town: Town, document: Document) -> None:
    """The certificate names the agency too, and its key may sign documents; the person is not the agency."""
    account = town.account(Role.REGISTRAR, national_number="99343456858")
    person = {"account": account, "given_name": "هند", "surname": "المثال", "identifier": "OF:SY-1042"}
    outside = Outside(town, officer=person)
    town.later(seconds=1)
    with pytest.raises(GateRefused):
        outside.seal(document)
    (report,) = outside.reports
    assert report.indication is not Indication.TOTAL_PASSED


def test_what_was_sealed_before_the_revocation_stands_and_nothing_after_it(
    town: Town, document: Document
) -> None:
    outside = Outside(town)
    town.later(minutes=5)
    before = outside.seal(document)
    town.later(minutes=5)
    body: dict[str, Any] = {"reason": "keyCompromise", "why": "the card was stolen"}
    path = f"/authority/certificates/{outside.serial}/revocation"
    town.post(path, town.staff(Role.SECURITY_OFFICER), body)
    town.later(minutes=5)

    with pytest.raises(GateRefused):
        outside.seal(document)
    assert outside.reports[-1].indication is not Indication.TOTAL_PASSED
    town.later(hours=2)
    assert outside.judge(before).indication is Indication.TOTAL_PASSED


def test_a_suspended_certificate_seals_nothing_until_it_is_released(town: Town, document: Document) -> None:
    outside, security = Outside(town), town.staff(Role.SECURITY_OFFICER)
    path, why = f"/authority/certificates/{outside.serial}", {"why": "the card is looked for"}
    town.later(minutes=5)
    town.post(f"{path}/suspension", security, why)
    town.later(minutes=1)
    with pytest.raises(GateRefused):
        outside.seal(document)
    town.post(f"{path}/release", security, why)
    town.later(minutes=10)
    assert outside.judge(outside.seal(document)).indication is Indication.TOTAL_PASSED
