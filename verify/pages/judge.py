"""The judge of pages: what is drawn against what is written (docs/formats/template-set.md).

The page is composed again from the record and the seal code, with the template set that
the record names. Composing is deterministic, so a genuine file begins with exactly these
octets; and its sealing revision changes nothing that is drawn. The symbol is then read
off the drawn page with another maker's reader.

Nothing of this runs on a stranger's data: the record must first be the one that a signed
seal code names.
"""

from dataclasses import dataclass
from datetime import datetime

from signing.formats.canonical_json import JsonValue, encode_canonical_json
from signing.formats.claims import record_digest
from signing.formats.seal_code import SealCodeError, parse_seal_code
from signing.rendering.composer import Composer, kept_composer
from signing.rendering.errors import BadTemplateSet, RenderingError
from signing.rendering.symbol import SealSymbol
from signing.rendering.template_set import PREPARATION, this_compiler
from verify.pages.archive import NoTemplateSet, TemplateArchive
from verify.pages.furniture import same_furniture
from verify.pages.revision import PageChanged, require_untouched
from verify.pages.sight import all_symbols, look_alike, symbol_of_ours
from verify.pages.words import Finding, found
from verify.paper.drawing import Undrawable
from verify.verdict import Check, Outcome

# Of the canonical record. A family of fifty has 40 KB; the compiler's time grows with it.
MAX_RECORD_OCTETS = 128 * 1024
_DIGEST_DIGITS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """How the comparison of the page ended."""

    check: Check
    identical: bytes | None = None  # the page composed again, where the file is known to show exactly it


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claimed:
    """What the page is composed from."""

    record: dict[str, JsonValue]
    seal_text: str
    issued_at: datetime


class PageJudge:
    """Judges pages by the template sets of one archive. May be shared by threads.

    Args:
        archive: where template sets are found.
    """

    def __init__(self, archive: TemplateArchive) -> None:
        self._archive = archive

    def compare(
        self, pdf: bytes, *, sealed_octets: int, record: dict[str, JsonValue], seal_text: str
    ) -> tuple[Check, ...]:
        """Two checks, `page` and `symbol`. Never raises for what a stranger wrote.

        To be asked only once the seal code is known to be signed and the record to be the one that it
        names: until then the record is a stranger's data, which no compiler should see. (A record that
        the code does not name is not composed here either.)

        Args:
            pdf: the whole file.
            sealed_octets: where its sealing revision ends (`SealedFile.sealed_octets`).
            record: the embedded JSON.
            seal_text: the text of the seal code.
        """
        claimed = _claimed(record, seal_text)
        if claimed is None:
            return _uncompared(Finding.NOT_COMPARED)
        sealed = pdf[:sealed_octets]
        page = self._compare_page(sealed, claimed)
        return page.check, _compare_symbol(sealed, claimed, page.identical)

    def _compare_page(self, sealed: bytes, claimed: _Claimed) -> _Compared:
        document = claimed.record.get("document")
        digest = document.get("template") if isinstance(document, dict) else None
        if not isinstance(digest, str) or len(digest) != _DIGEST_DIGITS:
            return _Compared(check=found("page", Outcome.UNDECIDED, Finding.NO_TEMPLATE_NAMED))
        facts = {"template": digest}
        try:
            composer = self._composer(digest)
        except NoTemplateSet as error:
            return _Compared(check=found("page", Outcome.UNDECIDED, error.finding, **facts))
        facts |= {"compiler": composer.template_set.compiler, "compiler_here": this_compiler()}
        outcome, finding, composed = _compose_and_compare(sealed, claimed, composer)
        is_identical = finding is Finding.IDENTICAL
        return _Compared(
            check=found("page", outcome, finding, **facts), identical=composed if is_identical else None
        )

    def _composer(self, digest: str) -> Composer:
        template_set = self._archive.find(digest)
        if template_set.preparation != PREPARATION:
            raise NoTemplateSet(Finding.OTHER_PREPARATION)
        try:
            return kept_composer(template_set)
        except (BadTemplateSet, OSError) as error:  # the latter: there is no room to lay its files out
            raise NoTemplateSet(Finding.TEMPLATE_SET_UNREADABLE) from error


def _claimed(record: dict[str, JsonValue], seal_text: str) -> _Claimed | None:
    try:
        code = parse_seal_code(seal_text)
        if record_digest(record) != code.claims.record_digest:
            return None
    except (SealCodeError, ValueError):
        return None
    return _Claimed(record=record, seal_text=code.text, issued_at=code.claims.issued_at)


def _compose_and_compare(
    sealed: bytes, claimed: _Claimed, composer: Composer
) -> tuple[Outcome, Finding, bytes]:
    if len(encode_canonical_json(claimed.record)) > MAX_RECORD_OCTETS:
        return Outcome.UNDECIDED, Finding.TOO_LARGE, b""
    is_same_compiler = composer.template_set.compiler == this_compiler()
    try:
        composed = composer.compose(claimed.record, SealSymbol.of(claimed.seal_text), at=claimed.issued_at)
    except (RenderingError, LookupError, ValueError, TypeError, AttributeError):
        if is_same_compiler:
            return Outcome.FAILED, Finding.NOT_COMPOSABLE, b""
        return Outcome.UNDECIDED, Finding.OTHER_COMPILER, b""
    if sealed.startswith(composed):
        return *_compare_revision(sealed, composed), composed
    if is_same_compiler:
        return Outcome.FAILED, Finding.DIFFERENT, composed
    return *_compare_by_sight(sealed, composed), composed


def _compare_revision(sealed: bytes, composed: bytes) -> tuple[Outcome, Finding]:
    try:
        require_untouched(sealed, composed, len(sealed))
    except PageChanged:
        return Outcome.FAILED, Finding.SEALING_CHANGED_THE_PAGE
    return Outcome.PASSED, Finding.IDENTICAL


def _compare_by_sight(sealed: bytes, composed: bytes) -> tuple[Outcome, Finding]:
    """Another version of the compiler may write other octets for the same page."""
    try:
        alike = same_furniture(sealed, composed) and look_alike(sealed, composed)
    except Undrawable:
        alike = False
    return (Outcome.PASSED, Finding.ALIKE_BY_SIGHT) if alike else (Outcome.UNDECIDED, Finding.OTHER_COMPILER)


def _compare_symbol(sealed: bytes, claimed: _Claimed, identical: bytes | None) -> Check:
    try:
        texts = all_symbols(sealed) if identical is None else symbol_of_ours(identical)
    except Undrawable:
        return found("symbol", Outcome.UNDECIDED, Finding.UNREADABLE_PAGE)
    if not texts:
        return found("symbol", Outcome.FAILED, Finding.NO_SYMBOL)
    if texts != (claimed.seal_text,):
        return found("symbol", Outcome.FAILED, Finding.OTHER_SYMBOL)
    return found("symbol", Outcome.PASSED, Finding.READ)


def _uncompared(finding: Finding) -> tuple[Check, ...]:
    return tuple(found(code, Outcome.UNDECIDED, finding) for code in ("page", "symbol"))
