"""What a transcript says of a certificate."""

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from ca.ceremony.results import sha256
from ca.ceremony.transcript import Mark, MarkKind, Value, instant
from ca.csr import key_kind
from ca.serials import serial_text

_NAMES = {NameOID.ORGANIZATION_IDENTIFIER: "organizationIdentifier"}


def certified_facts(certificate: x509.Certificate) -> tuple[tuple[str, Value], ...]:
    """Subject, key, validity, extensions; marked where only the ceremony decides."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return (
        ("subject", certificate.subject.rfc4514_string(_NAMES)),
        ("issuer", certificate.issuer.rfc4514_string(_NAMES)),
        ("key", key_kind(certificate.public_key())),
        ("valid", f"{(ends - begins).days} days"),
        ("from", instant(begins)),
        ("until", instant(ends)),
        ("extensions", ", ".join(_extension(each) for each in certificate.extensions)),
        ("serial number", Mark(MarkKind.SERIAL, serial_text(certificate.serial_number))),
        ("certificate SHA-256", Mark(MarkKind.DIGEST, sha256(certificate.public_bytes(Encoding.DER)))),
    )


def _extension(extension: x509.Extension[x509.ExtensionType]) -> str:
    name = str(getattr(extension.oid, "_name", extension.oid.dotted_string))
    return f"{name} (critical)" if extension.critical else name
