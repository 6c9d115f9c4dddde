"""Renders a document: embedded JSON and seal symbol in, PDF/A-3a and PDF/UA-1 bytes out.

The same input and template set give the same bytes, always. One `Renderer` is
loaded at start-up and kept; `render` may be called from several threads.
"""

from datetime import datetime

from issuance.rendering.symbol import SealSymbol
from signing.formats.canonical_json import JsonValue


class Renderer:
    """The template set, its fonts and one reused compiler.

    Args:
        verify_origin: address of the public verification page, without a trailing slash.
    """

    def __init__(self, *, verify_origin: str) -> None:
        self._verify_origin = verify_origin

    def render(
        self, embedded: dict[str, JsonValue], seal: SealSymbol, *, check_code: str, at: datetime
    ) -> bytes:
        """The page(s) of one document, with `embedded` attached as canonical `record.json`.

        Args:
            embedded: the whole embedded JSON, already valid by the schema of its kind.
            seal: the seal code in its two parts; its text is printed as the QR and linked to.
            check_code: twelve Crockford characters, printed in groups of four for the torn-code fallback.
            at: the issuing instant, written as the PDF's creation date.

        Raises:
            UnrenderableText: a text holds a character that none of our fonts can draw.
            TemplateFailed: the template stopped; its diagnostic is kept for the log.
        """
        raise NotImplementedError

    def template_digest(self, kind: str) -> str:
        """SHA-256 (hex) over all that decides how a document of `kind` looks: templates, fonts, compiler."""
        raise NotImplementedError
