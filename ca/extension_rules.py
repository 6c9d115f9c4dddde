"""The rows of the profile table that speak of extensions (RFC 5280 §4.2): critical or not, and with what.

Data only. `ca.certificates` writes what a row says, `ca.lint` reads it back; the two share no code. An
extension that is in no row of a profile is forbidden there.
"""

from dataclasses import dataclass
from typing import TypeAlias

from cryptography import x509
from cryptography.x509.oid import ExtensionOID


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectKey:
    """The key that is certified (RFC 5280 §4.2.1.2, method 1)."""

    def __str__(self) -> str:
        return "SHA-1 of the certified key"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerKey:
    """The key that signs (RFC 5280 §4.2.1.1)."""

    def __str__(self) -> str:
        return "the issuer's subjectKeyIdentifier and nothing else"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """That this is an authority, and how long a path below it may be (RFC 5280 §4.2.1.9)."""

    path_length: int | None

    def __str__(self) -> str:
        return "an authority" + ("" if self.path_length is None else f"; path length {self.path_length}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usages:
    """What the key is for (RFC 5280 §4.2.1.3), by the attributes of `cryptography.x509.KeyUsage`."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return ", ".join(USAGES[name] for name in self.names) + " and no other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """What for, in more detail (RFC 5280 §4.2.1.12), in this order."""

    identifiers: tuple[x509.ObjectIdentifier, ...]
    names: tuple[str, ...]

    def __str__(self) -> str:
        return ", ".join(self.names) + (" alone" if len(self.names) == 1 else " and no other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """By which policy it was issued (RFC 5280 §4.2.1.4): one identifier, no qualifier."""

    identifier: str
    name: str

    def __str__(self) -> str:
        return f"{self.name}, alone and without qualifiers"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAddress:
    """Where the issuer's revocation list is (RFC 5280 §4.2.1.13)."""

    def __str__(self) -> str:
        return "one address of the issuer's whole list, by http or https"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the issuer's certificate is, and who answers for it (RFC 5280 §4.2.2.1)."""

    has_ocsp: bool

    def __str__(self) -> str:
        return ("OCSP and " if self.has_ocsp else "") + "the issuer's certificate, by http or https"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoCheck:
    """That nobody need ask about it (RFC 6960 §4.2.2.2.1)."""

    def __str__(self) -> str:
        return "NULL"


Content: TypeAlias = (
    SubjectKey | IssuerKey | Authority | Usages | Uses | Policy | ListAddress | Addresses | NoCheck
)
USAGES = {
    "digital_signature": "digitalSignature",
    "content_commitment": "nonRepudiation",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
    "encipher_only": "encipherOnly",
    "decipher_only": "decipherOnly",
}
"""Every key usage: as the library calls it, and as the standard does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionRule:
    """One row: an extension that every certificate of the profile carries."""

    name: str  # as the standard spells it
    identifier: x509.ObjectIdentifier
    critical: bool
    content: Content


SUBJECT_KEY = ExtensionRule(
    name="subjectKeyIdentifier",
    identifier=ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    critical=False,
    content=SubjectKey(),
)
ISSUER_KEY = ExtensionRule(
    name="authorityKeyIdentifier",
    identifier=ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    critical=False,
    content=IssuerKey(),
)
LIST_ADDRESS = ExtensionRule(
    name="cRLDistributionPoints",
    identifier=ExtensionOID.CRL_DISTRIBUTION_POINTS,
    critical=False,
    content=ListAddress(),
)
NO_CHECK = ExtensionRule(
    name="ocsp-nocheck", identifier=ExtensionOID.OCSP_NO_CHECK, critical=False, content=NoCheck()
)


def authority(path_length: int | None) -> ExtensionRule:
    """RFC 5280 §4.2.1.9: critical in an authority's certificate."""
    return ExtensionRule(
        name="basicConstraints",
        identifier=ExtensionOID.BASIC_CONSTRAINTS,
        critical=True,
        content=Authority(path_length=path_length),
    )


def usages(*names: str) -> ExtensionRule:
    """Key usage, critical."""
    return ExtensionRule(
        name="keyUsage", identifier=ExtensionOID.KEY_USAGE, critical=True, content=Usages(names=names)
    )


def uses(*named: tuple[x509.ObjectIdentifier, str], critical: bool) -> ExtensionRule:
    """Extended key usage: identifiers and what they are called."""
    return ExtensionRule(
        name="extKeyUsage",
        identifier=ExtensionOID.EXTENDED_KEY_USAGE,
        critical=critical,
        content=Uses(
            identifiers=tuple(identifier for identifier, _ in named), names=tuple(name for _, name in named)
        ),
    )


def policy(identifier: str, name: str) -> ExtensionRule:
    """One policy; never critical (EN 319 412-2 §4.3.3)."""
    return ExtensionRule(
        name="certificatePolicies",
        identifier=ExtensionOID.CERTIFICATE_POLICIES,
        critical=False,
        content=Policy(identifier=identifier, name=name),
    )


def addresses(*, has_ocsp: bool) -> ExtensionRule:
    """Authority information access."""
    return ExtensionRule(
        name="authorityInfoAccess",
        identifier=ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        critical=False,
        content=Addresses(has_ocsp=has_ocsp),
    )
