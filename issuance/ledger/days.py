"""The business day of the books: Syria's, midnight to midnight.

Syria stays at UTC+3 the whole year since October 2022 (tz database, 2022e), so a
fixed offset is right for every day these books can hold.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone

BUSINESS_ZONE = timezone(timedelta(hours=3))


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """The first instant of a day and of the next, UTC."""
    start = datetime.combine(day, time.min, tzinfo=BUSINESS_ZONE)
    return start.astimezone(UTC), (start + timedelta(days=1)).astimezone(UTC)


def local_day(at: datetime) -> date:
    """The day an instant falls on."""
    return at.astimezone(BUSINESS_ZONE).date()
