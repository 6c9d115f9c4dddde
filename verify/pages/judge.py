"""The judge of pages: what is drawn against what is written."""

from signing.formats.canonical_json import JsonValue
from verify.pages.archive import TemplateArchive
from verify.pages.words import Finding, found
from verify.verdict import Check, Outcome


class PageJudge:
    """Keeps a compiler for each template set it met: keep one judge for many documents.

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
        the code does not name is refused here too.)

        Args:
            pdf: the whole file.
            sealed_octets: where its sealing revision ends (`SealedFile.sealed_octets`).
            record: the embedded JSON.
            seal_text: the text of the seal code.
        """
        del pdf, sealed_octets, record, seal_text
        return (
            found("page", Outcome.UNDECIDED, Finding.NOT_COMPARED),
            found("symbol", Outcome.UNDECIDED, Finding.NOT_COMPARED),
        )
