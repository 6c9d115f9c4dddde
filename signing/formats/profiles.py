"""Profiles: which fields of which kind of document a seal code carries, in which order.

A seal code holds values only; their names and labels stand here and, signed, in the trust
list. Append-only: the fields of a published profile never change; a different selection
is a new profile with a new code. Fields are what a person compares with the paper, so they
follow the page: names, numbers, dates, places. The whole record is covered by its digest.
"""

from dataclasses import dataclass

from signing.formats.canonical_json import JsonValue
from signing.formats.codes import CODE_TABLES, EMPLOYMENT, GOVERNORATE, MARITAL_STATUS, SEX, CodeTables
from signing.formats.fields import Field, FieldKind, FieldValue, seal_value

NATIONAL_NUMBER_DIGITS = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One kind of document as its seal code tells it."""

    code: int
    kind: str
    title_ar: str
    title_en: str
    fields: tuple[Field, ...]


def seal_fields(
    profile: Profile, embedded: dict[str, JsonValue], *, tables: CodeTables = CODE_TABLES
) -> tuple[FieldValue, ...]:
    """The values of `embedded` (the record as it is embedded in the PDF) in the profile's order.

    Raises:
        UnsealableValue: a value that is absent or that its field cannot hold.
    """
    return tuple(seal_value(field, embedded, tables=tables) for field in profile.fields)


def profile_of_kind(kind: str) -> Profile:
    """The profile in which documents of `kind` are sealed today.

    Raises:
        ValueError: no profile for this kind.
    """
    for profile in PROFILES:
        if profile.kind == kind:
            return profile
    raise ValueError(f"no profile for documents of kind {kind}")


def _text(path: str, ar: str, en: str, *, width: int = 0) -> Field:
    name = path.removeprefix("record.").removesuffix(".ar").replace(".", "_")
    return Field(name=name, kind=FieldKind.TEXT, path=path, label_ar=ar, label_en=en, width=width)


def _plain(kind: FieldKind, path: str, ar: str, en: str, *, optional: bool = False) -> Field:
    name = path.removeprefix("record.").replace(".", "_")
    return Field(name=name, kind=kind, path=path, label_ar=ar, label_en=en, optional=optional)


def _code(table: str, path: str, ar: str, en: str) -> Field:
    name = path.removeprefix("record.").replace(".", "_")
    return Field(name=name, kind=FieldKind.CODE, path=path, label_ar=ar, label_en=en, table=table)


def _national_number(path: str, ar: str = "الرقم الوطني", en: str = "National number") -> Field:
    name = path.removeprefix("record.").replace(".", "_")
    return Field(
        name=name, kind=FieldKind.DIGITS, path=path, label_ar=ar, label_en=en, width=NATIONAL_NUMBER_DIGITS
    )


def _name(path: str) -> tuple[Field, ...]:
    return (
        _text(f"{path}.given_name.ar", "الاسم", "Given name"),
        _text(f"{path}.father_name.ar", "اسم الأب", "Father"),
        _text(f"{path}.family_name.ar", "الكنية", "Family name"),
    )


def _registration(path: str) -> tuple[Field, ...]:
    return (
        _code(GOVERNORATE, f"{path}.governorate", "المحافظة", "Governorate"),
        _text(f"{path}.civil_registry_office.ar", "أمانة السجل المدني", "Civil registry office"),
        _text(f"{path}.registry_place.ar", "محل القيد", "Registry place"),
        _text(f"{path}.registry_number", "رقم القيد", "Registry number"),
    )


def _spouse(path: str, ar: str, en: str) -> tuple[Field, ...]:
    return (
        _text(f"{path}.given_name.ar", f"اسم {ar}", f"{en}: given name"),
        _text(f"{path}.father_name.ar", f"اسم والد {ar}", f"{en}: father"),
        _text(f"{path}.family_name.ar", f"كنية {ar}", f"{en}: family name"),
        _national_number(f"{path}.national_number", f"الرقم الوطني: {ar}", f"{en}: national number"),
    )


_COUPLE = (*_spouse("record.husband", "الزوج", "Husband"), *_spouse("record.wife", "الزوجة", "Wife"))
_REGISTERED = (
    _text("record.event.registration_number", "رقم الواقعة", "Registration number"),
    _plain(FieldKind.DATE, "record.event.registered_on", "تاريخ تسجيل الواقعة", "Registered on"),
)

PROFILES: tuple[Profile, ...] = (
    Profile(
        code=1,
        kind="individual-extract",
        title_ar="بيان قيد فردي",
        title_en="Individual civil record extract",
        fields=(
            *_name("record.person"),
            _text("record.person.mother_name.ar", "اسم الأم", "Mother"),
            _national_number("record.person.national_number"),
            _code(SEX, "record.person.sex", "الجنس", "Sex"),
            _plain(FieldKind.DATE, "record.person.birth_date", "تاريخ الولادة", "Date of birth"),
            _text("record.person.birth_place.ar", "محل الولادة", "Place of birth"),
            _code(MARITAL_STATUS, "record.marital_status", "الوضع العائلي", "Marital status"),
            *_registration("record.person.registration"),
        ),
    ),
    Profile(
        code=2,
        kind="family-extract",
        title_ar="بيان قيد عائلي",
        title_en="Family civil record extract",
        fields=(
            *_registration("record.registration"),
            *_name("record.head"),
            _national_number("record.head.national_number"),
            _plain(FieldKind.DATE, "record.head.birth_date", "تاريخ الولادة", "Date of birth"),
            Field(
                name="spouses",
                kind=FieldKind.ROWS,
                path="record.spouses",
                label_ar="الزوج أو الزوجات",
                label_en="Spouses",
                columns=(
                    _text("given_name.ar", "الاسم", "Given name"),
                    _text("family_name.ar", "الكنية", "Family name"),
                    _national_number("national_number"),
                    _plain(FieldKind.DATE, "birth_date", "تاريخ الولادة", "Date of birth"),
                ),
            ),
            Field(
                name="children",
                kind=FieldKind.ROWS,
                path="record.children",
                label_ar="الأولاد",
                label_en="Children",
                columns=(
                    _text("given_name.ar", "الاسم", "Given name"),
                    _code(SEX, "sex", "الجنس", "Sex"),
                    _national_number("national_number"),
                    _plain(FieldKind.DATE, "birth_date", "تاريخ الولادة", "Date of birth"),
                ),
            ),
        ),
    ),
    Profile(
        code=3,
        kind="birth",
        title_ar="بيان ولادة",
        title_en="Birth extract",
        fields=(
            *_name("record.child"),
            _text("record.child.mother_name.ar", "اسم الأم", "Mother"),
            _national_number("record.child.national_number"),
            _code(SEX, "record.child.sex", "الجنس", "Sex"),
            _plain(FieldKind.DATE, "record.event.date", "تاريخ الولادة", "Date of birth"),
            _plain(FieldKind.TIME, "record.event.time", "ساعة الولادة", "Time of birth", optional=True),
            _text("record.event.place.ar", "محل الولادة", "Place of birth"),
            *_REGISTERED,
            *_registration("record.child.registration"),
        ),
    ),
    Profile(
        code=4,
        kind="marriage",
        title_ar="بيان زواج",
        title_en="Marriage extract",
        fields=(
            *_COUPLE,
            _plain(FieldKind.DATE, "record.event.date", "تاريخ الزواج", "Date of marriage"),
            _text("record.event.place.ar", "مكان الزواج", "Place of marriage"),
            *_REGISTERED,
        ),
    ),
    Profile(
        code=5,
        kind="divorce",
        title_ar="بيان طلاق",
        title_en="Divorce extract",
        fields=(
            *_COUPLE,
            _plain(FieldKind.DATE, "record.event.date", "تاريخ الطلاق", "Date of divorce"),
            _text("record.event.type.ar", "نوع الطلاق", "Kind of divorce"),
            _plain(FieldKind.DATE, "record.event.marriage_date", "تاريخ الزواج", "Date of marriage"),
            *_REGISTERED,
        ),
    ),
    Profile(
        code=6,
        kind="death",
        title_ar="بيان وفاة",
        title_en="Death extract",
        fields=(
            *_name("record.person"),
            _text("record.person.mother_name.ar", "اسم الأم", "Mother"),
            _national_number("record.person.national_number"),
            _plain(FieldKind.DATE, "record.person.birth_date", "تاريخ الولادة", "Date of birth"),
            _plain(FieldKind.DATE, "record.event.date", "تاريخ الوفاة", "Date of death"),
            _plain(FieldKind.TIME, "record.event.time", "ساعة الوفاة", "Time of death", optional=True),
            _text("record.event.place.ar", "مكان الوفاة", "Place of death"),
            *_REGISTERED,
        ),
    ),
    Profile(
        code=7,
        kind="non-employment",
        title_ar="وثيقة غير عامل",
        title_en="Certificate of not being employed",
        fields=(
            *_name("record.person"),
            _text("record.person.mother_name.ar", "اسم الأم", "Mother"),
            _national_number("record.person.national_number"),
            _plain(FieldKind.DATE, "record.person.birth_date", "تاريخ الولادة", "Date of birth"),
            _code(EMPLOYMENT, "record.statement.result", "ما ورد في سجل العاملين", "Workers' Register says"),
            _plain(FieldKind.DATE, "record.statement.as_of", "بتاريخ", "As of"),
        ),
    ),
    Profile(
        code=8,
        kind="refusal-notice",
        title_ar="إشعار برفض طلب",
        title_en="Notice of refusal",
        fields=(
            _text("record.request_number", "رقم الطلب", "Request number"),
            _text("record.service.ar", "الخدمة المطلوبة", "Service asked for", width=80),
            _text("record.applicant.full_name.ar", "مقدم الطلب", "Applicant"),
            _text("record.subject.full_name.ar", "صاحب القيد", "Subject"),
            _national_number(
                "record.subject.national_number", "الرقم الوطني لصاحب القيد", "Subject: national number"
            ),
            _text("record.reason.ar", "سبب الرفض", "Reason", width=160),
            _plain(FieldKind.MONEY, "record.refund", "المبلغ المردود", "Amount refunded"),
        ),
    ),
)
