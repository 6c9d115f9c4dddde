"""`wathiqa keys`: the keys, their states and limits, and the log of their uses."""

from datetime import timedelta
from typing import Annotated, Any

import typer

from issuance.cli.opened import Directory, show

keys_app = typer.Typer(no_args_is_help=True)

KeyId = Annotated[str, typer.Argument(help="As `keys list` writes it.")]
Line = Annotated[str, typer.Argument(help="The line of keys: the name of its first one.")]


@keys_app.command("list")
def list_keys(directory: Directory) -> None:
    """Every key: its state, its uses, until when it signs. Never the key."""
    from issuance.cli.key_books import beside

    with beside(directory) as books:
        at = books.clock()
        rows = [
            (
                record.key_id,
                record.purpose.value,
                record.algorithm.value,
                record.state.value,
                f"{record.active_from:%Y-%m-%d}",
                "-" if record.retires_at is None else f"{record.retires_at:%Y-%m-%d}",
                str(record.uses) if record.max_uses is None else f"{record.uses} of {record.max_uses}",
                books.advice(record, at=at),
            )
            for record in books.keyring.records()
        ]
    show(("key", "purpose", "algorithm", "state", "from", "until", "uses", ""), rows)


@keys_app.command("show")
def show_key(key_id: KeyId, directory: Directory) -> None:
    """One key, with every change of its state."""
    from issuance.cli.key_books import beside

    with beside(directory) as books:
        record, history = books.keyring.record(key_id), books.register.history(key_id)
    show(
        ("", ""),
        [
            ("key", record.key_id),
            ("line", f"{record.line}, generation {record.generation}"),
            ("purpose", record.purpose.value),
            ("algorithm", record.algorithm.value),
            ("kept in", record.backend),
            ("state", record.state.value),
            ("uses", str(record.uses) if record.max_uses is None else f"{record.uses} of {record.max_uses}"),
            ("signs from", f"{record.active_from:%Y-%m-%d %H:%M}"),
            ("signs until", "-" if record.retires_at is None else f"{record.retires_at:%Y-%m-%d %H:%M}"),
        ],
    )
    rows = [
        (f"{each.at:%Y-%m-%d %H:%M}", each.before.value if each.before else "-", each.after.value, each.why)
        for each in history
    ]
    show(("at", "before", "after", "why"), rows)


@keys_app.command("rotate")
def rotate_key(
    line: Line,
    directory: Directory,
    days: Annotated[
        float | None,
        typer.Option(
            "--in",
            help="Days until it signs; verifiers hear of it before. Otherwise 31 for seal codes and status"
            " lists, as long as an older trust list may be in use, and 2 for others.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make the next key of a line; the one before it may sign a little longer.

    Not for issuing and trust-list, whose next key a ceremony certifies: `wathiqa ca requests --rotate`.
    """
    from issuance.cli.key_books import making
    from issuance.code_keys import advance_of

    _leave_to_ceremonies(line, "--rotate")

    with making(directory) as (keyring, at):
        advance = advance_of(line, keyring) if days is None else timedelta(days=days)
        record = keyring.rotate(line, at=at, active_from=at + advance)
    typer.echo(f"{record.key_id} signs from {record.active_from:%Y-%m-%d %H:%M} UTC on. {_PUBLISHED}")


def _leave_to_ceremonies(line: str, option: str) -> None:
    """A next key that no ceremony certifies would only end the one that signs."""
    if line in {"issuing", "trust-list"}:
        raise typer.BadParameter(
            f"a ceremony certifies the next key of {line}; begin with: wathiqa ca requests {option} {line}"
        )


@keys_app.command("replace")
def replace_key(line: Line, directory: Directory) -> None:
    """After a compromise: the next key at once, and no older one signs any more.

    Others hear nothing of it by this: where others may have the key, use `wathiqa ca revoke` for one with a
    certificate, `wathiqa keys withdraw` for one of seal codes or status lists. Both do this too.
    """
    from issuance.cli.key_books import making

    _leave_to_ceremonies(line, "--replace")
    with making(directory) as (keyring, at):
        record = keyring.replace(line, at=at)
    typer.echo(f"{record.key_id} signs now; the keys of {line} before it sign no more. {_PUBLISHED}")


@keys_app.command("withdraw")
def withdraw_key(key_id: KeyId, directory: Directory) -> None:
    """Tell everybody that others may have a key of seal codes or status lists; another takes its place.

    Papers with a code by it are to be checked by number from now on. Published at once.
    """
    from issuance.cli.opened import opened

    with opened(directory) as service:
        service.trust_services.withdraw_code_key(key_id, at=service.parts.clock())
        service.publish()
    typer.echo(f"{key_id} is withdrawn: trust list and status lists are published")


@keys_app.command("due")
def show_due(directory: Directory) -> None:
    """When trust list, status lists and the keys of codes are renewed; exit status 1 if something is late."""
    from issuance.cli.opened import opened
    from issuance.due import due_publications

    with opened(directory) as service:
        at = service.parts.clock()
        found = due_publications(service.layout.public, service.trust_services.code_keys, at=at)
    rows = [
        (
            each.what,
            f"{each.by:%Y-%m-%d %H:%M}",
            f"{each.ends:%Y-%m-%d %H:%M}" if each.ends else "-",
            "late" if each.is_overdue(at) else "",
        )
        for each in found
    ]
    show(("what", "renewed by", "counts until", ""), rows)
    if any(each.is_overdue(at) for each in found):
        raise typer.Exit(1)


@keys_app.command("suspend")
def suspend_key(key_id: KeyId, directory: Directory) -> None:
    """Stop a key; `resume` lets it sign again. Running processes obey at once."""
    _act(directory, "suspend", key_id, "signs nothing until it is resumed")


@keys_app.command("resume")
def resume_key(key_id: KeyId, directory: Directory) -> None:
    """Let a suspended key sign again."""
    _act(directory, "resume", key_id, "signs again")


@keys_app.command("retire")
def retire_key(key_id: KeyId, directory: Directory) -> None:
    """Stop a key for good; what it signed stays good."""
    _act(directory, "retire", key_id, "never signs again")


@keys_app.command("destroy")
def destroy_key(
    key_id: KeyId,
    directory: Directory,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a retired key from where it is kept; nothing brings it back."""
    if not yes:
        typer.confirm(f"Erase the private key {key_id} for good?", abort=True)
    _act(directory, "destroy", key_id, "is erased; its record stays")


@keys_app.command("limit")
def limit_key(
    key_id: KeyId,
    directory: Directory,
    uses: Annotated[
        int | None, typer.Option(min=0, help="How often it may sign in all; none: no limit.")
    ] = None,
    days: Annotated[
        float | None, typer.Option(min=0, help="It retires after so many; none: no limit.")
    ] = None,
) -> None:
    """Set how often a key may sign in all, and how long; what is left out is unlimited."""
    from issuance.cli.key_books import beside

    with beside(directory) as books:
        retires_at = None if days is None else books.clock() + timedelta(days=days)
        record = books.keyring.limit(key_id, max_uses=uses, retires_at=retires_at)
    often = "as often as wanted" if record.max_uses is None else f"{record.max_uses} times in all"
    until = "" if record.retires_at is None else f" and until {record.retires_at:%Y-%m-%d %H:%M} UTC"
    typer.echo(f"{key_id} may sign {often}{until}; it has signed {record.uses} times")


@keys_app.command("adopt")
def adopt_key(key_id: KeyId, directory: Directory) -> None:
    """Take a key into the register that was not made through it.

    Only where you know who made it: it signs from then on.
    """
    from issuance.cli.key_books import beside
    from issuance.custody import open_custody
    from keys.adoption import adopt

    with beside(directory) as books:
        signer = open_custody(books.layout, books.settings).load(key_id)
        key = adopt(books.register, signer, backend=books.settings.custody, at=books.clock())
    typer.echo(f"{key_id} is in the register: line {key.line}, generation {key.generation}, {key.purpose}")


@keys_app.command("audit")
def audit_keys(directory: Directory) -> None:
    """Check the log of every use of a key, the register, and what the key store holds.

    Recomputes the chains, compares them with the heads in the audit trail, the key stores' counts
    with the logs, and the keys held with those registered. Exit status 0 only if all is in order.
    """
    from issuance.cli.key_books import findings

    found = list(findings(directory))
    for each in found:
        typer.echo(each.sentence)
    if not all(each.is_in_order for each in found):
        raise typer.Exit(1)


_PUBLISHED = "The service certifies and publishes it by itself, within the hour; at once: wathiqa publish"


def _act(directory: Any, act: str, key_id: str, outcome: str) -> None:  # noqa: ANN401  (Typer's path)
    from issuance.cli.key_books import beside

    with beside(directory) as books:
        getattr(books.keyring, act)(key_id, at=books.clock())
    typer.echo(f"{key_id} {outcome}")
