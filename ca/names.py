"""Distinguished names of authorities and agencies (RFC 5280 §4.1.2.4, ETSI EN 319 412-3 §4.2).

A legal person is named by country, organisation, organisation identifier and
common name. The common name is what PDF readers show: Arabic for an agency, with
the English name as the organisation.
"""

import re
import unicodedata
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

from ca.errors import ProfileViolation

# RFC 5280 appendix A.1, counted in characters.
UPPER_BOUNDS = {
    NameOID.COUNTRY_NAME: 2,
    NameOID.ORGANIZATION_NAME: 64,
    NameOID.COMMON_NAME: 64,
    NameOID.ORGANIZATION_IDENTIFIER: 64,
}
# ETSI EN 319 412-1 §5.1.4: scheme (three letters, or two and a colon), country, hyphen, identifier.
ORGANIZATION_IDENTIFIER = re.compile(r"(?:[A-Z]{3}|[A-Z]{2}:)[A-Z]{2}-[!-~]{1,57}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """An agency that seals documents."""

    code: str  # "civil-registry"
    name_ar: str
    name_en: str
    organization_identifier: str  # "GO:SY-CIVIL-REGISTRY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Who runs the authorities."""

    name: str = "Wathiqa"
    country: str = "SY"
    organization_identifier: str = "GO:SY-WATHIQA"


def authority_name(operator: Operator, common_name: str) -> x509.Name:
    """The name of an authority or of one of its services (TSA, OCSP).

    Raises:
        ProfileViolation: a part is empty, too long, or not of its form.
    """
    return _name(operator.country, operator.name, operator.organization_identifier, common_name)


def agency_name(agency: Agency, *, country: str = "SY") -> x509.Name:
    """The name in an agency's seal certificate.

    Raises:
        ProfileViolation: a part is empty, too long, or not of its form.
    """
    return _name(country, agency.name_en, agency.organization_identifier, agency.name_ar)


def _name(country: str, organization: str, identifier: str, common_name: str) -> x509.Name:
    if ORGANIZATION_IDENTIFIER.fullmatch(identifier) is None:
        raise ProfileViolation(
            field="organizationIdentifier", rule="scheme, country, hyphen, identifier (EN 319 412-1 §5.1.4)"
        )
    parts = (
        (NameOID.COUNTRY_NAME, country),
        (NameOID.ORGANIZATION_NAME, organization),
        (NameOID.ORGANIZATION_IDENTIFIER, identifier),
        (NameOID.COMMON_NAME, common_name),
    )
    return x509.Name([x509.NameAttribute(oid, _checked(oid, text)) for oid, text in parts])


def _checked(oid: x509.ObjectIdentifier, text: str) -> str:
    text = unicodedata.normalize("NFC", text)
    bound = UPPER_BOUNDS[oid]
    if not text.strip() or len(text) > bound:
        raise ProfileViolation(field=str(text[:80]), rule=f"1 to {bound} characters (RFC 5280 appendix A.1)")
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"} for character in text):
        raise ProfileViolation(field=repr(text), rule="no control, format or unassigned characters")
    return text
