"""The judge of documents: one file, one instant, one report.

    verdict = signature's indication × status in the register × agreement of the parts

Never raises for what a stranger wrote: a file that cannot be read, for whatever reason,
is TOTAL-FAILED / FORMAT_FAILURE. A judge keeps verified certificate paths and revocation
answers, so whoever checks many documents keeps one judge as long as its trust.
"""

import hashlib
from datetime import datetime

from verify.agreement import compare, find_seal_code
from verify.chain import ChainJudge
from verify.errors import NotVerified
from verify.seal import validate_seal_code
from verify.sentences import failed, passed
from verify.signature import judge_signature
from verify.structure import SealedFile, read_sealed_file
from verify.trail import Trail
from verify.trust import Trust
from verify.verdict import DocumentFacts, DocumentStanding, Indication, ValidationReport

_FORM = Trail()
_FORM.passed("format")
_WELL_FORMED = tuple(_FORM.constraints)


class DocumentJudge:
    """Judges documents by what one `Trust` vouches for. May be shared by threads."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._chain = ChainJudge(roots=trust.roots, certificates=trust.certificates, crls=trust.crls)

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
        return self._report(file, digest, at)

    def _report(self, file: SealedFile, digest: str, at: datetime) -> ValidationReport:
        trust_list = self._trust.trust_list
        signature = judge_signature(file, chain=self._chain, at=at)
        text = find_seal_code(file.links, trust_list.verify_origin)
        # The file's seal covers the code; that both are of one agency is compared below.
        sealed_at = signature.facts.proven_at if signature.indication is Indication.TOTAL_PASSED else None
        seal = (
            None if text is None else validate_seal_code(text, trust=self._trust, at=at, sealed_at=sealed_at)
        )
        comparison = compare(file, signature, seal, trust_list)
        return ValidationReport(
            at=at,
            sha256=digest,
            indication=signature.indication,
            sub_indication=signature.sub_indication,
            level=signature.level,
            standing=seal.standing if seal else DocumentStanding(),
            comparisons=comparison.comparisons,
            signature=signature.facts,
            document=seal.document if seal else DocumentFacts(),
            checks=(passed("structure"), *signature.checks, *comparison.checks),
            constraints=(*_WELL_FORMED, *signature.constraints),
            fields=comparison.fields,
        )


def validate_document(pdf: bytes, *, trust: Trust, at: datetime) -> ValidationReport:
    """The report on one file; for many, keep a `DocumentJudge`."""
    return DocumentJudge(trust).validate(pdf, at=at)
