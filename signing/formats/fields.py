"""Fields of a seal code: how a value of the embedded record travels, and how it is shown.

A sealed value is text, an integer, nothing, or rows of those. Dates are days since
1970-01-01, times minutes since midnight, identifiers integers of a width the field fixes,
closed lists the numbers of `codes.py`, money minor units. Everything is checked on the
way in (`seal_value`) and again on the way out (`show_value`), by the same rules.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeAlias, assert_never

from signing.formats.canonical_json import JsonValue
from signing.formats.codes import CODE_TABLES, CURRENCY, CodeTables, code_of_key, code_of_number

FieldValue: TypeAlias = "int | str | tuple[FieldValue, ...] | None"

EPOCH = date(1970, 1, 1)
_MINUTES_A_DAY = 24 * 60
_MAX_IDENTIFIER_DIGITS = 15  # exact in JavaScript too
_MAX_ROWS = 64

# Letters join or stay apart by these two; every other invisible character could disguise a name.
_JOINERS = "\u200c\u200d"
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


class UnsealableValue(ValueError):
    """A value of the record that its field cannot hold; `path` says where."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


class FieldKind(StrEnum):
    """How a field's value is written."""

    TEXT = "text"  # cut to `width` characters, the last an ellipsis, where a width is given
    DATE = "date"
    TIME = "time"
    DIGITS = "digits"  # an identifier of `width` digits, leading zeros kept
    CODE = "code"  # a key of the code table `table`
    MONEY = "money"  # minor units, then the number of the currency
    ROWS = "rows"  # a list; each row has the fields of `columns`


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a profile. `path` leads from the embedded JSON (or from its row) to the value."""

    name: str
    kind: FieldKind
    path: str
    label_ar: str
    label_en: str
    width: int = 0
    table: str = ""
    optional: bool = False
    columns: tuple["Field", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A value for people, in both languages."""

    ar: str
    en: str


def is_sealable_text(text: str) -> bool:
    """Whether `text` may stand in a seal code: NFC, not empty, nothing invisible but joiners."""
    return (
        bool(text)
        and unicodedata.is_normalized("NFC", text)
        and not any(unicodedata.category(one) in _INVISIBLE and one not in _JOINERS for one in text)
    )


def find_value(container: JsonValue, path: str) -> JsonValue:
    """The value at a dotted path; `None` where any step is absent."""
    value = container
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def seal_value(field: Field, container: JsonValue, *, tables: CodeTables = CODE_TABLES) -> FieldValue:
    """The sealed form of the value that `field.path` finds in `container`.

    Raises:
        UnsealableValue: absent though required, of another type, or not to be held by the field.
    """
    value = find_value(container, field.path)
    if value is None:
        if field.optional:
            return None
        raise UnsealableValue(field.path, "is absent")
    try:
        sealed = _seal(field, value, tables)
        show_value(field, sealed, tables=tables)
    except UnsealableValue as error:
        raise UnsealableValue(f"{field.path} > {error.path}", error.reason) from error
    except ValueError as error:
        raise UnsealableValue(field.path, str(error)) from error
    return sealed


def _seal(  # noqa: PLR0911 -- one answer for each kind of field
    field: Field, value: JsonValue, tables: CodeTables
) -> FieldValue:
    match field.kind, value:
        case FieldKind.TEXT, str():
            return _cut(unicodedata.normalize("NFC", value), field.width)
        case FieldKind.DATE, str():
            return (_parse_date(value) - EPOCH).days
        case FieldKind.TIME, str():
            return _parse_minutes(value)
        case FieldKind.DIGITS, str():
            return _parse_identifier(value, field.width)
        case FieldKind.CODE, str():
            return code_of_key(tables, field.table, value).number
        case FieldKind.MONEY, {"minor": int(minor), "currency": str(currency)}:
            return (minor, code_of_key(tables, CURRENCY, currency).number)
        case FieldKind.ROWS, list():
            return tuple(
                tuple(seal_value(column, row, tables=tables) for column in field.columns) for row in value
            )
        case _:
            raise ValueError(f"is {type(value).__name__}, which {field.kind} cannot hold")


def _cut(text: str, width: int) -> str:
    return text if not width or len(text) <= width else text[: width - 1] + "…"


def _parse_date(text: str) -> date:
    day = date.fromisoformat(text)
    if day.isoformat() != text:
        raise ValueError("a date is written YYYY-MM-DD")
    return day


def _parse_minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    total = int(hours) * 60 + int(minutes)
    if f"{total // 60:02d}:{total % 60:02d}" != text:
        raise ValueError("a time is written HH:MM")
    return total


def _parse_identifier(text: str, width: int) -> int:
    if len(text) != width or not (text.isascii() and text.isdigit()):
        raise ValueError(f"is not {width} digits")
    return int(text)


def show_value(field: Field, value: FieldValue, *, tables: CodeTables) -> Shown:
    """`value` for people.

    Raises:
        ValueError: a value that `seal_value` would never have made for this field.
    """
    if value is None and field.optional:
        return Shown(ar="—", en="—")
    if isinstance(value, str):
        if field.kind is not FieldKind.TEXT or not is_sealable_text(value):
            raise ValueError("text that this field cannot hold")
        return Shown(ar=value, en=value)
    if isinstance(value, tuple):
        return (
            _show_money(value, tables) if field.kind is FieldKind.MONEY else _show_rows(field, value, tables)
        )
    if value is None:
        raise ValueError("is absent")
    return _show_number(field, value, tables)


def _show_number(field: Field, value: int, tables: CodeTables) -> Shown:
    match field.kind:
        case FieldKind.DATE:
            shown = _show_date(value)
        case FieldKind.TIME:
            shown = _show_time(value)
        case FieldKind.DIGITS:
            shown = _show_identifier(value, field.width)
        case FieldKind.CODE:
            code = code_of_number(tables, field.table, value)
            return Shown(ar=code.ar, en=code.en)
        case FieldKind.TEXT | FieldKind.MONEY | FieldKind.ROWS:
            raise ValueError(f"a number in a field of kind {field.kind}")
        case _:
            assert_never(field.kind)
    return Shown(ar=shown, en=shown)


def _show_date(days: int) -> str:
    try:
        return (EPOCH + timedelta(days=days)).isoformat()
    except OverflowError as error:
        raise ValueError("a date outside the calendar") from error


def _show_time(minutes: int) -> str:
    if not 0 <= minutes < _MINUTES_A_DAY:
        raise ValueError("a time outside the day")
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _show_identifier(number: int, width: int) -> str:
    if not (0 < width <= _MAX_IDENTIFIER_DIGITS and 0 <= number < 10**width):
        raise ValueError(f"a number beyond {width} digits")
    return f"{number:0{width}d}"


def _show_money(value: FieldValue, tables: CodeTables) -> Shown:
    match value:
        case (int(minor), int(number)) if minor >= 0:
            currency = code_of_number(tables, CURRENCY, number)
        case _:
            raise ValueError("not an amount and its currency")
    # The old series has no minor unit in use.
    amount = f"{minor:,}" if currency.key == "SYP-OLD" else f"{minor // 100:,}.{minor % 100:02d}"
    return Shown(ar=f"{amount} {currency.ar}", en=f"{amount} {currency.en}")


def _show_rows(field: Field, rows: Sequence[FieldValue], tables: CodeTables) -> Shown:
    if field.kind is not FieldKind.ROWS or len(rows) > _MAX_ROWS:
        raise ValueError("rows that this field cannot hold")
    lines = [show_row(field, row, tables=tables) for row in rows]
    return Shown(
        ar="\n".join("، ".join(cell.ar for cell in line) for line in lines) or "—",
        en="\n".join(", ".join(cell.en for cell in line) for line in lines) or "—",
    )


def show_row(field: Field, row: FieldValue, *, tables: CodeTables) -> tuple[Shown, ...]:
    """The cells of one row.

    Raises:
        ValueError: a row without the columns of this field.
    """
    if not isinstance(row, tuple) or len(row) != len(field.columns):
        raise ValueError("a row with other columns")
    return tuple(
        show_value(column, cell, tables=tables) for column, cell in zip(field.columns, row, strict=True)
    )
