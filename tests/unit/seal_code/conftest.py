"""A small world with a root, two agencies, keys and published lists; all times are chosen here."""

import copy
import http.server
import mimetypes
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from keys.signer import Algorithm, Purpose, require_purpose
from signing.formats.claims import SealClaims, record_digest
from signing.formats.document_number import make_document_number
from signing.formats.profiles import PROFILES, profile_of_kind, seal_fields
from signing.formats.status_list import Status, StatusList, status_list_name
from signing.formats.trust_list import FILE_NAME, TRUST_LIST_SIGNING, Agency, SealKey, StatusKey, TrustList
from signing.seal_codes import SealCodeSigner, key_identifier
from signing.status_lists import StatusListSigner
from signing.trust_lists import sign_trust_list
from verify.publishing.publication import PAGE_HEADERS, publish_page
from verify.trust import Trust, load_trust

ORIGIN = "https://verify.wathiqa.example"
ISSUED = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
LISTED = ISSUED + timedelta(hours=3)
TODAY = ISSUED + timedelta(hours=6)


def text(ar: str, en: str = "in English") -> dict[str, str]:
    return {"ar": ar, "en": en}


PERSON: dict[str, Any] = {
    "national_number": "99010000123",
    "given_name": text("فاطمة"),
    "family_name": text("الحمصي"),
    "father_name": text("عبد الرحمن"),
    "mother_name": text("خديجة المصري"),
    "sex": "female",
    "birth_date": "1948-02-03",
    "birth_place": text("دمشق"),
    "nationality": "SY",
    "registration": {
        "governorate": "SY-DI",
        "civil_registry_office": text("أمانة دمشق المركزية"),
        "registry_place": text("الميدان"),
        "registry_number": "0123",
    },
}
EVENT: dict[str, Any] = {
    "registration_number": "4471",
    "registered_on": "1948-02-09",
    "date": "1948-02-03",
    "place": text("دمشق، مشفى المواساة"),
    "authority": text("المحكمة الشرعية بدمشق"),
    "document_number": "88",
    "document_date": "1948-02-05",
}
RECORDS: dict[str, dict[str, Any]] = {
    "individual-extract": {"person": PERSON, "marital_status": "widowed", "remarks": []},
    "family-extract": {
        "registration": PERSON["registration"],
        "head": PERSON | {"sex": "male", "given_name": text("أحمد")},
        "spouses": [PERSON | {"marriage_date": "1970-01-01"}],
        "children": [
            PERSON | {"given_name": text(name), "marital_status": "single", "birth_date": f"197{i}-05-06"}
            for i, name in enumerate(["محمد", "مريم", "يوسف", "زينب", "إبراهيم", "هدى"])
        ],
    },
    "birth": {"child": PERSON, "father": PERSON, "mother": PERSON, "event": EVENT | {"time": "04:05"}},
    "marriage": {"husband": PERSON | {"sex": "male"}, "wife": PERSON, "event": EVENT},
    "divorce": {
        "husband": PERSON,
        "wife": PERSON,
        "event": EVENT | {"type": text("طلاق بائن"), "marriage_date": "1940-01-02"},
    },
    "death": {"person": PERSON, "event": EVENT},
    "non-employment": {"person": PERSON, "statement": {"as_of": "2026-11-22", "result": "not-employed"}},
    "refusal-notice": {
        "request_number": "R-26-7K3M9QXA-4",
        "service": text("بيان طلاق"),
        "applicant": {"full_name": text("فاطمة الحمصي"), "national_number": "99010000123"},
        "subject": {"full_name": text("فاطمة الحمصي"), "national_number": "99010000123"},
        "reason": {"code": "divorce-incomplete", "ar": "لم تكتمل معاملة الطلاق بعد.", "en": "Not complete."},
        "refund": {"minor": 150050, "currency": "SYP"},
        "remedy": text("راجع المحكمة"),
    },
}


@dataclass
class MemorySigner:
    """A signer of the kind that custody lends, with its key in memory."""

    purpose: Purpose
    key_id: str = "test"
    algorithm: Algorithm = Algorithm.P256
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self.key.public_key()

    def sign(self, data: bytes, *, purpose: Purpose) -> bytes:
        require_purpose(self, purpose)
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))


def make_certificate(
    name: str,
    public_key: ec.EllipticCurvePublicKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    usage: x509.ObjectIdentifier | None = TRUST_LIST_SIGNING,
    is_authority: bool = False,
) -> x509.Certificate:
    def named(common_name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])

    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(ISSUED - timedelta(days=100))
        .not_valid_after(ISSUED + timedelta(days=700))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
    return builder.sign(issuer_key, hashes.SHA384())


@dataclass
class World:
    """Everything needed to seal, publish and judge; tests change one thing and look."""

    public: Path
    origin: str = ORIGIN
    root_key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP384R1())
    )
    seal: MemorySigner = field(default_factory=lambda: MemorySigner(Purpose.SEAL_CODE))
    status: MemorySigner = field(default_factory=lambda: MemorySigner(Purpose.STATUS))
    trust_signer: MemorySigner = field(default_factory=lambda: MemorySigner(Purpose.TRUST_LIST))
    entries: StatusList = field(default_factory=StatusList.not_issued)

    @property
    def kid(self) -> bytes:
        return key_identifier(self.seal.public_key)

    @property
    def anchor(self) -> bytes:
        return self.root_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def seal_key(self, **changes: Any) -> SealKey:
        key = SealKey(
            kid=self.kid,
            public_key=self.seal.public_key,
            agency=1,
            profiles=tuple(profile.code for profile in PROFILES),
            not_before=ISSUED - timedelta(days=30),
            not_after=ISSUED + timedelta(days=365),
        )
        return replace(key, **changes)

    def trust_list(self, **changes: Any) -> TrustList:
        made = TrustList(
            version=7,
            issued_at=ISSUED - timedelta(days=2),
            expires_at=ISSUED + timedelta(days=28),
            verify_origin=self.origin,
            agencies=(
                Agency(
                    code=1,
                    id="civil-registry",
                    ar="مديرية الأحوال المدنية",
                    en="Directorate of Civil Status",
                    organization_identifier="NTRSY-0041776",
                ),
                Agency(
                    code=2,
                    id="workers-register",
                    ar="سجل العاملين",
                    en="Workers' Register",
                    organization_identifier="GO:SY-WORKERS",
                ),
            ),
            seal_keys=(self.seal_key(),),
            status_keys=(
                StatusKey(
                    kid=key_identifier(self.status.public_key),
                    public_key=self.status.public_key,
                    not_before=ISSUED - timedelta(days=30),
                    not_after=ISSUED + timedelta(days=365),
                ),
            ),
        )
        return replace(made, **changes)

    def publish_root(self) -> None:
        root = make_certificate(
            "Root", self.root_key.public_key(), "Root", self.root_key, usage=None, is_authority=True
        )
        (self.public / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
        self.publish_root_crl()

    def publish_root_crl(self, *, number: int = 1, lasts: timedelta = timedelta(days=3650)) -> None:
        """With nothing revoked."""
        begins = ISSUED - timedelta(days=100)
        crl = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Root")]))
            .last_update(begins)
            .next_update(begins + lasts)
            .add_extension(x509.CRLNumber(number), critical=False)
            .sign(self.root_key, hashes.SHA384())
        )
        path = self.public / "crl" / "root.crl"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(crl.public_bytes(Encoding.DER))

    def publish_trust_list(self, certificate: x509.Certificate | None = None, **changes: Any) -> None:
        certificate = certificate or make_certificate(
            "Trust list", self.trust_signer.public_key, "Root", self.root_key
        )
        signed = sign_trust_list(
            self.trust_list(**changes), signer=self.trust_signer, certificate=certificate
        )
        (self.public / FILE_NAME).write_bytes(signed)

    def publish_status(self, status: Status | None = None, *, at: datetime = LISTED, number: int = 1) -> None:
        if status is not None:
            self.entries.set(self.claims().status_index, status)
        signer = StatusListSigner(
            signer=self.status, kid=key_identifier(self.status.public_key), verify_origin=self.origin
        )
        path = self.public / status_list_name(number)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(signer.sign(number, self.entries, at))

    def embedded(self, kind: str = "birth") -> dict[str, Any]:
        return {"kind": kind, "record": copy.deepcopy(RECORDS[kind])}

    def claims(self, kind: str = "birth", **changes: Any) -> SealClaims:
        embedded, profile = self.embedded(kind), profile_of_kind(kind)
        claims = SealClaims(
            issued_at=ISSUED,
            expires_at=datetime(2027, 2, 20, 20, 59, 59, tzinfo=UTC),
            profile=profile.code,
            status_list=1,
            status_index=77_777,
            number=make_document_number(2026, 1),
            agency=1,
            fields=seal_fields(profile, embedded),
            record_digest=record_digest(embedded),
        )
        return replace(claims, **changes)

    def seal_text(self, claims: SealClaims | None = None, *, origin: str | None = None) -> str:
        signer = SealCodeSigner(signer=self.seal, kid=self.kid, verify_origin=origin or self.origin)
        return signer.sign(claims or self.claims()).text

    def trust(self, *, at: datetime = TODAY) -> Trust:
        return load_trust(self.public, at=at)

    def publish(self) -> None:
        self.publish_root()
        self.publish_trust_list()
        self.publish_status(Status.VALID)

    def publish_page(self) -> None:
        publish_page(self.public, verify_origin=self.origin, trust_anchor_spki=self.anchor)


@pytest.fixture
def certify() -> Callable[..., x509.Certificate]:
    """Makes certificates under a root that a test chooses."""
    return make_certificate


@pytest.fixture
def world(tmp_path: Path) -> World:
    """One document issued, everything published."""
    made = World(public=tmp_path)
    made.publish()
    return made


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Drives the public page; a machine without a browser skips those tests.

    Of one module: while it runs, no other test in this thread may run an event loop.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no chromium on this machine: the public page is not driven")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
    expect.set_options(timeout=30_000)  # ms: a machine that is busy is no fault of the page's
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def page(world: World, chromium: Browser) -> Iterator[Page]:
    """A phone looking at the published page at its official address; nothing leaves the machine."""
    world.publish_page()
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, locale="ar-SY", service_workers="block"
    )
    context.route("**/*", lambda route: _answer(route, world))
    opened = context.new_page()
    opened.clock.set_fixed_time(TODAY)
    yield opened
    context.close()


def _answer(route: Route, world: World) -> None:
    if not route.request.url.startswith(f"{world.origin}/"):
        route.abort()
        return
    name = route.request.url.removeprefix(f"{world.origin}/").partition("#")[0] or "index.html"
    path = world.public / name[:200]
    if path.is_file():
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        route.fulfill(body=path.read_bytes(), content_type=kind, headers=PAGE_HEADERS)
    else:
        route.fulfill(status=404, body=(world.public / "404.html").read_bytes(), content_type="text/html")


class _Host(http.server.SimpleHTTPRequestHandler):
    seen: list[str]

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.seen.append(f"{self.path}\n{self.headers}")
        super().do_GET()


@pytest.fixture
def host(world: World) -> Iterator[Any]:
    """The published root behind a server of its own, on this machine; what it was asked is kept."""
    handler = type("Host", (_Host,), {"seen": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(world.public)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    world.origin = f"http://127.0.0.1:{server.server_port}"
    world.publish()
    world.publish_page()
    yield server, handler.seen  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()
