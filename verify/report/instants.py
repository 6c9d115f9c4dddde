"""Instants and ages as people say them, in Arabic and English.

The hours are those of Damascus (UTC+3 all year since 2022) and say so. Without a
table of time zones, which an auditor's machine need not have.
"""

from datetime import datetime, timedelta, timezone

from verify.verdict import Words

ZONE = timezone(timedelta(hours=3))

_MONTHS_AR = (
    "كانون الثاني",
    "شباط",
    "آذار",
    "نيسان",
    "أيار",
    "حزيران",
    "تموز",
    "آب",
    "أيلول",
    "تشرين الأول",
    "تشرين الثاني",
    "كانون الأول",
)
_MONTHS_EN = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
# Alone, one, two, three to ten, eleven and more; then English, one and more.
_UNITS = (
    (timedelta(days=1), ("يوم", "يوم واحد", "يومين", "أيام", "يوماً"), ("day", "days")),
    (timedelta(hours=1), ("ساعة", "ساعة واحدة", "ساعتين", "ساعات", "ساعة"), ("hour", "hours")),
    (timedelta(minutes=1), ("دقيقة", "دقيقة واحدة", "دقيقتين", "دقائق", "دقيقة"), ("minute", "minutes")),
)
_FEW, _MANY = range(3, 11), range(11, 100)


def instant_as_text(at: datetime | None) -> str | None:
    """As ISO 8601 writes it, in UTC: for machines."""
    return at.isoformat().replace("+00:00", "Z") if at else None


def day(at: datetime) -> Words:
    """The day alone."""
    local = at.astimezone(ZONE)
    return Words(
        ar=f"{local.day} {_MONTHS_AR[local.month - 1]} {local.year}",
        en=f"{local.day} {_MONTHS_EN[local.month - 1]} {local.year}",
    )


def moment(at: datetime) -> Words:
    """Day, hour and minute, and whose hour it is."""
    said, hour = day(at), f"{at.astimezone(ZONE):%H:%M}"
    return Words(ar=f"{said.ar}، {hour} بتوقيت دمشق", en=f"{said.en}, {hour} Damascus time")


def moment_with_age(of: datetime, at: datetime) -> Words:
    """An instant and how long before `at` it was, or after."""
    when, gap = moment(of), at - of
    if abs(gap) < timedelta(minutes=1):
        return when
    length = duration(abs(gap))
    arabic = f"بـ {length.ar}" if length.ar[0].isdigit() else f"ب{length.ar}"
    if gap > timedelta(0):
        return Words(
            ar=f"{when.ar} (قبل هذا التحقق {arabic})", en=f"{when.en} ({length.en} before this check)"
        )
    return Words(ar=f"{when.ar} (بعد هذا التحقق {arabic})", en=f"{when.en} ({length.en} after this check)")


def duration(length: timedelta) -> Words:
    """In the largest unit that it fills, rounded down; at least a minute."""
    unit, arabic, english = next((each for each in _UNITS if length >= each[0]), _UNITS[-1])
    count = max(1, length // unit)
    return Words(ar=_counted_ar(count, arabic), en=f"{count} {english[0] if count == 1 else english[1]}")


def _counted_ar(count: int, forms: tuple[str, str, str, str, str]) -> str:
    """A number and what it counts, in the genitive: the last two digits decide the form."""
    alone, one, two, few, many = forms
    if count <= 2:  # noqa: PLR2004 - the dual
        return one if count == 1 else two
    rest = count % 100
    return f"{count} {few if rest in _FEW else many if rest in _MANY else alone}"
