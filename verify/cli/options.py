"""Options that several commands take, and what their texts mean."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from verify.errors import CouldNotRun
from verify.report.words import Language

Trust = Annotated[
    str,
    typer.Option(
        "--trust",
        help="What to believe: a trust store, the published root as a directory or an https address,"
        " or a trust bundle as zip. By itself your trust store, which `trust update` makes.",
    ),
]
At = Annotated[
    str, typer.Option("--at", help="Judge as of this instant (ISO 8601, UTC unless it says otherwise).")
]
Memory = Annotated[
    Path | None,
    typer.Option(
        "--memory",
        help="Remember here the newest lists seen, and refuse older ones from then on; a trust store does by"
        " itself.",
    ),
]
InLanguage = Annotated[Language, typer.Option("--language", help="Language of the report.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]


def instant(text: str) -> datetime:
    """What `--at` says; now where it says nothing.

    Raises:
        CouldNotRun: no instant.
    """
    if not text:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise CouldNotRun(f"--at {text}: not an instant as ISO 8601 writes it") from error
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
