"""What the comparison of pages says to people, in Arabic and English."""

from collections.abc import Mapping
from enum import StrEnum

from verify.rules import RULES
from verify.verdict import Check, Outcome, Words


class Finding(StrEnum):
    """How a comparison ended; the value is in a check's facts as `finding`, and stable."""

    IDENTICAL = "identical"
    ALIKE_BY_SIGHT = "alike-by-sight"
    DIFFERENT = "different"
    SEALING_CHANGED_THE_PAGE = "sealing-changed-the-page"
    NOT_COMPARED = "not-compared"
    NO_TEMPLATE_NAMED = "no-template-named"
    TEMPLATE_SET_MISSING = "template-set-missing"
    TEMPLATE_SET_NOT_VOUCHED = "template-set-not-vouched-for"
    TEMPLATE_SET_UNREADABLE = "template-set-unreadable"
    OTHER_PREPARATION = "other-preparation"
    OTHER_COMPILER = "other-compiler"
    NOT_COMPOSABLE = "not-composable"
    TOO_LARGE = "too-large"
    READ = "read"
    NO_SYMBOL = "no-symbol"
    OTHER_SYMBOL = "other-symbol"
    UNREADABLE_PAGE = "unreadable-page"


_NO_SET = Words(
    ar=(
        "لا يتوفر هنا القالب الذي أُعدّت به هذه الصفحة، فلم تُقارن الصفحة بالقيد المرفق. "
        "قارن ما تقرؤه فيها بالحقول أدناه."
    ),
    en=(
        "The template this page was made with is not at hand, so the page was not compared with its record. "
        "Compare what you read on it with the fields below."
    ),
)
_NOT_MADE = Words(
    ar="تعذّر إعداد الصفحة من جديد من القيد المرفق، فلم تُقارن به. قارن ما تقرؤه فيها بالحقول أدناه.",
    en=(
        "The page could not be made again from its record, so the two were not compared. "
        "Compare what you read on it with the fields below."
    ),
)
_ANOTHER_PAGE = Words(
    ar="ما تعرضه الصفحة ليس ما يقوله القيد المرفق: أُعدّت الصفحة من جديد من القيد فاختلفت عنها.",
    en="The page does not show what its record says: made again from the record, it is another page.",
)
_NO_SYMBOL = Words(
    ar="الرمز المطبوع على الصفحة ليس رمز هذه الوثيقة.",
    en="The code drawn on the page is not the code of this document.",
)

WORDS: Mapping[Finding, Words] = {
    Finding.IDENTICAL: Words(
        ar="أُعدّت الصفحة من جديد من القيد المرفق فكانت هي نفسها حرفاً بحرف.",
        en="Made again from its record, the page is the same to the last byte.",
    ),
    Finding.ALIKE_BY_SIGHT: Words(
        ar="أُعدّت الصفحة من جديد ببرنامج من إصدار آخر، فكان نصها وشكلها كما في الملف عند النظر.",
        en=(
            "Made again from its record by another version of the program, "
            "the page has the same text and looks the same."
        ),
    ),
    Finding.DIFFERENT: _ANOTHER_PAGE,
    Finding.SEALING_CHANGED_THE_PAGE: Words(
        ar="غيّر الختم شيئاً في الصفحة، وختمنا لا يغيّر فيها شيئاً.",
        en="Something on the page was changed by the sealing, and our sealing changes nothing on a page.",
    ),
    Finding.NOT_COMPARED: _NO_SET,
    Finding.NO_TEMPLATE_NAMED: _NO_SET,
    Finding.TEMPLATE_SET_MISSING: _NO_SET,
    Finding.TEMPLATE_SET_NOT_VOUCHED: _NO_SET,
    Finding.TEMPLATE_SET_UNREADABLE: _NO_SET,
    Finding.OTHER_PREPARATION: _NOT_MADE,
    Finding.OTHER_COMPILER: Words(
        ar=(
            "أُعدّت هذه الصفحة ببرنامج من إصدار آخر، ولا يمكن هنا إعدادها من جديد كما كانت تماماً. "
            "قارن ما تقرؤه فيها بالحقول أدناه."
        ),
        en=(
            "This page was made by another version of the program and cannot be made again here exactly. "
            "Compare what you read on it with the fields below."
        ),
    ),
    Finding.NOT_COMPOSABLE: Words(
        ar="لا يمكن أن تُعدّ من القيد المرفق صفحة، فليست هذه صفحته.",
        en="No page can be made from this record, so this is not its page.",
    ),
    Finding.TOO_LARGE: _NOT_MADE,
    Finding.READ: Words(
        ar="الرمز المطبوع على الصفحة هو رمز هذه الوثيقة.",
        en="The code drawn on the page is the code of this document.",
    ),
    Finding.NO_SYMBOL: Words(ar="لا يُقرأ على الصفحة رمز.", en="No code can be read on the page."),
    Finding.OTHER_SYMBOL: _NO_SYMBOL,
    Finding.UNREADABLE_PAGE: Words(
        ar="تعذّر رسم الصفحة لقراءة رمزها.", en="The page could not be drawn to read its code."
    ),
}


def found(code: str, outcome: Outcome, finding: Finding, **facts: str) -> Check:
    """A check of `page` or `symbol`."""
    return Check(
        code=code,
        rule=RULES[code],
        outcome=outcome,
        words=WORDS[finding],
        facts={"finding": finding.value, **facts},
    )
