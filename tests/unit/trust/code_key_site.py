"""An installation of which only the keys of codes and the trust list are there; all times are chosen."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ca.hierarchy import Credential
from issuance.agencies import AGENCIES
from issuance.code_keys import CODE_KEY_SIGNS_FOR, CodeKeys, TrustListFile
from issuance.trust_bundle_publication import TrustBundlePublisher
from issuance.trust_list_publication import TrustListPublisher, seal_code_line
from keys.keyring import Keyring
from keys.signer import Purpose
from signing.formats.claims import SealClaims
from signing.formats.document_number import make_document_number
from signing.formats.profiles import profile_of_kind, seal_fields
from signing.formats.seal_code import parse_seal_code
from signing.formats.status_list import Status, StatusList, status_list_name
from signing.formats.trust_bundle import FILE_NAME as BUNDLE_FILE
from signing.formats.trust_bundle import Bundle
from signing.formats.trust_list import FILE_NAME, TRUST_LIST_SIGNING, SealKey, TrustList, parse_trust_list
from signing.seal_codes import SealCodeSigner, key_identifier, require_p256
from signing.status_lists import StatusListSigner
from verify.reasons import Reason
from verify.seal import validate_seal_code
from verify.trust import load_trust

ORIGIN = "https://verify.wathiqa.example"
START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
AGENCY = AGENCIES[0]
LINE = seal_code_line(AGENCY.id)
_PROFILE = profile_of_kind("refusal-notice")
_WORDS = {"ar": "كلمات", "en": "words"}
_PERSON = {"full_name": _WORDS, "national_number": "99010000123"}
_NOTICE: dict[str, Any] = {
    "kind": "refusal-notice",
    "record": {
        "request_number": "R-26-7K3M9QXA-4",
        "service": _WORDS,
        "applicant": _PERSON,
        "subject": _PERSON,
        "reason": {"code": "divorce-incomplete", **_WORDS},
        "refund": {"minor": 150050, "currency": "SYP"},
        "remedy": _WORDS,
    },
}


@dataclass
class CodeKeySite:
    """A folder; each `open` is another process."""

    root: Path
    open_keyring: Callable[..., Keyring]
    now: datetime = START
    entries: StatusList = field(default_factory=StatusList.not_issued)

    def __post_init__(self) -> None:
        self.keyring = self.open_keyring(self.root, lambda: self.now)
        self.root_key = ec.generate_private_key(ec.SECP256R1())
        self.root_certificate = self._certify("Root", self.root_key.public_key(), is_authority=True)
        signer = self.keyring.obtain("trust-list", purpose=Purpose.TRUST_LIST, at=self.now)
        assert isinstance(signer.public_key, ec.EllipticCurvePublicKey)
        self.signer = Credential(
            name="trust-list",
            certificate=self._certify("Trust list", signer.public_key, is_authority=False),
            signer=signer,
            chain=(self.root_certificate,),
        )
        self.public.mkdir(parents=True)
        (self.public / "root.pem").write_bytes(self.root_certificate.public_bytes(Encoding.PEM))
        self.publish_root_crl()
        self.code_keys = self.make_code_keys()
        self.code_keys.establish(at=self.now)
        self.entries.set(7, Status.VALID)

    def publish_root_crl(self, *, number: int = 1, revoked: int | None = None) -> None:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.root_certificate.subject)
            .last_update(self.now)
            .next_update(datetime(2060, 1, 1, tzinfo=UTC))
            .add_extension(x509.CRLNumber(number), critical=False)
        )
        if revoked is not None:
            entry = x509.RevokedCertificateBuilder().serial_number(revoked).revocation_date(self.now).build()
            builder = builder.add_revoked_certificate(entry)
        crl = builder.sign(self.root_key, hashes.SHA256())
        (self.public / "crl").mkdir(exist_ok=True)
        (self.public / "crl" / "root.crl").write_bytes(crl.public_bytes(Encoding.DER))

    @property
    def public(self) -> Path:
        return self.root / "public"

    @property
    def kept(self) -> Path:
        return self.root / FILE_NAME

    def make_code_keys(self, *, signs_for: timedelta = CODE_KEY_SIGNS_FOR) -> CodeKeys:
        return CodeKeys(
            keyring=self.open_keyring(self.root, lambda: self.now),
            agencies=AGENCIES,
            published=TrustListFile(self.public / FILE_NAME),
            kept=TrustListFile(self.kept),
            verify_origin=ORIGIN,
            signs_for=signs_for,
        )

    def reopen(self) -> None:
        """Another process."""
        self.keyring = self.open_keyring(self.root, lambda: self.now)
        self.code_keys = self.make_code_keys()

    def later(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now

    def publish(self, *, compromised: Collection[str] = ()) -> TrustList:
        publisher = TrustListPublisher(
            path=self.public / FILE_NAME,
            kept=self.kept,
            verify_origin=ORIGIN,
            agencies=AGENCIES,
            keyring=self.keyring,
        )
        return publisher.publish((), signer=self.signer, at=self.now, compromised=compromised)

    def bundle(self) -> Bundle:
        """Publish the bundle of what is published."""
        publisher = TrustBundlePublisher(
            public=self.public, kept=self.root / BUNDLE_FILE, verify_origin=ORIGIN
        )
        return publisher.publish(signer=self.signer, at=self.now)

    def publish_all(self) -> Bundle:
        """Trust list, statuses, and the bundle of both."""
        self.publish()
        self.publish_status()
        return self.bundle()

    def make_round(self) -> None:
        """What housekeeping does."""
        self.code_keys.tend(at=self.now)
        self.publish()

    def pass_days(self, days: int, *, step: int = 5) -> None:
        """Rounds, often enough that nothing expires."""
        end = self.now + timedelta(days=days)
        while self.now < end:
            self.now = min(end, self.now + timedelta(days=step))
            self.make_round()

    def withdraw(self, key_id: str = LINE) -> None:
        self.code_keys.withdraw(key_id, publish=lambda found: self.publish(compromised=found), at=self.now)

    def publish_status(self, content: bytes | None = None) -> None:
        path = self.public / status_list_name(1)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content or self.code_keys.status_lists().sign(1, self.entries, self.now))

    def listed(self) -> TrustList:
        return parse_trust_list((self.public / FILE_NAME).read_bytes()).trust_list

    def seal_keys(self) -> list[SealKey]:
        return [key for key in self.listed().seal_keys if key.agency == AGENCY.code]

    def claims(self, at: datetime) -> SealClaims:
        return SealClaims(
            issued_at=at.replace(microsecond=0),
            expires_at=datetime(2060, 1, 1, tzinfo=UTC),
            profile=_PROFILE.code,
            status_list=1,
            status_index=7,
            number=make_document_number(2026, 1),
            agency=AGENCY.code,
            fields=seal_fields(_PROFILE, _NOTICE),
            record_digest=bytes(16),
        )

    def code(self, at: datetime | None = None) -> str:
        return self.code_keys.seal_codes(AGENCY).sign(self.claims(at or self.now)).text

    def reason(self, text: str, at: datetime | None = None) -> Reason:
        at = at or self.now
        return validate_seal_code(text, trust=load_trust(self.public, at=at), at=at).reason

    def generation(self, text: str) -> int:
        """Which generation signed a code."""
        kid = parse_seal_code(text).kid
        (found,) = [
            record.generation
            for record in self.keyring.generations(LINE)
            if key_identifier(require_p256(record)) == kid
        ]
        return found

    def forge(self, stolen: Any, at: datetime) -> str:
        """What a thief makes with a seal-code key."""
        kid = key_identifier(stolen.public_key)
        return SealCodeSigner(signer=stolen, kid=kid, verify_origin=ORIGIN).sign(self.claims(at)).text

    def forge_list(self, stolen: Any, at: datetime) -> bytes:
        """What a thief makes with a status key."""
        kid = key_identifier(stolen.public_key)
        return StatusListSigner(signer=stolen, kid=kid, verify_origin=ORIGIN).sign(1, self.entries, at)

    def private(self, key_id: str) -> Any:
        """The key itself, as a thief has it: no register, no log, no clock stops him."""
        signer: Any = self.keyring.load(key_id)
        return signer._backend  # noqa: SLF001  (what is stolen is not asked for)

    def _certify(
        self, name: str, public_key: ec.EllipticCurvePublicKey, *, is_authority: bool
    ) -> x509.Certificate:
        def named(common: str) -> x509.Name:
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])

        builder = (
            x509.CertificateBuilder()
            .subject_name(named(name))
            .issuer_name(named("Root"))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(START - timedelta(days=1))
            .not_valid_after(START + timedelta(days=365 * 40))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if not is_authority:
            builder = builder.add_extension(x509.ExtendedKeyUsage([TRUST_LIST_SIGNING]), critical=True)
        return builder.sign(self.root_key, hashes.SHA256())
