"""What an operator types, made into values; what cannot be one is wrong usage (exit status 2)."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

import typer

_Choice = TypeVar("_Choice", bound=StrEnum)


def one_of(kind: type[_Choice], text: str) -> _Choice:
    """The member of `kind` spelt like this.

    Raises:
        BadParameter: there is none; the message lists those there are.
    """
    try:
        return kind(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is none of: {', '.join(kind)}") from error


def document_number(text: str) -> str:
    """A document number as printed, spaces and Arabic-Indic digits allowed.

    Raises:
        BadParameter: another shape, or a wrong check digit.
    """
    from signing.formats.document_number import parse_document_number

    try:
        return parse_document_number(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: {error}") from error


def serial_number(text: str) -> int:
    """A certificate's serial number as `ca list` writes it: hexadecimal, colons allowed.

    Raises:
        BadParameter: not hexadecimal.
    """
    try:
        return int(text.replace(":", ""), 16)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no serial number; `wathiqa ca list` shows them") from error


def instant(text: str) -> datetime:
    """A moment as RFC 3339 writes it; without a zone it is UTC.

    Raises:
        BadParameter: it is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no moment; write it like 2026-11-22T08:00Z") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
