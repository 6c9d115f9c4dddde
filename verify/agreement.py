"""Whether the sealed file, the record inside it and its seal code tell one story.

A genuine signature under a genuine page is not enough: the page may carry the seal code
of another document, or a seal of another agency. So

- the file carries exactly one record, `record.json`, in canonical form,
- its digest is the one in the seal code, and the fields of the code are its fields,
- number, kind and agency are the same in both,
- the agency named in the code is, by the trust list's word, the subject of the certificate
  that sealed the file (organizationIdentifier, EN 319 412-1 §5.1.4),
- the code was not issued after the file was sealed.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from signing.formats.canonical_json import JsonValue, encode_canonical_json
from signing.formats.claims import SealClaims, record_digest
from signing.formats.fields import FieldValue
from signing.formats.profiles import Profile, seal_fields
from signing.formats.trust_list import Agency, TrustList
from verify.files.structure import SealedFile
from verify.seal import SealReport
from verify.sentences import differs, passed, unsaid
from verify.signatures.signature import SignatureJudgement
from verify.verdict import Check, Comparisons, FieldComparison, Indication, Outcome, SubIndication

RECORD_NAME = "record.json"
RECORD_RELATIONSHIP = "/Source"
MAX_RECORD_OCTETS = 1024 * 1024
CLOCK_SKEW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What was compared, its checks, and the fields of the seal code beside the record.

    `record` is there only where a code that a key of ours signed names it: then it may be worked with.
    """

    comparisons: Comparisons
    record: dict[str, JsonValue] | None = None
    checks: tuple[Check, ...] = ()
    fields: tuple[FieldComparison, ...] = ()


def find_seal_code(links: Iterable[str], verify_origin: str) -> str | None:
    """The one seal code among the links of the pages; None where there is none, or several."""
    codes = {link for link in links if link.startswith((f"{verify_origin}/#", f"{verify_origin}/%23"))}
    return codes.pop() if len(codes) == 1 else None


def compare(
    file: SealedFile, signature: SignatureJudgement, seal: SealReport | None, trust_list: TrustList
) -> Comparison:
    """Compares what the parts say; of a file from under another root, what there is to compare."""
    if not _is_ours(signature) and (seal is None or seal.indication is not Indication.TOTAL_PASSED):
        return Comparison(comparisons=Comparisons(record=Outcome.UNDECIDED), checks=(unsaid("seal-code"),))
    if seal is None:
        return Comparison(comparisons=Comparisons(record=Outcome.FAILED), checks=(differs("seal-code"),))
    profile = trust_list.profile(seal.claims.profile) if seal.claims else None
    if seal.claims is None or profile is None:
        # What no key of ours signed says nothing; a code that is wrong differs from any record.
        return Comparison(comparisons=Comparisons(record=seal.check.outcome), checks=(seal.check,))
    record = _record(file)
    sealed = _sealed(profile, record, trust_list)
    agrees = (_check_record(record, seal, signature), _check_fields(sealed, seal.claims))
    agency = _check_agency(record, signature, trust_list.agency(seal.claims.agency))
    outcome = _gravest(seal.check, *agrees)
    return Comparison(
        comparisons=Comparisons(record=outcome, agency=agency.outcome),
        record=record if outcome is Outcome.PASSED else None,
        checks=(seal.check, *agrees, agency),
        fields=tuple(_compared(seal.fields, seal.claims, sealed)),
    )


def _is_ours(signature: SignatureJudgement) -> bool:
    """Whether the file claims to be of this service; one whose seal is wrong may claim anything."""
    return signature.sub_indication is not SubIndication.NO_CERTIFICATE_CHAIN_FOUND or signature.trusted


def _gravest(*checks: Check) -> Outcome:
    outcomes = {check.outcome for check in checks}
    return next(each for each in (Outcome.FAILED, Outcome.UNDECIDED, Outcome.PASSED) if each in outcomes)


def _record(file: SealedFile) -> dict[str, JsonValue] | None:
    """The embedded record; None where there is not exactly one, in canonical form."""
    if len(file.attachments) != 1:
        return None
    name, relationship, content = file.attachments[0]
    if name != RECORD_NAME or relationship != RECORD_RELATIONSHIP or len(content) > MAX_RECORD_OCTETS:
        return None
    try:
        record = json.loads(content)
        canonical = encode_canonical_json(record) == content
    except (ValueError, RecursionError):
        return None
    return record if canonical and isinstance(record, dict) else None


def _sealed(
    profile: Profile, record: dict[str, JsonValue] | None, trust_list: TrustList
) -> tuple[FieldValue, ...] | None:
    if record is None:
        return None
    try:
        return seal_fields(profile, record, tables=trust_list.tables)
    except ValueError:
        return None


def _check_record(
    record: dict[str, JsonValue] | None, seal: SealReport, signature: SignatureJudgement
) -> Check:
    if record is None or seal.claims is None:
        return differs("record", rule="not exactly one record in canonical form")
    if record_digest(record) != seal.claims.record_digest:
        return differs("record", rule="digest")
    said = record.get("document")
    document = said if isinstance(said, dict) else {}
    told = (document.get("number"), record.get("kind"), document.get("agency"))
    if told != (seal.document.number, seal.document.kind, seal.document.agency):
        return differs("record", rule="number, kind or agency")
    sealed_at = signature.facts.proven_at or signature.facts.claimed_at
    if sealed_at is not None and seal.claims.issued_at > sealed_at + CLOCK_SKEW:
        return differs("record", rule="the code is younger than the seal")
    return passed("record")


def _check_fields(sealed: tuple[FieldValue, ...] | None, claims: SealClaims) -> Check:
    return passed("record-fields") if sealed == claims.fields else differs("record-fields")


def _check_agency(
    record: dict[str, JsonValue] | None, signature: SignatureJudgement, agency: Agency | None
) -> Check:
    identifier = signature.facts.organization_identifier or ""
    if not signature.trusted:
        return unsaid("agency")
    if record is None or agency is None:
        return differs("agency", certificate=identifier)
    if identifier != agency.organization_identifier:
        return differs("agency", certificate=identifier, seal_code=agency.organization_identifier)
    return passed("agency")


def _compared(
    fields: Iterable[FieldComparison], claims: SealClaims, sealed: tuple[FieldValue, ...] | None
) -> Iterator[FieldComparison]:
    for index, field in enumerate(fields):
        agrees = sealed is not None and sealed[index] == claims.fields[index]
        yield replace(field, agrees=agrees)
