"""The trust bundle: all that a verifier needs without a network, named and measured by one signature.

A CWT (RFC 8392) signed as the trust list is, by the same certificate. Its content names each
published file with its SHA-256 and its size, so the files that belong together are one
whole: an old list beside new ones does not pass. The files themselves lie below `bundle/`, each
under its digest, where nothing is ever replaced: who fetches while others publish gets all of
one bundle.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from signing.formats.cbor import CborValue, encode_cbor, parse_cbor
from signing.formats.cose import TYPE, X5CHAIN, Sign1, parse_sign1, protect
from signing.formats.members import MemberError, Members, parse_integer, parse_text, whole_seconds

MEDIA_TYPE = "application/wathiqa-trust-bundle+cwt"
FILE_NAME = "trust-bundle.cwt"
FOLDER = "bundle"
LIFETIME = timedelta(days=30)  # as a trust list lives
MAX_BYTES = 1 << 21
MAX_FILES = 10_000
# What verifiers read, by folder (the root itself: no folder), and how large one file may be. A bundle may
# name others, which verifiers of today leave where they are.
MAX_FILE_BYTES: Mapping[str, int] = {
    "root.pem": 1 << 16,
    "trust-list.cwt": 1 << 20,
    "certificates": 1 << 16,
    "crl": 1 << 24,
    "status": 1 << 22,
    "templates": 1 << 25,
    "answer-keys": 1 << 16,
}
MAX_TOTAL_BYTES = 1 << 28

_EXPIRES_AT, _ISSUED_AT, _BUNDLE = 4, 6, -65540
_DIGEST_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:[./][A-Za-z0-9][A-Za-z0-9_-]*)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFile:
    """One published file: its name below the root, and what it must be."""

    name: str
    sha256: bytes
    size: int  # octets

    @property
    def place(self) -> str:
        """Where its bytes lie below the published root, for as long as a bundle names it."""
        return place_of(self.sha256)

    @property
    def max_bytes(self) -> int:
        """How large such a file may be; 0 where verifiers do not read it."""
        return MAX_FILE_BYTES.get(self.name.partition("/")[0], 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What belongs together; instants are UTC, whole seconds."""

    version: int
    issued_at: datetime
    expires_at: datetime
    verify_origin: str
    files: tuple[BundleFile, ...]  # by name, each once

    def needed(self) -> tuple[BundleFile, ...]:
        """The files that verifiers read."""
        return tuple(file for file in self.files if file.max_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedBundle:
    """A bundle as read; not to be believed before certificate and signature are checked."""

    bundle: Bundle
    certificate: x509.Certificate
    message: Sign1


def place_of(sha256: bytes) -> str:
    """Where the bytes of this digest lie below the published root."""
    return f"{FOLDER}/{sha256.hex()}"


def protect_bundle(certificate: x509.Certificate) -> bytes:
    """The protected header of a bundle signed by the key of `certificate`."""
    return protect({TYPE: MEDIA_TYPE, X5CHAIN: certificate.public_bytes(Encoding.DER)})


def encode_bundle(bundle: Bundle) -> bytes:
    """The signed content of a bundle.

    Raises:
        ValueError: no verifier would accept it.
    """
    _require_lifetime(bundle.issued_at, bundle.expires_at)
    if len(bundle.files) > MAX_FILES:
        raise ValueError(f"a bundle names at most {MAX_FILES} files")
    for file in bundle.files:
        _require_file(file)
    return encode_cbor(
        {
            _ISSUED_AT: whole_seconds(bundle.issued_at),
            _EXPIRES_AT: whole_seconds(bundle.expires_at),
            _BUNDLE: {
                "version": bundle.version,
                "origin": bundle.verify_origin,
                "files": {file.name: [file.sha256, file.size] for file in bundle.files},
            },
        }
    )


def parse_bundle(data: bytes) -> SignedBundle:
    """The signed bundle in `data`; neither its signature nor its certificate is yet checked.

    Raises:
        ValueError: anything but a bundle that an encoder of ours wrote.
    """
    if len(data) > MAX_BYTES:
        raise ValueError("larger than any trust bundle")
    message = parse_sign1(data)
    headers = Members(message.headers, required=(1, TYPE, X5CHAIN))
    if headers.text(TYPE) != MEDIA_TYPE:
        raise MemberError(TYPE, f"is not {MEDIA_TYPE}")
    claims = Members(parse_cbor(message.content), required=(_ISSUED_AT, _EXPIRES_AT, _BUNDLE))
    issued_at, expires_at = claims.instant(_ISSUED_AT), claims.instant(_EXPIRES_AT)
    _require_lifetime(issued_at, expires_at)
    members = Members(claims.get(_BUNDLE), required=("version", "origin", "files"))
    return SignedBundle(
        bundle=Bundle(
            version=members.integer("version"),
            issued_at=issued_at,
            expires_at=expires_at,
            verify_origin=members.text("origin"),
            files=_parse_files(members.get("files")),
        ),
        certificate=x509.load_der_x509_certificate(headers.octets(X5CHAIN)),
        message=message,
    )


def _parse_files(value: CborValue) -> tuple[BundleFile, ...]:
    if not isinstance(value, Mapping) or len(value) > MAX_FILES:
        raise MemberError("files", f"is not a map of at most {MAX_FILES}")
    return tuple(sorted((_parse_file(*entry) for entry in value.items()), key=lambda file: file.name))


def _parse_file(name: int | str, value: CborValue) -> BundleFile:
    match value:
        case (bytes(sha256), size):
            file = BundleFile(name=parse_text(name), sha256=sha256, size=parse_integer(size))
        case _:
            raise MemberError(name, "is not a digest and a size")
    _require_file(file)
    return file


def _require_file(file: BundleFile) -> None:
    if not _NAME.fullmatch(file.name):
        raise MemberError(file.name, "does not stay below the published root")
    if len(file.sha256) != _DIGEST_BYTES:
        raise MemberError(file.name, "has no SHA-256")
    if file.max_bytes and file.size > file.max_bytes:
        raise MemberError(file.name, "is larger than any such file")


def _require_lifetime(issued_at: datetime, expires_at: datetime) -> None:
    if not timedelta(0) < expires_at - issued_at <= LIFETIME:
        raise ValueError(f"a trust bundle lives at most {LIFETIME.days} days")
