"""The judge of documents: one file, one instant, one report.

    verdict = signature's indication × status in the register × agreement of the parts

Never raises for what a stranger wrote: a file that cannot be read, for whatever reason,
is TOTAL-FAILED / FORMAT_FAILURE. A judge keeps verified certificate paths and revocation
answers, so whoever checks many documents keeps one judge as long as its trust.
"""

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from signing.formats.canonical_json import JsonValue
from verify.agreement import Comparison, compare, find_seal_code
from verify.errors import NotVerified
from verify.files.structure import SealedFile, read_sealed_file
from verify.pages.archive import TemplateArchive
from verify.pages.judge import PageJudge
from verify.seal import validate_seal_code
from verify.sentences import failed, passed
from verify.signatures.chain import ChainJudge
from verify.signatures.signature import SignatureJudgement, judge_signature
from verify.trail import Trail
from verify.trust import Trust
from verify.verdict import (
    Check,
    Comparisons,
    DocumentFacts,
    DocumentStanding,
    Indication,
    Outcome,
    ValidationReport,
)

_FORM = Trail()
_FORM.passed("format")
_WELL_FORMED = tuple(_FORM.constraints)


class ComparesPages(Protocol):
    """Whoever knows what a page must look like; `verify.pages.judge.PageJudge`."""

    def compare(
        self, pdf: bytes, *, sealed_octets: int, record: dict[str, JsonValue], seal_text: str
    ) -> tuple[Check, ...]:
        """The checks `page` and `symbol`."""


class DocumentJudge:
    """Judges documents by what one `Trust` vouches for. May be shared by threads.

    Args:
        trust: what is believed.
        pages: who compares pages; by default, with the template sets that `trust` vouches for.
    """

    def __init__(self, trust: Trust, *, pages: ComparesPages | None = None) -> None:
        self._trust = trust
        self._chain = ChainJudge(roots=trust.roots, certificates=trust.certificates, crls=trust.crls)
        archive = TemplateArchive(trust.source, vouched=trust.trust_list.files)
        self._pages: ComparesPages = pages or PageJudge(archive)

    def validate(self, pdf: bytes, *, at: datetime) -> ValidationReport:
        """The report on `pdf` at the instant `at` (aware, UTC)."""
        digest = hashlib.sha256(pdf).hexdigest()
        try:
            file = read_sealed_file(pdf)
        except NotVerified as reason:
            trail = Trail()
            trail.stopped(reason)
            return ValidationReport(
                at=at,
                sha256=digest,
                indication=reason.indication,
                sub_indication=reason.sub_indication,
                checks=(failed(reason),),
                constraints=tuple(trail.constraints),
            )
        return self._report(pdf, file, digest, at)

    def _report(self, pdf: bytes, file: SealedFile, digest: str, at: datetime) -> ValidationReport:
        trust_list = self._trust.trust_list
        signature = judge_signature(file, chain=self._chain, at=at)
        text = find_seal_code(file.links, trust_list.verify_origin)
        # The file's seal covers the code; that both are of one agency is compared below.
        sealed_at = signature.facts.proven_at if signature.indication is Indication.TOTAL_PASSED else None
        seal = (
            None if text is None else validate_seal_code(text, trust=self._trust, at=at, sealed_at=sealed_at)
        )
        comparison = compare(file, signature, seal, trust_list)
        pages = self._compare_pages(pdf, file, comparison, text)
        return ValidationReport(
            at=at,
            sha256=digest,
            indication=signature.indication,
            sub_indication=signature.sub_indication,
            level=signature.level,
            standing=seal.standing if seal else DocumentStanding(),
            comparisons=_with_pages(comparison.comparisons, pages),
            signature=signature.facts,
            document=seal.document if seal else DocumentFacts(),
            checks=(*_form(signature), *signature.checks, *comparison.checks, *pages),
            constraints=(*_WELL_FORMED, *signature.constraints),
            fields=comparison.fields,
        )

    def _compare_pages(
        self, pdf: bytes, file: SealedFile, comparison: Comparison, text: str | None
    ) -> tuple[Check, ...]:
        """Only what a key of ours signed is worth a page: no stranger's record reaches the compiler."""
        if comparison.record is None or text is None:
            return ()
        return self._pages.compare(
            pdf, sealed_octets=file.sealed_octets, record=comparison.record, seal_text=text
        )


def _form(signature: SignatureJudgement) -> tuple[Check, ...]:
    """What the security store holds is read with the signature, and may yet be malformed."""
    if any(check.code == "structure" for check in signature.checks):
        return ()
    return (passed("structure"),)


def _with_pages(comparisons: Comparisons, pages: tuple[Check, ...]) -> Comparisons:
    outcomes = {check.code: check.outcome for check in pages}
    return replace(
        comparisons,
        page=outcomes.get("page", Outcome.UNDECIDED),
        symbol=outcomes.get("symbol", Outcome.UNDECIDED),
    )


def validate_document(pdf: bytes, *, trust: Trust, at: datetime) -> ValidationReport:
    """The report on one file; for many, keep a `DocumentJudge`."""
    return DocumentJudge(trust).validate(pdf, at=at)
