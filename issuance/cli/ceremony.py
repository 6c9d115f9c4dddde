"""`wathiqa ca ceremony`, `requests`, `import`, `status`: the root's key, which is not here."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from issuance.cli.arguments import one_of, serial_number
from issuance.cli.opened import Directory, show

HOLD = "hold"
ENOUGH_DIGITS = 8


class _HoldsByDefault(TyperGroup):
    """`ceremony plan.yaml …` is `ceremony hold plan.yaml …`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401  (Typer keeps its click to itself)
        """The command of this name; a file is a plan to be carried out."""
        known = args[0] in self.list_commands(ctx) or args[0].startswith("-")
        return super().resolve_command(ctx, args if known else [HOLD, *args])


ceremony_app = typer.Typer(cls=_HoldsByDefault, no_args_is_help=True)


@ceremony_app.command(HOLD)
def hold_ceremony(
    plan: Annotated[Path, typer.Argument(help="The reviewed plan.")],
    out: Annotated[
        Path,
        typer.Option("--out", help="A folder for the results; of a rehearsal, a file for its transcript."),
    ],
    *,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Play the plan on throwaway keys and without people.")
    ] = False,
    shares: Annotated[
        str, typer.Option(help="How custodians get their sheets: terminal, one at a time, or files to print.")
    ] = "terminal",
    plan_sha256: Annotated[
        str, typer.Option(help="The digest of the plan that was reviewed; asked for where it is not given.")
    ] = "",
) -> None:
    """Carry out a plan, on a machine that is and stays offline.

    Nothing is written before the end, and then all of it at once; a ceremony never overwrites another.
    """
    from ca.ceremony.earlier import load_earlier
    from ca.ceremony.plan import load_plan
    from ca.ceremony.play import rehearse as play_rehearsal
    from ca.ceremony.results import require_free
    from issuance.ceremonies import program
    from issuance.cli.ceremony_room import show_plan, warn_of_connections
    from issuance.clock import system_clock

    if shares not in {"terminal", "files"}:
        raise typer.BadParameter("terminal or files")
    console = Console(highlight=False)
    require_free(out)
    reviewed = load_plan(plan)
    earlier = load_earlier(reviewed)
    show_plan(console, reviewed, is_rehearsal=rehearse)
    if rehearse:
        with console.status("Rehearsing on throwaway keys …"):
            played = play_rehearsal(reviewed, clock=system_clock, program=program(), earlier=earlier)
        with out.open("xb") as file:
            file.write(played.transcript.encode())
        steps = len(played.transcript.steps)
        console.print(f"Rehearsed in {steps} steps; the keys are gone. Transcript: {out}", soft_wrap=True)
        return
    warn_of_connections(console)
    _require_reviewed(reviewed.sha256, plan_sha256, console)
    sheets = out.with_name(f"{out.name}-sheets") if shares == "files" else None
    _perform(reviewed, earlier, out, sheets, console)


@ceremony_app.command("compare")
def compare_transcripts(
    first: Annotated[Path, typer.Argument(help="The rehearsal's transcript.")],
    second: Annotated[Path, typer.Argument(help="The ceremony's transcript.")],
) -> None:
    """Whether two transcripts agree but for what must differ: keys, serial numbers, signatures, instants.

    Exit status 0 if they do, 1 if not.
    """
    from rich.text import Text

    from ca.ceremony.transcript import compare

    found = compare(first.read_bytes(), second.read_bytes())
    console = Console(highlight=False)
    for difference in found.differences:
        console.print(f"line {difference.line}")
        for sign, style, lines in (("-", "red", difference.first), ("+", "green", difference.second)):
            for line in lines:
                console.print(Text(f"  {sign} {line}", style=style), soft_wrap=True)
    if not found.agree:
        console.print(f"The transcripts differ in {len(found.differences)} places.")
        raise typer.Exit(1)
    console.print(
        f"The transcripts agree: {found.lines} lines, of which {found.marked} marked fields differ."
    )


@ceremony_app.command("check")
def check_ceremony(folder: Annotated[Path, typer.Argument(help="The results of a ceremony.")]) -> None:
    """Whether results are what their transcript says, and whether that follows the plan."""
    from ca.ceremony.check import check_results

    console = Console(highlight=False)
    for sentence in check_results(folder):
        console.print(f"[green]✔[/green] {sentence}", soft_wrap=True)


def write_ceremony_requests(
    directory: Directory,
    out: Annotated[
        Path | None, typer.Option(help="Where to; ceremony/ in the installation, if not said.")
    ] = None,
    certify: Annotated[
        list[str] | None, typer.Option(help="A key to certify again, such as trust-list; may be repeated.")
    ] = None,
    replace: Annotated[
        list[str] | None,
        typer.Option(help="issuing or trust-list: retire its key at once and have a new one certified."),
    ] = None,
    rotate: Annotated[
        list[str] | None,
        typer.Option(
            help="The same without haste: the old key goes on, an issuing CA's for its lists alone."
        ),
    ] = None,
    revoke: Annotated[
        list[str] | None, typer.Option(help="Serial number of a certificate to revoke; may be repeated.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, as RFC 5280 §5.3.1 spells it.")] = "superseded",
) -> None:
    """Write what the next ceremony needs: certificate requests, and a plan to be filled in and reviewed.

    Where there is no root yet, the plan makes one. Otherwise it opens the root and signs a new
    revocation list, and whatever else is asked for.
    """
    from ca.reasons import RevocationReason

    why, serials = one_of(RevocationReason, reason), [serial_number(each) for each in revoke or ()]
    with _authority(directory) as (layout, settings, authority):
        from ca.ceremony.requests import Gathering
        from ca.ceremony.results import PLAN, require_free
        from issuance.ceremonies import (
            Asked,
            ask_first,
            drafted_revocation,
            has_root,
            lines_of,
            write_requests,
        )
        from issuance.clock import system_clock

        at, keyring, is_first = system_clock(), authority.keyring, not has_root(authority.books)
        name = f"root-{at:%Y}" if is_first else f"ceremony-{at:%Y-%m-%d}"
        folder = out or (layout.requests if is_first else layout.requests / name)
        require_free(folder / PLAN)
        if is_first:
            asked = ask_first(keyring, at=at)
        else:
            revocations = [drafted_revocation(authority.books, serial, why) for serial in serials]
            # Keys last: what was wrongly asked for has by now been refused.
            keys = [*(certify or ())]
            keys += [keyring.replace(line, at=at).key_id for line in lines_of(replace)]
            keys += [keyring.rotate(line, at=at, active_from=at).key_id for line in lines_of(rotate)]
            asked = Asked(certify=keys, revocations=revocations)
        plan = write_requests(
            folder,
            asked,
            keyring=keyring,
            engine=authority.books,
            origin=settings.pki_origin,
            gathering=Gathering(ceremony=name),
        )
    typer.echo(f"{plan}: fill in what says CHANGE-ME, have it reviewed, and hold the ceremony elsewhere")


def import_ceremony(
    folder: Annotated[Path, typer.Argument(help="The bundle, or the results of a ceremony.")],
    directory: Directory,
    root_sha256: Annotated[
        str, typer.Option(help="Fingerprint of the root's certificate, from the signed transcript; once.")
    ] = "",
) -> None:
    """Take in what a ceremony made: all of it or nothing; what is there already changes nothing.

    Running processes take it up by themselves within seconds.
    """
    from issuance.ceremonies import take_in
    from issuance.clock import system_clock

    with _authority(directory) as (layout, _, authority):
        imported = take_in(
            folder,
            keyring=authority.keyring,
            engine=authority.books,
            public=layout.public,
            at=system_clock(),
            root_sha256=root_sha256 or None,
            audit=authority.audit,
        )
    if not imported.is_anything:
        typer.echo("it is all there already; nothing changed")
        return
    for name in imported.certificates:
        typer.echo(f"new certificate: {name}")
    for name in imported.revoked:
        typer.echo(f"revoked: {name}")
    until = f"{imported.crl.next_update:%Y-%m-%d}"
    typer.echo(f"revocation list of the root: number {imported.crl.number}, until {until}")


def show_status(directory: Directory) -> None:
    """What only a ceremony renews and will soon end, or waits for one. Exit status 1 if anything does."""
    from issuance.ceremonies import find_due, has_root
    from issuance.clock import system_clock

    with _authority(directory) as (_, _, authority):
        if not has_root(authority.books):
            typer.echo("there is no root yet: wathiqa ca requests, a ceremony, wathiqa ca import")
            raise typer.Exit(1)
        due = find_due(authority.books, authority.keyring, at=system_clock())
    if not due:
        typer.echo("nothing needs a ceremony within 60 days")
        return
    rows = [(each.what, f"{each.standing} {each.ends:%Y-%m-%d}", each.act) for each in due]
    show(("what", "", "act of the next ceremony"), rows)
    raise typer.Exit(1)


def add_ceremonies(ca_app: typer.Typer) -> None:
    """Put these commands below `wathiqa ca`."""
    ca_app.add_typer(ceremony_app, name="ceremony", help="Make or use the root's key: PLAN, compare, check.")
    ca_app.command("requests")(write_ceremony_requests)
    ca_app.command("import")(import_ceremony)
    ca_app.command("status")(show_status)


@contextmanager
def _authority(directory: Path) -> Iterator[tuple[Any, Any, Any]]:
    """Layout, settings, and the authority's books and keys; no certificate is needed."""
    from issuance.app import opened_authority
    from issuance.clock import system_clock
    from issuance.settings import Layout, load_settings, require_installation

    layout = Layout(root=directory)
    require_installation(layout)
    settings = load_settings(layout)
    with opened_authority(layout, settings, system_clock) as authority:
        yield layout, settings, authority


def _require_reviewed(digest: str, stated: str, console: Console) -> None:
    """Whoever starts has the reviewed plan's digest before them, on paper.

    Raises:
        PlanRefused: another digest.
    """
    from ca.ceremony.errors import PlanRefused

    if not stated:
        stated = console.input("The first eight digits of the digest of the plan that was reviewed: ").strip()
    stated = stated.replace(" ", "").lower()
    if len(stated) < ENOUGH_DIGITS or not digest.startswith(stated):
        raise PlanRefused(field="SHA-256", rule=f"that of the plan that was reviewed, and this is {digest}")


def _perform(plan: Any, earlier: Any, out: Path, sheets: Path | None, console: Console) -> None:  # noqa: ANN401  (a `Plan`, an `Earlier`; see above)
    from ca.ceremony.play import perform
    from ca.ceremony.results import require_free, write_results
    from issuance.ceremonies import program
    from issuance.cli.ceremony_room import TerminalRoom, show_end
    from issuance.clock import system_clock

    if sheets is not None:
        require_free(sheets)
    room = TerminalRoom(console=console, plan=plan, sheets=sheets)
    try:
        done = perform(plan, room, clock=system_clock, program=program(), earlier=earlier)
        write_results(out, done.files)
    except BaseException:
        room.abandon()
        raise
    show_end(console, done.transcript, out, sheets if room.written else None)
