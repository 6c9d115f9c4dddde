"""An office that renders, seals and publishes in memory, for the judge to be tried on."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from sealing_pages import office_set, published_sets, render
from sealing_pki import IDENTIFIERS, NOW, Authority, KeySigner, Party, key

from keys.signer import Purpose
from signing.formats.canonical_json import encode_canonical_json
from signing.formats.claims import SealClaims, record_digest
from signing.formats.document_number import make_document_number
from signing.formats.pades_level import Level
from signing.formats.profiles import profile_of_kind, seal_fields
from signing.formats.status_list import Status, StatusClaims, StatusList
from signing.formats.trust_list import Agency, KeyState, SealKey, TrustList
from signing.pades.archive import Archivist
from signing.pades.revocation import RevocationData
from signing.pades.sealer import Sealer
from signing.seal_codes import SealCodeSigner, key_identifier
from verify.documents import DocumentJudge
from verify.files.structure import sealed_octets
from verify.trust import Trust
from verify.verdict import ValidationReport

ORIGIN = "https://verify.wathiqa.example"
AGENCIES = (
    # Nothing in an identifier can be guessed from the agency's name.
    Agency(
        code=1,
        id="civil-registry",
        ar="مديرية الأحوال المدنية",
        en="Directorate of Civil Status",
        organization_identifier=IDENTIFIERS["civil-registry"],
    ),
    Agency(
        code=2,
        id="workers-register",
        ar="سجل العاملين",
        en="Workers' Register",
        organization_identifier=IDENTIFIERS["workers-register"],
    ),
)


def text(ar: str, en: str) -> dict[str, str]:
    return {"ar": ar, "en": en}


def birth(number: str, *, agency: str = "civil-registry", given_name: str = "ليلى") -> dict[str, Any]:
    """A synthetic birth record as it is embedded."""
    place = text("دمشق", "Damascus")
    child = {
        "national_number": "99010000017",
        "given_name": text(given_name, "Layla"),
        "father_name": text("سامر", "Samer"),
        "family_name": text("الخطيب", "Al-Khatib"),
        "mother_name": text("هدى", "Huda"),
        "sex": "female",
        "registration": {
            "governorate": "SY-DI",
            "civil_registry_office": text("أمانة دمشق", "Damascus office"),
            "registry_place": text("الصالحية", "Salihiyya"),
            "registry_number": "123",
        },
    }
    event = {
        "registration_number": "4411",
        "registered_on": "2020-03-09",
        "date": "2020-03-01",
        "time": "04:30",
        "place": place,
        "remarks": [],
    }
    document = {
        "number": number,
        "issued_on": date(2026, 11, 22).isoformat(),
        "agency": agency,
        "template": office_set().digest,
        "check_code": "7KQ2M9XA4RTB",
    }
    return {"kind": "birth", "document": document, "record": {"child": child, "event": event}}


@dataclass
class Office:
    """Everything there is, bendable at every joint."""

    authority: Authority = field(default_factory=Authority)
    now: datetime = NOW
    code_key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: key("seal-code"))
    statuses: dict[int, Status] = field(default_factory=dict)
    status_list_published: bool = True

    def claims(self, record: dict[str, Any], *, index: int = 7, **bent: Any) -> SealClaims:
        """What the seal code of `record` says; the document becomes valid in the register."""
        self.statuses.setdefault(index, Status.VALID)
        profile = profile_of_kind(record["kind"])
        agency = next(each.code for each in AGENCIES if each.id == record["document"]["agency"])
        claims = SealClaims(
            issued_at=self.now - timedelta(minutes=2),
            expires_at=self.now + timedelta(days=90),
            profile=profile.code,
            status_list=1,
            status_index=index,
            number=record["document"]["number"],
            agency=agency,
            fields=seal_fields(profile, record),
            record_digest=record_digest(record),
        )
        return replace(claims, **bent)

    def seal_code(self, claims: SealClaims) -> str:
        signer = KeySigner(self.code_key, purpose=Purpose.SEAL_CODE)
        return (
            SealCodeSigner(signer=signer, kid=key_identifier(signer.public_key), verify_origin=ORIGIN)
            .sign(claims)
            .text
        )

    def revocation(self, at: datetime | None = None, seal: Party | None = None) -> RevocationData:
        pki, at = self.authority, at or self.now
        parties = (pki.issuing, pki.root, pki.tsa, pki.responder)
        return RevocationData(
            ocsps=(pki.ocsp(seal or pki.seal, at), pki.ocsp(pki.tsa, at)),
            crls=(pki.crl(pki.root, at, days=30),),
            certificates=tuple(party.der for party in parties),
        )

    def sealer(self, **bent: Any) -> Sealer:
        pki = self.authority
        seal: Party = bent.get("seal", pki.seal)
        issuing: Party = bent.get("issuing", pki.issuing)
        revocation = bent.get("revocation", self.revocation(seal=seal))
        time_stamp = bent.get("time_stamp", pki.time_stamp(lambda: self.now))
        signer = KeySigner(seal.private)
        return Sealer(signer, seal.certificate, [issuing.certificate], time_stamp, lambda _: revocation)

    def document(self, sequence: int = 1, **bent: Any) -> bytes:
        """A sealed birth extract."""
        record = bent.pop("record", None) or birth(make_document_number(2026, sequence))
        url = bent.pop("url", None) or self.seal_code(self.claims(record))
        embedded = bent.pop("embedded", None) or encode_canonical_json(record)
        level = bent.pop("level", Level.B_LT)
        sealer = bent.pop("sealer", None) or self.sealer(**bent)
        return sealer.seal(render(url, embedded), at=self.now, level=level)

    def archivist(self, at: datetime) -> Archivist:
        """Who renews files at `at`, with the time-stamping certificate of the day."""
        pki = self.authority
        lists = (pki.crl(pki.issuing, at), pki.crl(pki.root, at))
        data = replace(self.revocation(at), crls=lists)  # of every certificate in a file, however old
        return Archivist(pki.time_stamp(lambda: at), lambda _: data)

    def renewed(self, pdf: bytes, at: datetime) -> bytes:
        return self.archivist(at).renew(pdf, sealed_octets=sealed_octets(pdf), at=at)

    def trust(self, **bent: Any) -> Trust:
        public_key = self.code_key.public_key()
        seal_keys = tuple(
            SealKey(
                kid=key_identifier(public_key),
                public_key=public_key,
                agency=agency.code,
                profiles=tuple(range(1, 9)),
                not_before=datetime(2026, 1, 1, tzinfo=UTC),
                not_after=bent.get("code_key_ends", datetime(2029, 1, 1, tzinfo=UTC)),
                state=bent.get("code_key", KeyState.ACTIVE),
            )
            for agency in bent.get("agencies", AGENCIES[:1])
        )
        trust_list = TrustList(
            version=1,
            issued_at=self.now,
            expires_at=self.now + timedelta(days=30),
            verify_origin=ORIGIN,
            agencies=bent.get("listed", AGENCIES),
            seal_keys=seal_keys,
            status_keys=(),
            files=tuple(published_sets()),
        )
        return Trust(
            roots=bent.get("roots", (self.authority.root.certificate,)),
            trust_list=trust_list,
            _certificates=[bent.get("certificates", ())],
            crls=tuple(x509.load_der_x509_crl(each) for each in bent.get("crls", ())),
            source=Published(),
            _status_lists={1: self.status_claims()} if self.status_list_published else {},
        )

    def status_claims(self) -> StatusClaims:
        entries = StatusList.not_issued()
        for index, status in self.statuses.items():
            entries.set(index, status)
        return StatusClaims(
            uri=f"{ORIGIN}/status/1.cwt",
            issued_at=self.now + timedelta(hours=2),
            expires_at=self.now + timedelta(days=3),
            time_to_live=timedelta(hours=12),
            entries=entries,
        )

    def judge(self, pdf: bytes, *, at: datetime | None = None, **bent: Any) -> ValidationReport:
        return DocumentJudge(self.trust(**bent)).validate(pdf, at=at or self.now + timedelta(hours=3))


class Published:
    """A source of the office's template set and nothing else."""

    def read(self, name: str, *, max_bytes: int = 0) -> bytes | None:
        del max_bytes
        return published_sets().get(name)

    def names(self, _folder: str, _suffix: str) -> list[str]:
        return []
