"""Commands that others stand below: help where nothing is asked, and no file's name taken for an option."""

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from verify.errors import CouldNotRun

COULD_NOT_RUN = 3
_ENDS_OPTIONS = "--"


class Group(TyperGroup):
    """Without a word, its help is on standard error and nothing could run."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer's own
        """See above; Typer calls it."""
        if not args:
            sys.stderr.write(f"{ctx.get_help()}\n")
            raise typer.Exit(COULD_NOT_RUN)
        return super().parse_args(ctx, args)


def require_no_file_as_option(words: list[str]) -> None:
    """Refuses a word that looks like an option and is a file's name.

    A shell writes `*.pdf` out before anybody sees it. In a folder that a stranger filled, a file may be
    called `--trust=his-root.pdf`, and whoever asks about all files there would believe the stranger.

    Raises:
        CouldNotRun: there is such a file.
    """
    until = words.index(_ENDS_OPTIONS) + 1 if _ENDS_OPTIONS in words else len(words)
    for word in words[:until]:
        # A lone `-` is standard input, whatever lies here.
        if word.startswith("-") and word != "-" and os.path.lexists(word):
            raise CouldNotRun(
                f"{word}: a file here has the name of an option; write ./ before names of files"
            )
