"""`wathiqa-verify`: the auditors' command, and the composition root of this package.

Exit status: 0 genuine and in force; 1 not genuine, or no longer in force; 2 cannot be
decided with what is at hand; 3 could not run. With several files, the gravest of them,
in the order 3, 1, 2, 0.

Commands load what they need when they run: `--help` answers at once.
"""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from verify.cli.groups import COULD_NOT_RUN, Group, require_no_file_as_option
from verify.cli.options import AsJson, At, InLanguage, Memory, Trust
from verify.cli.trust import app as trust_app
from verify.errors import CouldNotRun
from verify.report.words import Language
from verify.terminal import without_steering

_BY_ITSELF = "check"


class _Commands(Group):
    """Files without a command are to be checked."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer's own
        require_no_file_as_option(args)
        if args and args[0] not in {*self.commands, *ctx.help_option_names, "--version"}:
            args = [_BY_ITSELF, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Commands,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    subcommand_metavar="[COMMAND] FILE…",
)
app.add_typer(trust_app, name="trust")


def _print_version(is_asked: bool) -> None:  # noqa: FBT001 - Typer hands over the flag
    if is_asked:
        from importlib.metadata import version

        sys.stdout.write(f"wathiqa-verify {version('wathiqa')}\n")
        raise typer.Exit


@app.callback()
def explain_yourself(
    version: Annotated[  # noqa: FBT002 - Typer makes a flag of it
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Which version this is.")
    ] = False,
) -> None:
    """Judge official documents and their seal codes, without a network and without trusting who made them.

    `wathiqa-verify FILE…` judges files: it is short for `wathiqa-verify check FILE…`.

    Exit status: 0 genuine and in force; 1 not genuine, or no longer in force; 2 cannot be decided;
    3 could not run. With several files, that of the gravest, in the order 3, 1, 2, 0.
    """


@app.command(short_help="Judge documents (the command by itself).")
def check(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE…", help="PDF files, folders of them, patterns in quotes; `-` is standard input."
        ),
    ] = None,
    trust: Trust = "",
    seal: Annotated[
        list[str] | None, typer.Option("--seal", help="Judge the text of a QR symbol; may be repeated.")
    ] = None,
    at: At = "",
    memory: Memory = None,
    language: InLanguage = Language.BOTH,
    as_json: AsJson = False,  # noqa: FBT002 - Typer makes a flag of it
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a report to be printed or filed here too.")
    ] = None,
    xml: Annotated[
        Path | None,
        typer.Option("--xml", help="Write a report by ETSI TS 119 102-2 for each file into this folder too."),
    ] = None,
    from_: Annotated[
        str,
        typer.Option("--from", help="Judge what this file names too, a line each; `-` is standard input."),
    ] = "",
    brief: Annotated[
        bool | None, typer.Option("--brief/--full", help="A line or a page for each; a line from 10 on.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, max=256, help="Judging processes; one a processor.")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", help="Note here what is done, and leave out what was done before."),
    ] = None,
) -> None:
    """Judge documents, each in a process that is stopped if the file does it harm."""
    from verify.cli.check import Question, answer
    from verify.cli.inputs import read_names

    question = Question(
        names=(*(files or ()), *(read_names(from_) if from_ else ())),
        seals=tuple(seal or ()),
        trust=trust,
        at=at,
        memory=memory,
        language=language,
        as_json=as_json,
        html=html,
        xml=xml,
        brief=brief,
        workers=workers,
        journal=resume,
    )
    raise typer.Exit(answer(question))


@app.command(short_help="Say why a document is judged as it is.")
def explain(
    files: Annotated[list[str] | None, typer.Argument(metavar="FILE…", help="As for `check`.")] = None,
    trust: Trust = "",
    seal: Annotated[list[str] | None, typer.Option("--seal", help="The text of a QR symbol.")] = None,
    at: At = "",
    memory: Memory = None,
    language: InLanguage = Language.BOTH,
) -> None:
    """Step by step: what was asked, what was found, and which rule of which standard asks it."""
    from verify.cli.check import Question, answer

    question = Question(
        names=tuple(files or ()),
        seals=tuple(seal or ()),
        trust=trust,
        at=at,
        memory=memory,
        language=language,
        as_json=False,
        explained=True,
    )
    raise typer.Exit(answer(question))


@app.command(short_help="Take a document apart.")
def extract(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The document (PDF).")],
    to: Annotated[Path, typer.Option("--to", help="The folder for its parts: a new one, or an empty one.")],
    trust: Trust = "",
    at: At = "",
    memory: Memory = None,
) -> None:
    """Record, signed revision, certificates, time-stamps and revocation data, for other makers' tools.

    The verdict lies beside them, and is the exit status.
    """
    from verify.cli.extract import take_apart
    from verify.cli.options import instant

    verdict, written = take_apart(file, to, trust=trust, at=instant(at), memory=memory)
    for path in written:
        sys.stdout.write(f"{without_steering(str(path))}\n")
    raise typer.Exit(verdict.exit_code)


@app.command(short_help="Judge the QR symbols on scanned or photographed paper.")
def scan(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Pictures of pages: PNG, JPEG or PDF.")],
    trust: Trust = "",
    at: At = "",
    memory: Memory = None,
    language: InLanguage = Language.BOTH,
    as_json: AsJson = False,  # noqa: FBT002 - Typer makes a flag of it
) -> None:
    """Read the seal codes off paper and judge them; then compare the fields with the paper."""
    from verify.cli.check import Question, answer

    question = Question(
        names=tuple(files),
        seals=(),
        trust=trust,
        at=at,
        memory=memory,
        language=language,
        as_json=as_json,
        workers=1,
        scanned=True,
    )
    raise typer.Exit(answer(question))


@app.command(short_help="Judge what a QR symbol says.")
def seal(
    texts: Annotated[
        list[str], typer.Argument(metavar="TEXT…", help="What QR symbols say; `-` reads lines.")
    ],
    trust: Trust = "",
    at: At = "",
    memory: Memory = None,
    language: InLanguage = Language.BOTH,
    as_json: AsJson = False,  # noqa: FBT002 - Typer makes a flag of it
) -> None:
    """Judge what the QR symbol of a paper says; then compare the fields with the paper."""
    from verify.cli.check import Question, answer

    lines = [line for text in texts for line in (sys.stdin if text == "-" else (text,))]
    question = Question(
        names=(),
        seals=tuple(filter(None, map(str.strip, lines))),
        trust=trust,
        at=at,
        memory=memory,
        language=language,
        as_json=as_json,
    )
    raise typer.Exit(answer(question))


def main() -> None:
    """Entry point; whatever keeps the command from running ends with exit status 3."""
    try:
        code = app(standalone_mode=False)
    except BrokenPipeError:
        # Who read this has seen enough; Python would complain once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = COULD_NOT_RUN
    except Exception as error:  # noqa: BLE001 - usage errors and defects alike: their usual 2 would mean "undecided"
        sys.stderr.write(f"wathiqa-verify: {without_steering(_said(error))}\n")
        code = COULD_NOT_RUN
    raise SystemExit(code or 0)


def _said(error: Exception) -> str:
    """What people can do something about; a defect is told by its kind alone."""
    is_ours = isinstance(error, CouldNotRun) or hasattr(error, "format_message")
    return str(error) if is_ours and str(error) else type(error).__name__
