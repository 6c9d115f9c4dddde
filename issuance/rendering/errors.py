"""What can go wrong between a record and its page.

IssuanceError
├── Invalid
│   └── UnrenderableText   a character that none of our fonts can draw
└── TemplateFailed         the template itself stopped; an operator's matter, never the applicant's
"""

from typing import ClassVar

from issuance.errors import Invalid, IssuanceError


class UnrenderableText(Invalid):
    """A text holds a character no font of ours can draw.

    Facts: `field` (its path in the embedded JSON) and `character` (`U+0905`).
    """

    code = "unrenderable-text"
    ar: ClassVar[str] = "في الحقل «{field}» محرف لا يمكن طباعته ({character})."
    en: ClassVar[str] = "The field “{field}” holds a character that cannot be printed ({character})."

    def __init__(self, *, field: str, character: str) -> None:
        self.field, self.character = field, character
        super().__init__(field=field, character=" ".join(f"U+{ord(one):04X}" for one in character))


class SealTooLarge(Invalid):
    """The seal code does not fit a symbol that can be printed at 0.55 mm a module; fact: `characters`."""

    code = "seal-too-large"
    ar: ClassVar[str] = "بيانات الختم أطول من أن تُطبع في رمز واحد ({characters} محرفاً)."
    en: ClassVar[str] = "The seal's content is too long for one printed code ({characters} characters)."


class TemplateFailed(IssuanceError):
    """The template of `kind` did not compile; `diagnostic` is Typst's own account, for the log only."""

    code = "template-failed"
    ar: ClassVar[str] = "تعذّر إعداد الصفحة المطبوعة لهذه الوثيقة ({kind})، وسيُعالَج الأمر ثم تُستأنف المعاملة."
    en: ClassVar[str] = (
        "The printed page of this document ({kind}) could not be made; "
        "this will be mended and the request resumed."
    )

    def __init__(self, *, kind: str, diagnostic: str) -> None:
        self.kind, self.diagnostic = kind, diagnostic
        super().__init__(kind=kind)
