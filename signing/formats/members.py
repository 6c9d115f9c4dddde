"""Typed access to the members of a CBOR map that a stranger may have written."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from signing.formats.cbor import CborKey, CborValue

_T = TypeVar("_T")
_LAST_SECOND = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())


class MemberError(ValueError):
    """A member that is absent, unknown, of another type or out of range."""

    def __init__(self, key: CborKey, rule: str) -> None:
        super().__init__(f"member {key}: {rule}")
        self.key, self.rule = key, rule


class Members:
    """The members of one map; every read checks its type.

    Raises:
        MemberError: not a map, or a map with a member outside `required` and `optional`.
    """

    def __init__(
        self, value: CborValue, *, required: Collection[CborKey], optional: Collection[CborKey] = ()
    ) -> None:
        if not isinstance(value, Mapping):
            raise MemberError("(map)", "is not a map")
        for key in required:
            if key not in value:
                raise MemberError(key, "is absent")
        for key in value:
            if key not in required and key not in optional:
                raise MemberError(key, "is not known here")
        self._value = value

    def __contains__(self, key: CborKey) -> bool:
        return key in self._value

    def get(self, key: CborKey) -> CborValue:
        """Whatever stands there; None where nothing does."""
        return self._value.get(key)

    def text(self, key: CborKey, *, default: str | None = None) -> str:
        """A text string; `default` where the member may be absent."""
        value = self._value.get(key, default)
        if not isinstance(value, str):
            raise MemberError(key, "is not text")
        return value

    def octets(self, key: CborKey) -> bytes:
        """A byte string."""
        value = self._value.get(key)
        if not isinstance(value, bytes):
            raise MemberError(key, "is not a byte string")
        return value

    def flag(self, key: CborKey) -> bool:
        """True where the member stands and is true; false is written by leaving it out."""
        if key not in self._value:
            return False
        if self._value[key] is not True:
            raise MemberError(key, "is not true")
        return True

    def integer(self, key: CborKey, *, default: int | None = None, most: int = 2**32 - 1) -> int:
        """An integer from 0 to `most`."""
        value = self._value.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            raise MemberError(key, f"is not an integer from 0 to {most}")
        return value

    def instant(self, key: CborKey) -> datetime:
        """Seconds since 1970 (RFC 8392 §2, NumericDate as an integer), before the year 2100."""
        return datetime.fromtimestamp(self.integer(key, most=_LAST_SECOND - 1), UTC)

    def array(self, key: CborKey, parse: Callable[[CborValue], _T], *, most: int = 10_000) -> tuple[_T, ...]:
        """An array, each item parsed."""
        value = self._value.get(key, ())
        if not isinstance(value, tuple) or len(value) > most:
            raise MemberError(key, f"is not an array of at most {most}")
        return tuple(map(parse, value))


def parse_integer(value: CborValue) -> int:
    """An item that is an integer from 0 to 2³²−1."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**32:
        raise MemberError("(item)", "is not an integer")
    return value


def parse_text(value: CborValue) -> str:
    """An item that is text."""
    if not isinstance(value, str):
        raise MemberError("(item)", "is not text")
    return value


def whole_seconds(instant: datetime) -> int:
    """An aware instant as CWT writes it.

    Raises:
        ValueError: an instant without its zone.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant without its zone")
    return int(instant.timestamp())
