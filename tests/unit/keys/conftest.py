"""Keyrings over cheap key files, a clock that is set by hand, and what each purpose signs."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from keys.classes import KeyClass
from keys.forms import log_head
from keys.guard import GuardedKeyring
from keys.key_file import ScryptCost
from keys.register import Register
from keys.signer import Purpose
from keys.software import SoftwareCustody
from keys.use_log import UseLog
from signing.formats.cbor import encode_cbor
from signing.formats.cose import protect, to_be_signed

MORNING = datetime(2026, 3, 1, 8, tzinfo=UTC)


@dataclass
class HandClock:
    """Shows what it was set to."""

    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> datetime:
        self.now += by
        return self.now


@dataclass
class Place:
    """Where one keyring lies; opening it again is what another process does."""

    root: Path
    clock: HandClock
    opened: list[GuardedKeyring] = field(default_factory=list)
    registers: list[Register] = field(default_factory=list)
    logs: list[dict[KeyClass, UseLog]] = field(default_factory=list)

    @property
    def register(self) -> Path:
        return self.root / "keys.db"

    def log(self, key_class: KeyClass) -> Path:
        return self.root / "use-log" / f"{key_class}.db"

    def custody(self) -> SoftwareCustody:
        return SoftwareCustody(
            self.root / "keys", lambda: b"correct horse battery", cost=ScryptCost(n=2, p=1)
        )

    def open(self, custody: Any = None, classes: tuple[KeyClass, ...] = tuple(KeyClass)) -> GuardedKeyring:
        self.registers.append(Register(self.register))
        self.logs.append({each: UseLog(self.log(each)) for each in classes})
        keyring = GuardedKeyring(
            custody or self.custody(),
            register=self.registers[-1],
            logs=self.logs[-1],
            clock=self.clock,
            backend="software",
        )
        self.opened.append(keyring)
        return keyring


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def place(tmp_path: Path, clock: HandClock) -> Iterator[Place]:
    place = Place(tmp_path, clock)
    yield place
    for keyring in place.opened:
        keyring.close()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(key: Any, *, issuer: Any, authority: bool, names_issuer: bool = True) -> bytes:
    """To be signed; `issuer` is a public key."""
    throwaway = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name("whoever"))
        .issuer_name(_name("authority"))
        .public_key(key)
        .serial_number(7)
        .not_valid_before(MORNING)
        .not_valid_after(MORNING + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if names_issuer:
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False
        )
    return builder.sign(throwaway, hashes.SHA256()).tbs_certificate_bytes


def _self_certificate(key: Any) -> bytes:
    throwaway = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name("root"))
        .issuer_name(_name("root"))
        .public_key(key)
        .serial_number(1)
        .not_valid_before(MORNING)
        .not_valid_after(MORNING + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    return builder.sign(throwaway, hashes.SHA256()).tbs_certificate_bytes


def _list(issuer: Any) -> bytes:
    throwaway = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(_name("authority"))
        .last_update(MORNING)
        .next_update(MORNING + timedelta(days=1))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_revoked_certificate(
            x509.RevokedCertificateBuilder(serial_number=9, revocation_date=MORNING).build()
        )
    )
    return builder.sign(throwaway, hashes.SHA256()).tbs_certlist_bytes


def _request_info(key: Any) -> bytes:
    """A request for `key`'s certificate, as cryptography writes it with another key's signature."""
    throwaway = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name("whoever"))
    info = builder.sign(throwaway, hashes.SHA256()).tbs_certrequest_bytes
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    theirs, ours = (each.public_bytes(*form) for each in (throwaway.public_key(), key))
    return info.replace(theirs, ours)


def _attributes(content_type: str) -> bytes:
    """As asn1crypto writes them."""
    certificate = tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2({"cert_hash": bytes(32)})]})
    return bytes(
        cms.CMSAttributes(
            [
                cms.CMSAttribute({"type": "content_type", "values": [content_type]}),
                cms.CMSAttribute({"type": "message_digest", "values": [bytes(32)]}),
                cms.CMSAttribute({"type": "signing_certificate_v2", "values": [certificate]}),
            ]
        ).dump()
    )


def _response_data() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name("a"))
        .issuer_name(_name("a"))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(MORNING)
        .not_valid_after(MORNING + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=certificate,
            issuer=certificate,
            algorithm=hashes.SHA256(),
            cert_status=ocsp.OCSPCertStatus.GOOD,
            this_update=MORNING,
            next_update=MORNING + timedelta(days=1),
            revocation_time=None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
        .sign(key, hashes.SHA256())
        .tbs_response_bytes
    )


def _specimen(purpose: Purpose, key: Any) -> bytes:  # noqa: C901, PLR0911  (one answer for each purpose)
    """What a key of this purpose signs."""
    match purpose:
        case Purpose.ROOT:
            return _self_certificate(key)
        case Purpose.ISSUING:
            return _certificate(key, issuer=key, authority=False)
        case Purpose.SEAL | Purpose.OFFICER:
            return _attributes("data")
        case Purpose.TIMESTAMP:
            return _attributes("tst_info")
        case Purpose.OCSP:
            return _response_data()
        case Purpose.SEAL_CODE:
            origin = b"WATHIQA1 https://verify.wathiqa.example"
            claims = encode_cbor({4: 2, 6: 1, -65537: [3, 0, 1, 260000000017, 1, "ش"], -65538: bytes(16)})
            return to_be_signed(protect({4: bytes(4)}), claims, external_aad=origin)
        case Purpose.STATUS:
            claims = encode_cbor({2: "https://v/status/0.cwt", 65533: {"bits": 2, "lst": b"\0"}, 65534: 1})
            return to_be_signed(protect({4: bytes(4), 16: "application/statuslist+cwt"}), claims)
        case Purpose.TRUST_LIST:
            return to_be_signed(
                protect({16: "application/wathiqa-trust-list+cwt", 33: b"certificate"}),
                encode_cbor({4: 2, 6: 1, -65539: {"version": 1}}),
            )
        case Purpose.LOG:
            return log_head("seals", 12, bytes(32))
        case Purpose.ANSWER:
            header = b'{"alg":"ES256","kid":"%s","typ":"wathiqa-verifications+jwt"}' % (b"k" * 43)
            parts = (header, b'{"iat":1,"verifications":[]}')
            return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)


@pytest.fixture(scope="session")
def specimen() -> Callable[[Purpose, Any], bytes]:
    """What a key of a purpose signs, by its public key."""
    return _specimen


@dataclass(frozen=True)
class Makers:
    """What other makers' builders write to be signed."""

    certificate: Callable[..., bytes]
    own_certificate: Callable[[Any], bytes]
    revocation_list: Callable[[Any], bytes]
    request: Callable[[Any], bytes]
    attributes: Callable[[str], bytes]


@pytest.fixture(scope="session")
def makers() -> Makers:
    return Makers(_certificate, _self_certificate, _list, _request_info, _attributes)
