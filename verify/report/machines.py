"""A report for machines: one JSON object a line, whose keys and values are stable.

`verification-report.schema.json` beside this file is its grammar; docs/formats/verification-report.md
explains it. What this version does not know is never written: a reader may refuse other keys.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from verify.report.instants import instant_as_text
from verify.terminal import as_json_line
from verify.verdict import (
    Check,
    Comparisons,
    Constraint,
    DocumentFacts,
    DocumentStanding,
    FieldComparison,
    Outcome,
    SignatureFacts,
    ValidationReport,
    Verdict,
)

if TYPE_CHECKING:
    from verify.seal import SealReport

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"

FORMAT = 1
COULD_NOT_RUN = 3


def report_as_json(name: str, report: ValidationReport) -> dict[str, Json]:
    """The report on one file."""
    return {
        **_head("document", report.verdict),
        "file": name,
        "at": instant_as_text(report.at),
        "sha256": report.sha256,
        "indication": report.indication.value,
        "sub_indication": report.sub_indication.value if report.sub_indication else None,
        "level": report.level.value if report.level else None,
        **_standing(report.standing),
        "agreement": report.agreement.value,
        "comparisons": _comparisons(report.comparisons),
        "document": _document(report.document),
        "signature": _signature(report.signature),
        "checks": [_check(check) for check in report.checks],
        "constraints": [_constraint(constraint) for constraint in report.constraints],
        "fields": [_field(field) for field in report.fields],
    }


def seal_report_as_json(report: "SealReport", scan: tuple[str, int] | None = None) -> dict[str, Json]:
    """The report on one symbol; `scan` is the picture and the page that it was read off."""
    return {
        **_head("seal-code", report.verdict),
        **({"scan": {"file": scan[0], "page": scan[1]}} if scan else {}),
        "at": instant_as_text(report.at),
        "reason": report.reason.value,
        "indication": report.indication.value,
        "sub_indication": report.sub_indication.value if report.sub_indication else None,
        **_standing(report.standing),
        "document": _document(report.document),
        "checks": [_check(report.check)],
        "fields": [_field(field) for field in report.fields],
    }


def unread_as_json(name: str) -> dict[str, Json]:
    """For a file that could not be opened: nothing is said of it."""
    return {"format": FORMAT, "about": "unread", "verdict": None, "exit_code": COULD_NOT_RUN, "file": name}


def as_line(report: Mapping[str, Json]) -> str:
    """One line of JSON, its end included; what would act on a terminal is escaped in it."""
    return as_json_line(report)


def _head(about: str, verdict: Verdict) -> dict[str, Json]:
    return {"format": FORMAT, "about": about, "verdict": verdict.value, "exit_code": verdict.exit_code}


def _standing(standing: DocumentStanding) -> dict[str, Json]:
    return {
        "status": standing.status.value,
        "status_reason": standing.reason.value if standing.reason else None,
        "superseded_by": standing.superseded_by,
        "status_as_of": instant_as_text(standing.as_of),
    }


def _comparisons(comparisons: Comparisons) -> dict[str, Json]:
    def said(outcome: Outcome | None) -> str | None:
        return outcome.value if outcome else None

    return {
        "record": said(comparisons.record),
        "agency": said(comparisons.agency),
        "page": said(comparisons.page),
        "symbol": said(comparisons.symbol),
    }


def _document(document: DocumentFacts) -> dict[str, Json]:
    name = document.agency_name
    return {
        "number": document.number,
        "kind": document.kind,
        "agency": document.agency,
        "agency_name": {"ar": name.ar, "en": name.en} if name else None,
        "issued_at": instant_as_text(document.issued_at),
        "expires_at": instant_as_text(document.expires_at),
    }


def _signature(signature: SignatureFacts) -> dict[str, Json]:
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


def _check(check: Check) -> dict[str, Json]:
    return {
        "code": check.code,
        "outcome": check.outcome.value,
        "rule": check.rule,
        "ar": check.words.ar,
        "en": check.words.en,
        "facts": dict(check.facts),
    }


def _constraint(constraint: Constraint) -> dict[str, Json]:
    return {
        "subject": constraint.subject,
        "code": constraint.code,
        "outcome": constraint.outcome.value,
        "rule": constraint.rule,
        "ar": constraint.words.ar,
        "en": constraint.words.en,
        "facts": dict(constraint.facts),
    }


def _field(field: FieldComparison) -> dict[str, Json]:
    return {
        "name": field.name,
        "ar": field.label.ar,
        "en": field.label.en,
        "value": field.value,
        "agrees": field.agrees,
    }
