"""A report for machines: JSON whose keys and values are stable (docs/formats/verification-report.md)."""

from typing import TYPE_CHECKING, TypeAlias

from verify.report.words import instant_as_text
from verify.verdict import Check, DocumentFacts, FieldComparison, SignatureFacts, ValidationReport

if TYPE_CHECKING:
    from verify.seal import SealReport

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"


def report_as_json(name: str, report: ValidationReport) -> dict[str, Json]:
    """The report on one file for machines; keys and values are stable."""
    return {
        "file": name,
        "verdict": report.verdict.value,
        "exit_code": report.verdict.exit_code,
        "at": report.at.isoformat(),
        "sha256": report.sha256,
        "indication": report.indication.value,
        "sub_indication": report.sub_indication.value if report.sub_indication else None,
        "level": report.level.value if report.level else None,
        "status": report.status.value,
        "status_as_of": instant_as_text(report.status_as_of),
        "agreement": report.agreement.value,
        "document": _document_as_json(report.document),
        "signature": _signature_as_json(report.signature),
        "checks": [_check_as_json(check) for check in report.checks],
        "fields": [_field_as_json(field) for field in report.fields],
    }


def seal_report_as_json(report: "SealReport") -> dict[str, Json]:
    """The report on one symbol for machines."""
    return {
        "verdict": report.verdict.value,
        "exit_code": report.verdict.exit_code,
        "at": report.at.isoformat(),
        "reason": report.reason.value,
        "indication": report.indication.value,
        "sub_indication": report.sub_indication.value if report.sub_indication else None,
        "status": report.status.value,
        "status_as_of": instant_as_text(report.status_as_of),
        "document": _document_as_json(report.document),
        "fields": [_field_as_json(field) for field in report.fields],
    }


def _document_as_json(document: DocumentFacts) -> dict[str, Json]:
    name = document.agency_name
    return {
        "number": document.number,
        "kind": document.kind,
        "agency": document.agency,
        "agency_name": {"ar": name.ar, "en": name.en} if name else None,
        "issued_at": instant_as_text(document.issued_at),
        "expires_at": instant_as_text(document.expires_at),
    }


def _signature_as_json(signature: SignatureFacts) -> dict[str, Json]:
    return {
        "signer": signature.signer,
        "organization": signature.organization,
        "organization_identifier": signature.organization_identifier,
        "certificate_sha256": signature.certificate_sha256,
        "claimed_at": instant_as_text(signature.claimed_at),
        "proven_at": instant_as_text(signature.proven_at),
        "archived_at": instant_as_text(signature.archived_at),
        "judgeable_until": instant_as_text(signature.judgeable_until),
        "algorithms": [*sorted(signature.algorithms)],
    }


def _check_as_json(check: Check) -> dict[str, Json]:
    return {
        "code": check.code,
        "outcome": check.outcome.value,
        "ar": check.words.ar,
        "en": check.words.en,
        "facts": dict(check.facts),
    }


def _field_as_json(field: FieldComparison) -> dict[str, Json]:
    return {
        "name": field.name,
        "ar": field.label.ar,
        "en": field.label.en,
        "value": field.value,
        "agrees": field.agrees,
    }
