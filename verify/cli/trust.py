"""`wathiqa-verify trust`: what this person believes, kept up to date, shown and carried on."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from verify.cli.groups import Group
from verify.cli.options import AsJson, InLanguage, instant
from verify.errors import CouldNotRun
from verify.report.words import Language

if TYPE_CHECKING:
    from verify.bundle.store import TrustStore
    from verify.bundle.update import VouchedRoot

app = typer.Typer(cls=Group, rich_markup_mode=None, help="Keep and show what is believed: your trust store.")
Store = Annotated[
    Path | None, typer.Option("--store", help="The folder of the store; by itself among your data.")
]
_LANGUAGES: dict[Language, tuple[Literal["ar", "en"], ...]] = {
    Language.AR: ("ar",),
    Language.EN: ("en",),
    Language.BOTH: ("ar", "en"),
}


@app.command()
def update(
    place: Annotated[
        str, typer.Argument(metavar="FROM", help="An https address, a published directory, or a zip.")
    ],
    root: Annotated[
        str,
        typer.Option(
            "--root", help="At first: the root as PEM file, or its SHA-256 as the authority made it public."
        ),
    ] = "",
    store: Store = None,
    language: InLanguage = Language.BOTH,
    as_json: AsJson = False,  # noqa: FBT002 - Typer makes a flag of it
) -> None:
    """Take in the newest trust bundle; never an older one."""
    from verify.bundle.update import update_store
    from verify.bundle.words import update_as_json, update_lines

    with _told(language):
        done = update_store(_store(store), place, at=instant(""), root=_vouched(root))
    if as_json:
        _print_json(update_as_json(done))
    else:
        _print(line for each in _LANGUAGES[language] for line in update_lines(done, language=each))


@app.command()
def show(
    store: Store = None,
    language: InLanguage = Language.BOTH,
    as_json: AsJson = False,  # noqa: FBT002 - as above
) -> None:
    """How old everything is, and until when no network is needed."""
    from verify.bundle.overview import look_at
    from verify.bundle.words import overview_as_json, overview_lines

    now = instant("")
    with _told(language):
        overview = look_at(_store(store), at=now)
    if as_json:
        _print_json(overview_as_json(overview, at=now))
    else:
        languages = _LANGUAGES[language]
        _print(line for each in languages for line in overview_lines(overview, at=now, language=each))


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="Where to write it.")],
    store: Store = None,
    language: InLanguage = Language.BOTH,
) -> None:
    """Write all of it into one zip, to be carried to a computer without a network."""
    from verify.bundle.export import export_store

    with _told(language):
        export_store(_store(store), file)


def _store(named: Path | None) -> "TrustStore":
    from verify.bundle.opening import default_store_path
    from verify.bundle.store import TrustStore

    return TrustStore(named or default_store_path())


def _vouched(root: str) -> "VouchedRoot | None":
    from verify.bundle.update import VouchedRoot

    if not root:
        return None
    try:
        path = Path(root)
        return (
            VouchedRoot.from_pem(path.read_bytes()) if path.is_file() else VouchedRoot.from_fingerprint(root)
        )
    except (OSError, ValueError) as error:
        raise CouldNotRun(f"--root {root}: neither a certificate (PEM) nor a SHA-256") from error


@contextmanager
def _told(language: Language) -> Iterator[None]:
    """What went wrong, in the person's language."""
    from verify.bundle.problems import BundleError
    from verify.trust import TrustError

    try:
        yield
    except BundleError as error:
        said = " ".join(getattr(error, each) for each in _LANGUAGES[language])
        raise CouldNotRun(f"{error.artefact}: {said} [{error.code}]") from error
    except (TrustError, ValueError) as error:
        raise CouldNotRun(str(error)) from error


def _print(lines: Iterable[str]) -> None:
    from rich.console import Console

    from verify.terminal import without_steering

    console = Console(highlight=False)
    for line in lines:
        console.print(without_steering(line), markup=False, soft_wrap=True)


def _print_json(said: dict[str, object]) -> None:
    from verify.terminal import as_json_line

    sys.stdout.write(as_json_line(said))
