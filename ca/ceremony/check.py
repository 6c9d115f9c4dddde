"""Judging the results of a ceremony: are they what the transcript says, and does that follow the plan?

Needs no key and no sheet. Anybody who has the folder can do it; what it does not prove is that
the transcript is the one that the witnesses signed: they compare its digest with their paper.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cryptography import x509
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from ca.ceremony.bundle import Bundle, BundledCertificate, read_bundle
from ca.ceremony.errors import ImportRefused, ResultsRefused
from ca.ceremony.plan import DAY, Certify, CreateRoot, IssueCrl, Plan, Revoke, parse_plan
from ca.ceremony.play import DIGESTED, WRITTEN
from ca.ceremony.results import (
    PLAN,
    SIGNATURES,
    TRANSCRIPT,
    TRANSCRIPT_JSON,
    read_result,
    sha256,
)
from ca.ceremony.root_key import FILE_NAME, RECORD_NAME, parse_custody
from ca.ceremony.signatures import signature_form
from ca.ceremony.transcript import Mark, Transcript, parse_json
from ca.clock import whole_seconds
from ca.csr import parse_request
from ca.imports import import_bundle
from ca.store import prepare_books


def check_results(folder: Path) -> Iterator[str]:
    """Each thing that holds, in a sentence, as it is found.

    Raises:
        ResultsRefused: the first that does not.
        CeremonyError: the plan or the transcript cannot be read.
    """
    transcript = parse_json(read_result(folder, TRANSCRIPT_JSON))
    if transcript.encode() != read_result(folder, TRANSCRIPT):
        raise ResultsRefused(path=TRANSCRIPT, rule="the same as transcript.json")
    yield f"The transcript is one text, SHA-256 {transcript.sha256}"
    head = {label: value.value if isinstance(value, Mark) else value for label, value in transcript.head}
    if head.get("mode") != "ceremony":
        raise ResultsRefused(path=TRANSCRIPT, rule="of a ceremony, and not of a rehearsal")
    plan = parse_plan(read_result(folder, PLAN), folder=folder)
    if head.get("plan SHA-256") != plan.sha256 or head.get("ceremony") != plan.ceremony:
        raise ResultsRefused(path=PLAN, rule="the one that the transcript names")
    yield f"The plan is the one that the transcript names, SHA-256 {plan.sha256}"
    yield from _check_files(folder, transcript)
    bundle = read_bundle(folder)
    yield from _check_bundle(bundle)
    _check_acts(plan, bundle)
    yield "What was certified, revoked and listed is what the plan states"
    custody = parse_custody(read_result(folder, RECORD_NAME))
    if (custody.threshold, custody.custodians) != (plan.threshold, plan.custodians):
        raise ResultsRefused(path=RECORD_NAME, rule="the custodians and the threshold of the plan")
    opens = f"{custody.threshold} of {len(custody.custodians)} sheets, set {custody.share_set}"
    yield f"The sheets were made as the plan states: any {opens}"
    if read_result(folder, SIGNATURES) != signature_form(plan, transcript):
        raise ResultsRefused(path=SIGNATURES, rule="the page for this transcript")
    yield "The page for signatures names this transcript"


def _check_files(folder: Path, transcript: Transcript) -> Iterator[str]:
    written = next((step for step in transcript.steps if step.title == WRITTEN), None)
    stated = {} if written is None else dict(written.facts)
    if not set(DIGESTED) <= stated.keys():
        raise ResultsRefused(path=TRANSCRIPT, rule="it states the digests of the results")
    for name, value in stated.items():
        if name == "at":
            continue
        if name == FILE_NAME and not (folder / name).exists():
            yield "The key's file is not here: it lies in its safe"
            continue
        if sha256(read_result(folder, name)) != (value.value if isinstance(value, Mark) else value):
            raise ResultsRefused(path=name, rule="with the SHA-256 that the transcript states")
    yield "Every result has the digest that the transcript states"


def _check_bundle(bundle: Bundle) -> Iterator[str]:
    """By the rules of the service's import, at the instant of the ceremony."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    try:
        prepare_books(engine)
        at = _made_at(bundle)
        fingerprint = sha256(bundle.certificates[0].der)
        import_bundle(engine, bundle, at=at, root_sha256=fingerprint, own_key=None)
    except (ImportRefused, ValueError) as error:
        raise ResultsRefused(path="bundle", rule=f"what a service would take in ({error})") from error
    finally:
        engine.dispose()
    yield f"A service would take the bundle in, for the root with the SHA-256 {fingerprint}"


def _made_at(bundle: Bundle) -> datetime:
    return whole_seconds(x509.load_der_x509_crl(bundle.crl).last_update_utc)


def _check_acts(plan: Plan, bundle: Bundle) -> None:
    crl = x509.load_der_x509_crl(bundle.crl)
    newest = {each.name: each for each in bundle.certificates}  # the last of a name: in the order of issue
    for act in plan.acts:
        match act:
            case CreateRoot():
                holds = _is_as_stated(newest["root"], plan.root.subject.name(), act.valid_days)
            case Certify():
                found = newest.get(act.name)
                asked = parse_request(act.request).public_key
                holds = (
                    found is not None
                    and _is_as_stated(found, act.subject.name(), act.valid_days)
                    and found.certificate.public_key() == asked
                )
            case Revoke():
                entry = crl.get_revoked_certificate_by_serial_number(act.serial_number)
                holds = entry is not None
            case IssueCrl():
                number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
                ends = crl.next_update_utc
                holds = number == act.number and ends is not None
                holds = holds and ends == crl.last_update_utc + act.valid_days * DAY
        if not holds:
            raise ResultsRefused(path="bundle", rule=f"as the plan states in: {type(act).__name__}")


def _is_as_stated(found: BundledCertificate, subject: x509.Name, days: int) -> bool:
    lasts = found.certificate.not_valid_after_utc - found.certificate.not_valid_before_utc
    return found.certificate.subject == subject and lasts == days * DAY
