"""The rows of the profile table that speak of subjects: which attributes, once each, in what form.

Bounds by RFC 5280 appendix A.1, counted in characters; who is named how by ETSI EN 319 412-2
§4.2.4 (a natural person, here always as an officer of an organisation) and EN 319 412-3 §4.2.1 (a
legal person). An attribute that is in no row of a profile is forbidden there.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

from ca.errors import ProfileViolation

# Control, format (some turn text around), surrogate, private, unassigned; separators of lines.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
WILDCARD = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRule:
    """One row: an attribute that every subject of the profile has, once."""

    name: str  # as the standard spells it
    identifier: x509.ObjectIdentifier
    longest: int  # characters
    form: re.Pattern[str] | None = None
    says: str = "text"


COUNTRY = SubjectRule(
    name="countryName",
    identifier=NameOID.COUNTRY_NAME,
    longest=2,
    form=re.compile(r"[A-Z]{2}"),
    says="ISO 3166-1, two capitals",
)
ORGANIZATION = SubjectRule(
    name="organizationName",
    identifier=NameOID.ORGANIZATION_NAME,
    longest=64,
)
ORGANIZATION_IDENTIFIER = SubjectRule(
    name="organizationIdentifier",
    identifier=NameOID.ORGANIZATION_IDENTIFIER,
    longest=64,
    form=re.compile(r"(?:[A-Z]{3}|[A-Z]{2}:)[A-Z]{2}-[!-)+-~]{1,57}"),
    says="scheme, country, hyphen, identifier (EN 319 412-1 §5.1.4)",
)
GIVEN_NAME = SubjectRule(name="givenName", identifier=NameOID.GIVEN_NAME, longest=64)
SURNAME = SubjectRule(name="surname", identifier=NameOID.SURNAME, longest=40)
PERSON_IDENTIFIER = SubjectRule(
    name="serialNumber",
    identifier=NameOID.SERIAL_NUMBER,
    longest=64,
    # The characters of a PrintableString that identifiers are made of.
    form=re.compile(r"(?:[A-Z]{3}|[A-Z]{2}:)[A-Z]{2}-[A-Za-z0-9./-]{1,57}"),
    says="scheme, country, hyphen, identifier (EN 319 412-1 §5.1.3)",
)
COMMON_NAME = SubjectRule(name="commonName", identifier=NameOID.COMMON_NAME, longest=64)

LEGAL_PERSON = (COUNTRY, ORGANIZATION, ORGANIZATION_IDENTIFIER, COMMON_NAME)
OFFICER = (
    COUNTRY,
    ORGANIZATION,
    ORGANIZATION_IDENTIFIER,
    SURNAME,
    GIVEN_NAME,
    PERSON_IDENTIFIER,
    COMMON_NAME,
)


def check_subject(subject: x509.Name, rules: Sequence[SubjectRule]) -> None:
    """Compare a subject with the rows of its profile.

    Raises:
        ProfileViolation: an attribute is missing, doubled, forbidden, or not of its form.
    """
    known = {rule.identifier: rule for rule in rules}
    found: set[x509.ObjectIdentifier] = set()
    for part in subject.rdns:
        attributes = list(part)
        if len(attributes) != 1:
            raise ProfileViolation(field="subject", rule="one attribute in each part of the name")
        attribute = attributes[0]
        rule = known.get(attribute.oid)
        if rule is None:
            raise ProfileViolation(field="subject", rule=f"no {attribute.rfc4514_attribute_name}")
        if attribute.oid in found:
            raise ProfileViolation(field=rule.name, rule="once")
        found.add(attribute.oid)
        check_attribute(attribute.value, rule)
    for rule in rules:
        if rule.identifier not in found:
            raise ProfileViolation(field=rule.name, rule="is required")


def check_attribute(text: str | bytes, rule: SubjectRule) -> None:
    """Compare one value with its row.

    Raises:
        ProfileViolation: empty, too long, not of its form, not in NFC, unprintable, a wildcard, blanks
    """
    if isinstance(text, bytes) or not 1 <= len(text) <= rule.longest or text != text.strip():
        bound = f"1 to {rule.longest} characters, no blanks around them (RFC 5280 appendix A.1)"
        raise ProfileViolation(field=rule.name, rule=bound)
    if WILDCARD in text:
        raise ProfileViolation(field=rule.name, rule="names one holder: no wildcard")
    if any(unicodedata.category(character) in _UNPRINTABLE for character in text):
        raise ProfileViolation(field=rule.name, rule="no control, format or unassigned characters")
    if text != unicodedata.normalize("NFC", text):
        raise ProfileViolation(field=rule.name, rule="in Unicode normalization form C")
    if rule.form is not None and rule.form.fullmatch(text) is None:
        raise ProfileViolation(field=rule.name, rule=rule.says)
