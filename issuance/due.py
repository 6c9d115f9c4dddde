"""What must be published or rotated, by when: trust list, status lists, keys of codes.

All of it is done by housekeeping, hourly; something is overdue when that did not happen for long.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from issuance.code_keys import CodeKeys
from signing.formats.status_list import TIME_TO_LIVE, parse_status_list
from signing.formats.trust_list import FILE_NAME, parse_trust_list

# Trust lists live 30 days: a day without a new one leaves 29 to look for the cause.
TRUST_LIST_RENEWED_AFTER = timedelta(days=1)
ROTATION_LATE_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One thing to be renewed."""

    what: str  # a published file, or a line of keys
    by: datetime
    ends: datetime | None  # when verifiers stop relying on it; None: nothing is there

    def is_overdue(self, at: datetime) -> bool:
        """Whether it should have been renewed before `at`."""
        return at > self.by


def due_publications(public: Path, code_keys: CodeKeys, *, at: datetime) -> list[Due]:
    """Everything, the most urgent first.

    Raises:
        ValueError: the published trust list cannot be read.
        KeyUnavailable: the register cannot be read.
    """
    found = [*_lists(public, at), *_rotations(code_keys)]
    return sorted(found, key=lambda due: due.by)


def _lists(public: Path, at: datetime) -> Iterator[Due]:
    path = public / FILE_NAME
    if path.exists():
        listed = parse_trust_list(path.read_bytes()).trust_list
        by = listed.issued_at + TRUST_LIST_RENEWED_AFTER
        yield Due(what=FILE_NAME, by=by, ends=listed.expires_at)
    else:
        yield Due(what=FILE_NAME, by=at - timedelta(seconds=1), ends=None)
    for path in sorted(public.glob("status/*.cwt")):
        name = path.relative_to(public).as_posix()
        try:
            claims = parse_status_list(path.read_bytes()).claims
        except ValueError:
            # Of a form that verifiers refuse by now, as the lists of 0.2.0.
            yield Due(what=name, by=at - timedelta(seconds=1), ends=None)
            continue
        yield Due(what=name, by=claims.issued_at + TIME_TO_LIVE, ends=claims.expires_at)


def _rotations(code_keys: CodeKeys) -> Iterator[Due]:
    for line in code_keys.lines:
        due = code_keys.rotates_at(line)
        if due is not None:  # else the next key waits already
            yield Due(what=line, by=due + ROTATION_LATE_AFTER, ends=code_keys.signs_until(line))
