"""What can go wrong between a record and its page.

RenderingError
├── UnrenderableText   a character that none of the fonts can draw
├── SealTooLarge       the seal code does not fit a printable symbol
├── TemplateFailed     the template itself stopped, or there is none for this kind
└── BadTemplateSet     not a template set, or one that this program cannot work with
"""


class RenderingError(Exception):
    """Base of what goes wrong here."""


class UnrenderableText(RenderingError):
    """`field` is the text's path in the embedded JSON, `character` the one that cannot be drawn."""

    def __init__(self, *, field: str, character: str) -> None:
        super().__init__(f"{field}: {character!a}")
        self.field, self.character = field, character


class SealTooLarge(RenderingError):
    """`characters` is the length of the seal code's text."""

    def __init__(self, *, characters: int) -> None:
        super().__init__(f"a seal code of {characters} characters")
        self.characters = characters


class TemplateFailed(RenderingError):
    """The template of `kind`; `diagnostic` is the compiler's own account, for a log only."""

    def __init__(self, *, kind: str, diagnostic: str) -> None:
        super().__init__(f"{kind}: {diagnostic}")
        self.kind, self.diagnostic = kind, diagnostic


class BadTemplateSet(RenderingError):
    """Not the octets of a template set, or not of the digest it goes by."""
