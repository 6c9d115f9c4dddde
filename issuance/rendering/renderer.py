"""Makes the pages of documents with the template set that their record names.

One `Renderer` is loaded at start-up and kept; `render` may be called from several threads.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from issuance.rendering.errors import SealTooLarge, TemplateFailed, UnrenderableText
from signing.formats.canonical_json import JsonValue
from signing.rendering import errors
from signing.rendering.composer import Composer
from signing.rendering.symbol import SealSymbol
from signing.rendering.template_set import packaged_set


class Renderer:
    """The template set that this program brings."""

    def __init__(self) -> None:
        self._composer = Composer(packaged_set())

    def render(self, embedded: dict[str, JsonValue], seal: SealSymbol, *, at: datetime) -> bytes:
        """See `Composer.compose`.

        Raises:
            UnrenderableText: a text holds a character that none of our fonts can draw.
            SealTooLarge: the seal code does not fit a printable symbol.
            TemplateFailed: the template stopped; its diagnostic is kept for the log.
        """
        with _told():
            return self._composer.compose(embedded, seal, at=at)

    def check_printable(self, value: JsonValue, *, field: str) -> None:
        """See `Composer.check_printable`.

        Raises:
            UnrenderableText: a character that none of our fonts can draw; it names the place below `field`.
        """
        with _told():
            self._composer.check_printable(value, field=field)

    def template_digest(self) -> str:
        """SHA-256 (hex) over all that decides how documents look: templates, fonts, compiler."""
        return self._composer.template_set.digest


@contextmanager
def _told() -> Iterator[None]:
    """What goes wrong, as the service tells it."""
    try:
        yield
    except errors.UnrenderableText as error:
        raise UnrenderableText(field=error.field, character=error.character) from error
    except errors.SealTooLarge as error:
        raise SealTooLarge(characters=error.characters) from error
    except errors.TemplateFailed as error:
        raise TemplateFailed(kind=error.kind, diagnostic=error.diagnostic) from error
