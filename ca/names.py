"""Distinguished names of authorities, agencies and officers; their rules stand in `ca.subject_rules`.

The common name is what PDF readers show: Arabic for an agency, with the English name as the
organisation; for an officer the full name in Arabic, with the agency as the organisation.
"""

import unicodedata
from dataclasses import dataclass

from cryptography import x509

from ca.subject_rules import LEGAL_PERSON, OFFICER, SubjectRule, check_attribute


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """An agency that seals documents."""

    code: str  # "civil-registry"
    name_ar: str
    name_en: str
    organization_identifier: str  # "GO:SY-CIVIL-REGISTRY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """A person who signs for an agency."""

    given_name: str
    surname: str
    # "OF:SY-1042": a scheme of the country's own (EN 319 412-1 §5.1.3). Not the national number: a
    # certificate is public, and the number opens other doors.
    identifier: str


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
    return _name(LEGAL_PERSON, operator.country, operator.name, operator.organization_identifier, common_name)


def agency_name(agency: Agency, *, country: str = "SY") -> x509.Name:
    """The name in an agency's seal certificate.

    Raises:
        ProfileViolation: a part is empty, too long, or not of its form.
    """
    return _name(LEGAL_PERSON, country, agency.name_en, agency.organization_identifier, agency.name_ar)


def officer_name(officer: Officer, agency: Agency, *, country: str = "SY") -> x509.Name:
    """The name in an officer's certificate (EN 319 412-2 §4.2.4).

    Raises:
        ProfileViolation: a part is empty, too long, or not of its form.
    """
    return _name(
        OFFICER,
        country,
        agency.name_en,
        agency.organization_identifier,
        officer.surname,
        officer.given_name,
        officer.identifier,
        f"{officer.given_name} {officer.surname}",
    )


def _name(rules: tuple[SubjectRule, ...], *values: str) -> x509.Name:
    """The values in the order of the rules, in NFC."""
    texts = [unicodedata.normalize("NFC", value) for value in values]
    for rule, text in zip(rules, texts, strict=True):
        # Before the library looks, which would refuse some of them with an error of its own.
        check_attribute(text, rule)
    return x509.Name(
        [x509.NameAttribute(rule.identifier, text) for rule, text in zip(rules, texts, strict=True)]
    )
