"""The validation report of ETSI TS 119 102-2 v1.4.1, as XML that its own schema accepts.

One `SignatureValidationReport` for each file. What ETSI has no element for, the document's status and
the agreement of its parts, stands in `OtherInformation` under our namespace: a reader that knows
ETSI's words only still learns all there is to know of the signature, and no more.

A report is made from a `ValidationReport` alone, so it holds digests of file and certificate and not
the objects themselves; `extract` gives those. It is not signed (§4.1 leaves that open).
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from verify.report.instants import instant_as_text
from verify.report.markup import Markup, element
from verify.verdict import Check, Constraint, Indication, Outcome, SignatureFacts, ValidationReport

NAMESPACE = "http://uri.etsi.org/19102/v1.4.1#"
OUR_NAMESPACE = "urn:x-wathiqa:verification-report:1"
_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_CONSTRAINT = "urn:x-wathiqa:verification:constraint:"
_FACT = "urn:x-wathiqa:verification:fact:"
_ETSI = "urn:etsi:019102:"
# §4.2.13: a constraint has passed, failed, or could not be decided.
_OUTCOMES: Mapping[Outcome, str] = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.UNDECIDED: "indeterminate",
}
_INDICATIONS: Mapping[Indication, str] = {
    Indication.TOTAL_PASSED: "total-passed",
    Indication.TOTAL_FAILED: "total-failed",
    Indication.INDETERMINATE: "indeterminate",
}


def report_as_etsi_xml(reports: Iterable[tuple[str, ValidationReport]]) -> str:
    """The report on some files, by their names; at least one (the schema requires it)."""
    listed = list(reports)
    signatures = [_signature(number, name, each) for number, (name, each) in enumerate(listed, 1)]
    objects = [each for number, (_, report) in enumerate(listed, 1) for each in _objects(number, report)]
    whole = element(
        "ValidationReport",
        *signatures,
        element("SignatureValidationObjects", *objects) if objects else None,
        xmlns=NAMESPACE,
        xmlns__ds=_DSIG,
        xmlns__wq=OUR_NAMESPACE,
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{whole}\n'


def _signature(number: int, name: str, report: ValidationReport) -> Markup:
    return element(
        "SignatureValidationReport",
        element(
            "SignatureIdentifier",
            element("HashOnly", "false"),
            element("DocHashOnly", "false"),
            element("DAIdentifier", name),
            id=f"signature-{number}",
        ),
        element("ValidationConstraintsEvaluationReport", *_constraints(report)),
        _times(report),
        _file(number, report),
        _attributes(report.signature),
        _signer(number, report.signature),
        element(
            "SignatureValidationProcess",
            element("SignatureValidationProcessID", f"{_ETSI}validationprocess:LTA"),
        ),
        _status(number, report),
        _other(report),
    )


def _constraints(report: ValidationReport) -> Iterator[Markup]:
    """Every check, and every finer constraint that was applied to the signature."""
    for check in report.checks:
        yield _constraint(check, check.code)
    for each in report.constraints:
        yield _constraint(each, f"{each.subject}:{each.code}")


def _constraint(of: Check | Constraint, name: str) -> Markup:
    facts = [("rule", of.rule), *of.facts.items()]
    return element(
        "ValidationConstraint",
        element("ValidationConstraintIdentifier", _CONSTRAINT + name),
        *(
            element("ValidationConstraintParameter", element("Type", _FACT + key), element("Value", said))
            for key, said in facts
        ),
        element("ConstraintStatus", element("Status", f"{_ETSI}constraintStatus:applied")),
        element(
            "ValidationStatus",
            element("MainIndication", f"{_ETSI}mainindication:{_OUTCOMES[of.outcome]}"),
            _sub_indication(of.facts.get("sub_indication")),
        ),
        element("Indications", *_sentences(of)),
    )


def _sentences(of: Check | Constraint) -> Iterator[Markup]:
    yield element("wq:Sentence", of.words.ar, xml__lang="ar")
    yield element("wq:Sentence", of.words.en, xml__lang="en")


def _times(report: ValidationReport) -> Markup:
    """§4.2.7. The best signature time is the proven one; without proof, that of the validation."""
    return element(
        "ValidationTimeInfo",
        element("ValidationTime", _instant(report.at)),
        element(
            "BestSignatureTime",
            element("POETime", _instant(report.signature.proven_at or report.at)),
            element("TypeOfProof", f"{_ETSI}poetype:validation"),
        ),
    )


def _file(number: int, report: ValidationReport) -> Markup | None:
    """Of a file too large to be read there is no digest."""
    if not report.sha256:
        return None
    return element("SignersDocument", _reference("SignersDocumentRepresentation", f"file-{number}"))


def _attributes(signature: SignatureFacts) -> Markup | None:
    if signature.claimed_at is None:
        return None
    time = element("Time", _instant(signature.claimed_at))
    return element("SignatureAttributes", element("SigningTime", time, Signed="true"))


def _signer(number: int, signature: SignatureFacts) -> Markup | None:
    if signature.certificate_sha256 is None:
        return None
    return element(
        "SignerInformation",
        _reference("SignerCertificate", f"signer-{number}"),
        element("Signer", signature.signer) if signature.signer else None,
    )


def _status(number: int, report: ValidationReport) -> Markup:
    return element(
        "SignatureValidationStatus",
        element("MainIndication", f"{_ETSI}mainindication:{_INDICATIONS[report.indication]}"),
        _sub_indication(report.sub_indication.value if report.sub_indication else None),
        _revocation(number, report),
    )


def _sub_indication(said: str | None) -> Markup | None:
    return element("SubIndication", f"{_ETSI}subindication:{said}") if said else None


def _revocation(number: int, report: ValidationReport) -> Markup | None:
    """§4.2.12.3, of the seal certificate, wherever a check tells when it was revoked."""
    since = next((each.facts["since"] for each in report.checks if "since" in each.facts), None)
    if since is None or report.signature.certificate_sha256 is None:
        return None
    return element(
        "AssociatedValidationReportData",
        element(
            "RevocationStatusInformation",
            _reference("ValidationObjectId", f"signer-{number}"),
            element("RevocationTime", _instant(datetime.fromisoformat(since))),
        ),
    )


def _other(report: ValidationReport) -> Markup:
    standing = report.standing
    return element(
        "OtherInformation",
        element("wq:Verdict", report.verdict.value),
        element(
            "wq:Status",
            standing.status.value,
            reason=standing.reason.value if standing.reason else None,
            asOf=_instant(standing.as_of) if standing.as_of else None,
        ),
        element("wq:Agreement", report.agreement.value),
        element("wq:Level", report.level.value) if report.level else None,
        element("wq:DocumentNumber", report.document.number) if report.document.number else None,
    )


def _objects(number: int, report: ValidationReport) -> Iterator[Markup]:
    if report.sha256:
        yield _object(f"file-{number}", "signedData", report.sha256)
    if report.signature.certificate_sha256:
        yield _object(f"signer-{number}", "certificate", report.signature.certificate_sha256)


def _object(identifier: str, kind: str, sha256: str) -> Markup:
    return element(
        "ValidationObject",
        element("ObjectType", f"{_ETSI}validationObject:{kind}"),
        element("ValidationObjectRepresentation", _digest(sha256)),
        id=identifier,
    )


def _reference(name: str, identifier: str) -> Markup:
    return element(name, VOReference=identifier)


def _digest(sha256: str) -> Markup:
    return element(
        "DigestAlgAndValue",
        element("ds:DigestMethod", Algorithm=_SHA256),
        element("ds:DigestValue", base64.b64encode(bytes.fromhex(sha256)).decode("ascii")),
    )


def _instant(at: datetime) -> str | None:
    """In whole seconds: EU DSS reads no fractions."""
    return instant_as_text(at.replace(microsecond=0))
