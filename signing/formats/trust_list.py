"""The trust list: which keys seal for whom, and how to read what they seal.

A CWT (RFC 8392) signed with ES256 by a certificate that the root issued for this alone and
that travels in the header (x5chain, RFC 9360). Versioned, thirty days valid, so a verifier
that was offline too long knows it. Profiles and code tables are in it, append-only: a
page published long ago can name the fields of a profile added since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from signing.formats.cbor import CborKey, CborValue, encode_cbor, parse_cbor
from signing.formats.codes import CODE_TABLES, Code, CodeTables
from signing.formats.cose import TYPE, X5CHAIN, Sign1, encode_cose_key, parse_cose_key, parse_sign1, protect
from signing.formats.fields import Field, FieldKind
from signing.formats.members import MemberError, Members, parse_integer, parse_text, whole_seconds
from signing.formats.profiles import PROFILES, Profile

MEDIA_TYPE = "application/wathiqa-trust-list+cwt"
LIFETIME = timedelta(days=30)
MAX_BYTES = 1 << 20
FILE_NAME = "trust-list.cwt"
# The extended key usage that the root gives to the certificate of trust lists, and to no other.
TRUST_LIST_SIGNING = x509.ObjectIdentifier("1.3.6.1.4.1.32473.760.3.1")

_EXPIRES_AT, _ISSUED_AT, _TRUST = 4, 6, -65539


class KeyState(StrEnum):
    """Whether what a key sealed may be believed."""

    ACTIVE = "active"
    RETIRED = "retired"  # seals no more; what it sealed in its window stands
    COMPROMISED = "compromised"  # nothing it sealed can be believed on the seal alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """An agency that issues documents.

    `code` is its number in seal codes; `organization_identifier` names it in its seal
    certificates (EN 319 412-1 §5.1.4) and nobody else.
    """

    code: int
    id: str
    ar: str
    en: str
    organization_identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SealKey:
    """A key that signs seal codes, for one agency, in some profiles, within a window of time."""

    kid: bytes
    public_key: ec.EllipticCurvePublicKey
    agency: int
    profiles: tuple[int, ...]
    not_before: datetime
    not_after: datetime
    state: KeyState = KeyState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusKey:
    """A key that signs status lists within a window of time."""

    kid: bytes
    public_key: ec.EllipticCurvePublicKey
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustList:
    """All that a verifier needs beside the root; instants are UTC, whole seconds."""

    version: int
    issued_at: datetime
    expires_at: datetime
    verify_origin: str
    agencies: tuple[Agency, ...]
    seal_keys: tuple[SealKey, ...]
    status_keys: tuple[StatusKey, ...]
    profiles: tuple[Profile, ...] = PROFILES
    tables: CodeTables = field(default_factory=lambda: CODE_TABLES)
    # Certificates and CRLs below the published root, for verifiers that cannot list a directory.
    files: tuple[str, ...] = ()

    def agency(self, code: int) -> Agency | None:
        """The agency whose number is `code`."""
        return next((agency for agency in self.agencies if agency.code == code), None)

    def profile(self, code: int) -> Profile | None:
        """The profile whose number is `code`."""
        return next((profile for profile in self.profiles if profile.code == code), None)

    def seal_keys_of(self, kid: bytes) -> tuple[SealKey, ...]:
        """All keys with this identifier; four bytes may collide, so each is tried."""
        return tuple(key for key in self.seal_keys if key.kid == kid)

    def status_keys_of(self, kid: bytes) -> tuple[StatusKey, ...]:
        """As `seal_keys_of`, for status lists."""
        return tuple(key for key in self.status_keys if key.kid == kid)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTrustList:
    """A trust list as read; not to be believed before certificate and signature are checked."""

    trust_list: TrustList
    certificate: x509.Certificate
    message: Sign1


def protect_trust_list(certificate: x509.Certificate) -> bytes:
    """The protected header of a list signed by the key of `certificate`."""
    return protect({TYPE: MEDIA_TYPE, X5CHAIN: certificate.public_bytes(Encoding.DER)})


def encode_trust_list(trust: TrustList) -> bytes:
    """The signed content of a trust list.

    Raises:
        ValueError: a lifetime that no verifier accepts, or agencies that certificates do not tell apart.
    """
    _require_lifetime(trust.issued_at, trust.expires_at)
    _require_told_apart(trust.agencies)
    return encode_cbor(
        {
            _ISSUED_AT: whole_seconds(trust.issued_at),
            _EXPIRES_AT: whole_seconds(trust.expires_at),
            _TRUST: {
                "version": trust.version,
                "origin": trust.verify_origin,
                "agencies": [_encode_agency(agency) for agency in trust.agencies],
                "sealKeys": [_encode_seal_key(key) for key in trust.seal_keys],
                "statusKeys": [_encode_key(key) for key in trust.status_keys],
                "profiles": [_encode_profile(profile) for profile in trust.profiles],
                "tables": {
                    name: [_encode_code(code) for code in codes] for name, codes in trust.tables.items()
                },
                "files": trust.files,
            },
        }
    )


def parse_trust_list(data: bytes) -> SignedTrustList:
    """The signed trust list in `data`; neither its signature nor its certificate is yet checked.

    Raises:
        ValueError: anything but a list that an encoder of ours wrote.
    """
    if len(data) > MAX_BYTES:
        raise ValueError("larger than any trust list")
    message = parse_sign1(data)
    headers = Members(message.headers, required=(1, TYPE, X5CHAIN))
    if headers.text(TYPE) != MEDIA_TYPE:
        raise MemberError(TYPE, f"is not {MEDIA_TYPE}")
    claims = Members(parse_cbor(message.content), required=(_ISSUED_AT, _EXPIRES_AT, _TRUST))
    issued_at, expires_at = claims.instant(_ISSUED_AT), claims.instant(_EXPIRES_AT)
    _require_lifetime(issued_at, expires_at)
    return SignedTrustList(
        trust_list=_parse_trust(claims.get(_TRUST), issued_at, expires_at),
        certificate=x509.load_der_x509_certificate(headers.octets(X5CHAIN)),
        message=message,
    )


def _require_lifetime(issued_at: datetime, expires_at: datetime) -> None:
    if not timedelta(0) < expires_at - issued_at <= LIFETIME:
        raise ValueError(f"a trust list lives at most {LIFETIME.days} days")


def _require_told_apart(agencies: Sequence[Agency]) -> None:
    identifiers = {agency.organization_identifier for agency in agencies}
    if len(identifiers) != len(agencies) or "" in identifiers:
        raise MemberError("organizationIdentifier", "does not name one agency")


def _parse_trust(value: CborValue, issued_at: datetime, expires_at: datetime) -> TrustList:
    members = Members(
        value,
        required=("version", "origin", "agencies", "sealKeys", "statusKeys", "profiles", "tables", "files"),
    )
    tables = members.get("tables")
    if not isinstance(tables, Mapping):
        raise MemberError("tables", "is not a map")
    by_name = Members(tables, required=tables)
    agencies = members.array("agencies", _parse_agency)
    _require_told_apart(agencies)
    return TrustList(
        version=members.integer("version"),
        issued_at=issued_at,
        expires_at=expires_at,
        verify_origin=members.text("origin"),
        agencies=agencies,
        seal_keys=members.array("sealKeys", _parse_seal_key),
        status_keys=members.array("statusKeys", _parse_status_key),
        profiles=members.array("profiles", _parse_profile),
        tables={parse_text(name): by_name.array(name, _parse_code) for name in tables},
        files=members.array("files", parse_text),
    )


def _encode_key(key: SealKey | StatusKey) -> dict[CborKey, CborValue]:
    return {
        "key": encode_cose_key(key.public_key, kid=key.kid),
        "from": whole_seconds(key.not_before),
        "until": whole_seconds(key.not_after),
    }


def _encode_seal_key(key: SealKey) -> dict[CborKey, CborValue]:
    return {**_encode_key(key), "agency": key.agency, "profiles": key.profiles, "state": key.state.value}


def _parse_seal_key(value: CborValue) -> SealKey:
    members = Members(value, required=("key", "from", "until", "agency", "profiles", "state"))
    kid, public_key = parse_cose_key(members.get("key"))
    return SealKey(
        kid=kid,
        public_key=public_key,
        agency=members.integer("agency"),
        profiles=members.array("profiles", parse_integer),
        not_before=members.instant("from"),
        not_after=members.instant("until"),
        state=KeyState(members.text("state")),
    )


def _parse_status_key(value: CborValue) -> StatusKey:
    members = Members(value, required=("key", "from", "until"))
    kid, public_key = parse_cose_key(members.get("key"))
    return StatusKey(
        kid=kid, public_key=public_key, not_before=members.instant("from"), not_after=members.instant("until")
    )


def _encode_agency(agency: Agency) -> dict[CborKey, CborValue]:
    return {
        "code": agency.code,
        "id": agency.id,
        "ar": agency.ar,
        "en": agency.en,
        "organizationIdentifier": agency.organization_identifier,
    }


def _parse_agency(value: CborValue) -> Agency:
    members = Members(value, required=("code", "id", "ar", "en", "organizationIdentifier"))
    return Agency(
        code=members.integer("code"),
        id=members.text("id"),
        ar=members.text("ar"),
        en=members.text("en"),
        organization_identifier=members.text("organizationIdentifier"),
    )


def _encode_code(code: Code) -> dict[CborKey, CborValue]:
    return {"n": code.number, "key": code.key, "ar": code.ar, "en": code.en}


def _parse_code(value: CborValue) -> Code:
    members = Members(value, required=("n", "key", "ar", "en"))
    return Code(
        number=members.integer("n"), key=members.text("key"), ar=members.text("ar"), en=members.text("en")
    )


def _encode_profile(profile: Profile) -> dict[CborKey, CborValue]:
    return {
        "code": profile.code,
        "kind": profile.kind,
        "ar": profile.title_ar,
        "en": profile.title_en,
        "fields": [_encode_field(field) for field in profile.fields],
    }


def _parse_profile(value: CborValue) -> Profile:
    members = Members(value, required=("code", "kind", "ar", "en", "fields"))
    return Profile(
        code=members.integer("code"),
        kind=members.text("kind"),
        title_ar=members.text("ar"),
        title_en=members.text("en"),
        fields=members.array("fields", _parse_field),
    )


def _encode_field(field: Field) -> dict[CborKey, CborValue]:
    encoded: dict[CborKey, CborValue] = {
        "name": field.name,
        "kind": field.kind.value,
        "path": field.path,
        "ar": field.label_ar,
        "en": field.label_en,
    }
    if field.width:
        encoded["width"] = field.width
    if field.table:
        encoded["table"] = field.table
    if field.optional:
        encoded["optional"] = True
    if field.columns:
        encoded["columns"] = [_encode_field(column) for column in field.columns]
    return encoded


def _parse_field(value: CborValue) -> Field:
    members = Members(
        value,
        required=("name", "kind", "path", "ar", "en"),
        optional=("width", "table", "optional", "columns"),
    )
    return Field(
        name=members.text("name"),
        kind=FieldKind(members.text("kind")),
        path=members.text("path"),
        label_ar=members.text("ar"),
        label_en=members.text("en"),
        width=members.integer("width", default=0),
        table=members.text("table", default=""),
        optional=members.flag("optional"),
        columns=members.array("columns", _parse_field),
    )
