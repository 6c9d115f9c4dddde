"""What a template is given: the record, and all that is worked out from it for the page.

Dates in both languages and in words, the number in groups and words, the agency's names,
amounts, the symbol. Part of the preparation (`template_set.PREPARATION`): what this module
and those it uses answer for a record may never change for sets that name this preparation.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import cast

from signing.formats.canonical_json import JsonValue
from signing.rendering.amounts import amount_on_page
from signing.rendering.dates import date_on_page
from signing.rendering.errors import TemplateFailed
from signing.rendering.symbol import SealSymbol, draw
from signing.rendering.words import groups_in_words

GROUP = 4
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
Agencies = Mapping[str, JsonValue]
"""Identifier of an agency → its names."""


def parse_agencies(data: bytes) -> Agencies:
    """The table of a template set."""
    return cast("Agencies", json.loads(data))


def view_of(embedded: dict[str, JsonValue], seal: SealSymbol, agencies: Agencies) -> dict[str, JsonValue]:
    """All that a template is given.

    Raises:
        SealTooLarge: the seal code does not fit a printable symbol.
        TemplateFailed: the record is of an agency without a name here.
    """
    drawing = draw(seal)
    document = cast("dict[str, str]", embedded["document"])
    return {
        "embedded": embedded,
        "agency": _agency(str(embedded["kind"]), document["agency"], agencies),
        "number": {"groups": in_groups(document["number"]), "words": groups_in_words(document["number"])},
        "dates": _dates(embedded),
        "refund": _refund(embedded),
        "verify": {"origin": seal.origin, "host": seal.origin.partition("://")[2]},
        "parted": False,
        "seal": {
            "text": seal.text,
            "svg": drawing.svg,
            "modules": drawing.modules,
            "check_code": in_groups(document["check_code"]),
        },
    }


def in_groups(characters: str) -> str:
    """`260000000017` as `2600 0000 0010`, with spaces that do not break."""
    return "\u00a0".join(characters[start : start + GROUP] for start in range(0, len(characters), GROUP))


def _agency(kind: str, identifier: str, agencies: Agencies) -> JsonValue:
    if identifier not in agencies:
        raise TemplateFailed(kind=kind, diagnostic=f"no agency {identifier}")
    return agencies[identifier]


def _dates(value: JsonValue) -> dict[str, JsonValue]:
    """Every ISO date inside `value`, as it stands on the page."""
    match value:
        case str() if (day := _day(value)) is not None:
            return {value: date_on_page(day)}
        case dict():
            return _merged(value.values())
        case list():
            return _merged(value)
        case _:
            return {}


def _day(words: str) -> date | None:
    """The day that `words` name; None for others, such as an applicant's `2026-99-99`."""
    try:
        return date.fromisoformat(words) if _ISO_DATE.fullmatch(words) else None
    except ValueError:
        return None


def _merged(values: Iterable[JsonValue]) -> dict[str, JsonValue]:
    dates: dict[str, JsonValue] = {}
    for value in values:
        dates |= _dates(value)
    return dates


def _refund(embedded: dict[str, JsonValue]) -> JsonValue:
    record = cast("dict[str, dict[str, JsonValue]]", embedded["record"])
    if "refund" not in record:
        return None
    refund = record["refund"]
    return amount_on_page(cast("int", refund["minor"]), cast("str", refund["currency"]))
