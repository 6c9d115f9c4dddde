"""`wathiqa-verify`: the auditors' command, and the composition root of this package.

Exit status: 0 genuine and in force; 1 not genuine, or no longer in force; 2 cannot be
decided with what is at hand; 3 could not run. With several files, the gravest of them,
in the order 3, 1, 2, 0.
"""

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from verify.errors import CouldNotRun
from verify.terminal import without_steering

_COULD_NOT_RUN = 3

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


class _Language(StrEnum):
    AR = "ar"
    EN = "en"
    BOTH = "both"


@app.command()
def verify(  # noqa: PLR0917 - Typer reads options from the parameters; nobody else calls this
    files: Annotated[list[Path] | None, typer.Argument(help="Documents (PDF) to judge.")] = None,
    trust: Annotated[
        str, typer.Option("--trust", help="The published root: a directory, or an https address.")
    ] = "",
    seal: Annotated[
        list[str] | None, typer.Option("--seal", help="Judge the text of a QR symbol; may be repeated.")
    ] = None,
    at: Annotated[
        str, typer.Option("--at", help="Judge as of this instant (ISO 8601, UTC unless it says otherwise).")
    ] = "",
    memory: Annotated[
        Path | None,
        typer.Option(
            "--memory", help="Remember here the newest lists seen, and refuse older ones from then on."
        ),
    ] = None,
    language: Annotated[
        _Language, typer.Option("--language", help="Language of the report.")
    ] = _Language.BOTH,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,  # noqa: FBT002 - Typer makes a flag of it
) -> None:
    """Judge official documents and their seal codes; no network is needed with a local copy of the root.

    Exit status: 0 genuine and in force; 1 not genuine, revoked, superseded or expired; 2 cannot be decided;
    3 could not run.
    """
    if not trust or not (files or seal):
        raise CouldNotRun("name at least one FILE or --seal TEXT, and --trust")
    instant = _instant(at)
    # The judges bring two PDF parsers and the cryptography with them; `--help` should not wait for those.
    from verify.session import open_session  # noqa: PLC0415 - see above

    session = open_session(trust, instant, language=language.value, as_json=as_json, memory=memory)
    raise typer.Exit(session.run(files or [], seal or []))


def _instant(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise CouldNotRun(f"--at {text}: not an instant as ISO 8601 writes it") from error
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def main() -> None:
    """Entry point; whatever keeps the command from running ends with exit status 3."""
    try:
        code = app(standalone_mode=False)
    except Exception as error:  # noqa: BLE001 - usage errors and defects alike: their usual 2 would mean "undecided"
        sys.stderr.write(f"wathiqa-verify: {without_steering(str(error)) or type(error).__name__}\n")
        code = _COULD_NOT_RUN
    raise SystemExit(code or 0)
