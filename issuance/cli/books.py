"""`wathiqa requests`, `documents`, `ledger`: what stands in the books."""

from datetime import datetime
from typing import Annotated

import typer

from issuance.cli.arguments import document_number, one_of
from issuance.cli.document_standing import add_standing
from issuance.cli.opened import Directory, opened, reading_books, show

requests_app = typer.Typer(no_args_is_help=True)
documents_app = typer.Typer(no_args_is_help=True)
add_standing(documents_app)
ledger_app = typer.Typer(no_args_is_help=True)

Number = Annotated[str, typer.Argument(help="Its number, as printed.")]
_DISCREPANCIES = 1
_DOCUMENT_FACTS = {
    "number": "number",
    "kind": "kind",
    "agency": "agency",
    "request_number": "request",
    "state": "state",
    "valid_until": "valid until",
    "sha256": "SHA-256 when sealed",
    "released_at": "released (UTC)",
    "withdrawn_at": "withdrawn or suspended (UTC)",
    "withdrawal_reason": "why",
    "superseded_by": "superseded by",
}


@requests_app.command("list")
def list_requests(
    directory: Directory,
    state: Annotated[str, typer.Option(help="Only those in this state, such as held.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
) -> None:
    """Requests in the order of their numbers."""
    from issuance.requests.book import Selection, find_requests
    from issuance.requests.lifecycle import State

    selection = Selection(state=one_of(State, state) if state else None, limit=limit)
    with reading_books(directory) as connection:
        found = find_requests(connection, selection)
    rows = [
        (each.number, each.service, each.state.value, f"{each.updated_at:%Y-%m-%d %H:%M}") for each in found
    ]
    show(("request", "service", "state", "since (UTC)"), rows)


@requests_app.command("show")
def show_request(number: Number, directory: Directory) -> None:
    """The timeline of one request."""
    from issuance.requests.book import load_request, load_timeline
    from issuance.requests.numbers import parse_request_number

    with reading_books(directory) as connection:
        request = load_request(connection, parse_request_number(number))
        timeline = load_timeline(connection, request.number)
    typer.echo(f"{request.number}  {request.service}  {request.state.value}")
    rows = [
        (f"{step.at:%Y-%m-%d %H:%M:%S}", step.event.value, step.target.value, _in_words(step.facts))
        for step in timeline
    ]
    show(("at (UTC)", "event", "state", "facts"), rows)


@requests_app.command("resume")
def resume_request(number: Number, directory: Directory) -> None:
    """Let a held request go on where it stopped.

    Mend the cause first; the last line of `requests show` names it.
    """
    from issuance.identity.actors import system_actor
    from issuance.requests.numbers import parse_request_number

    known = parse_request_number(number)
    with opened(directory) as service, service.parts.engine.begin() as connection:
        at, operator = service.parts.clock(), system_actor("operator")
        request = service.movements.resume(connection, known, actor=operator, at=at)
    typer.echo(f"{request.number} goes on from {request.state.value}")


@requests_app.command("abandon")
def abandon_request(number: Number, directory: Directory) -> None:
    """Give up a held request whose cause cannot be mended: all that was paid goes back."""
    from issuance.identity.actors import Actor, ActorKind
    from issuance.requests.book import load_request
    from issuance.requests.numbers import parse_request_number

    known = parse_request_number(number)
    with opened(directory) as service, service.parts.engine.begin() as connection:
        agency = load_request(connection, known).agency
        operator = Actor(kind=ActorKind.SYSTEM, id="operator", permissions=frozenset(), agency=agency)
        at = service.parts.clock()
        request = service.movements.abandon(connection, known, officer=operator, at=at)
    typer.echo(f"{request.number} is {request.state.value}; what was paid goes back")


def _said(value: object) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value or "-")


@documents_app.command("show")
def show_document(number: Number, directory: Directory) -> None:
    """One document, without what it says."""
    from issuance.documents.book import load_document
    from issuance.documents.history import files_of

    wanted = document_number(number)
    with reading_books(directory) as connection:
        document, files = load_document(connection, wanted), files_of(connection, wanted)
    show(("", ""), [(name, _said(getattr(document, fact))) for fact, name in _DOCUMENT_FACTS.items()])
    typer.echo()
    rows = [
        (
            f"{each.made_at:%Y-%m-%d %H:%M}",
            f"PAdES-{each.file.level}",
            str(each.file.size),
            f"{each.file.judgeable_until:%Y-%m-%d}",
            each.file.sha256,
        )
        for each in files
    ]
    show(("made (UTC)", "seal", "octets", "can be judged until", "sha256"), rows)


@documents_app.command("renew")
def renew_documents(
    directory: Directory,
    before: Annotated[
        str, typer.Option(help="Those whose proof of time weakens before this day; by default in a year.")
    ] = "",
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Every one for which a time-stamp of today proves more.")
    ] = False,
) -> None:
    """Add validation data and a time-stamp to sealed files before the last one weakens.

    May be stopped at any time: the next run goes on where this one was. Exit status 1 if a document could
    not be renewed; the others are.
    """
    from rich.console import Console

    from issuance.cli.archive import renew

    raise typer.Exit(renew(directory, before=before, everything=everything, console=Console()))


@ledger_app.command("balances")
def show_balances(directory: Directory) -> None:
    """The trial balance, in minor units (qirsh).

    Debits and credits are equal within a currency.
    """
    from issuance.ledger.balances import trial_balance

    with reading_books(directory) as connection:
        lines = trial_balance(connection)
    rows = [(line.account.id, str(line.debits), str(line.credits), str(line.pending)) for line in lines]
    show(("account", "debits", "credits", "pending"), rows)


@ledger_app.command("check")
def check_ledger(directory: Directory) -> None:
    """Find disagreements in the ledger and with the payments.

    Exit status 1 if there is one.
    """
    from issuance.payments.discrepancies import find_discrepancies

    with reading_books(directory) as connection:
        found = find_discrepancies(connection)
    show(("what", "about"), [(each.what, each.about) for each in found])
    raise typer.Exit(_DISCREPANCIES if found else 0)


def _in_words(facts: object) -> str:
    """What a step of the timeline says of itself, as `name value` pairs."""
    return ", ".join(f"{name} {value}" for name, value in facts.items()) if isinstance(facts, dict) else ""
