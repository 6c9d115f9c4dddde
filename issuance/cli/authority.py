"""`wathiqa ca`: the certificates of this authority, their status, and its lists."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from issuance.cli.arguments import instant, one_of, serial_number
from issuance.cli.console_people import logins, require, who
from issuance.cli.opened import Directory, books, opened, show

ca_app = typer.Typer(no_args_is_help=True)

Serial = Annotated[str, typer.Argument(help="As `ca list` writes it.")]
As = Annotated[str, typer.Option("--as", help="Act as this member of staff; the password is asked for.")]
Why = Annotated[str, typer.Option(help="In words; it stands in the audit trail.")]


@contextmanager
def authority_books(directory: Any) -> Iterator[Any]:  # noqa: ANN401  (a Path; an Engine comes out)
    """The authority's database alone: no key is opened, so no passphrase is needed."""
    from ca.applications import prepare_applications
    from issuance.books import open_authority_books
    from issuance.settings import Layout, require_installation

    layout = Layout(root=directory)
    require_installation(layout)
    engine = open_authority_books(layout)
    try:
        prepare_applications(engine)
        yield engine
    finally:
        engine.dispose()


@ca_app.command("list")
def list_certificates(
    directory: Directory,
    name: Annotated[str, typer.Option(help="Of this name alone, such as seal-civil-registry.")] = "",
    profile: Annotated[str, typer.Option(help="Of this profile alone, such as seal or officer.")] = "",
) -> None:
    """Every certificate ever issued, newest first."""
    from ca.profiles import ProfileName
    from ca.serials import serial_text
    from ca.store import find_certificates
    from issuance.clock import system_clock

    wanted = one_of(ProfileName, profile) if profile else None
    with authority_books(directory) as engine, engine.connect() as connection:
        found = find_certificates(connection, name=name or None)
    at = system_clock()
    rows = [
        (
            serial_text(each.serial_number),
            each.name,
            each.profile.value,
            f"{each.not_before:%Y-%m-%d}",
            f"{each.not_after:%Y-%m-%d}",
            _status(each, at),
        )
        for each in found
        if wanted in {None, each.profile}
    ]
    show(("serial", "name", "profile", "from", "until", "status"), rows)


@ca_app.command("show")
def show_certificate(
    serial: Serial,
    directory: Directory,
    *,
    pem: Annotated[bool, typer.Option("--pem", help="The certificate itself, and nothing else.")] = False,
) -> None:
    """One certificate for people: whose it is, how long it lasts, what happened to it."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from ca.applications import find_by_key
    from ca.csr import key_kind
    from ca.store import certified_key_digest, find_status_changes, load_certificate
    from issuance.cli.certificate_words import certificate_lines, history_lines
    from issuance.clock import system_clock

    with authority_books(directory) as engine, engine.connect() as connection:
        issued = load_certificate(connection, serial_number(serial))
        certificate = issued.certificate
        changes = find_status_changes(connection, issued.serial_number)
        digest = certified_key_digest(certificate.tbs_certificate_bytes)
        application = find_by_key(connection, digest)
    if pem:
        typer.echo(certificate.public_bytes(Encoding.PEM).decode(), nl=False)
        return
    with books(directory) as service_books:
        people = logins(service_books)
    at = system_clock()
    kind = f"{key_kind(certificate.public_key())}, SHA-256 of the key {digest}"
    for line in certificate_lines(issued, status=_status(issued, at), key=kind, at=at):
        typer.echo(line)
    typer.echo("History")
    for line in history_lines(issued, changes, application, people):
        typer.echo(line)


@ca_app.command("issue")
def issue_certificate(
    number: Annotated[str, typer.Argument(help="Of an approved application, as `ca enrol list` writes it.")],
    directory: Directory,
    as_: As = "",
) -> None:
    """Make the certificate of an approved application now, and publish it.

    The second officer's approval does so by itself; this is for an application whose certificate could
    not be made then, because the issuing key did not answer. A running service tries again every ten minutes.
    """
    from ca.serials import serial_text

    with opened(directory) as service:
        require(by := who(service, as_), "CERTIFICATES_APPROVE")
        issued = service.desk.issue(number, by=by, at=service.parts.clock())
    typer.echo(f"{number} has certificate {serial_text(issued.serial_number)}, which is published")


@ca_app.command("revoke")
def revoke_certificate(
    serial: Serial,
    directory: Directory,
    reason: Annotated[str, typer.Option(help="As RFC 5280 §5.3.1 spells it, such as keyCompromise.")],
    why: Why = "",
    invalid_since: Annotated[
        str, typer.Option(help="Since when the key is known or feared lost: 2026-11-22T08:00Z.")
    ] = "",
    as_: As = "",
) -> None:
    """Revoke a certificate for good, and publish that at once.

    What it certified gets a new key and a new certificate, where the key is ours. A running service
    notices by itself, before it seals the next document.
    """
    from ca.reasons import RevocationReason

    number, given = serial_number(serial), one_of(RevocationReason, reason)
    since = instant(invalid_since) if invalid_since else None
    with opened(directory) as service:
        require(by := who(service, as_), "CERTIFICATES_REVOKE")
        at = service.parts.clock()
        service.desk.revoke(number, reason=given, why=why, by=by, at=at, invalid_since=since)
    typer.echo(f"{serial} is revoked; the new CRL and OCSP answers are published")


@ca_app.command("suspend")
def suspend_certificate(serial: Serial, directory: Directory, why: Why, as_: As = "") -> None:
    """Put a certificate on hold, and publish that at once.

    `ca resume` lifts the suspension, `ca revoke` makes it final.
    """
    number = serial_number(serial)
    with opened(directory) as service:
        require(by := who(service, as_), "CERTIFICATES_SUSPEND")
        service.desk.suspend(number, why=why, by=by, at=service.parts.clock())
    typer.echo(f"{serial} is suspended; the new CRL and OCSP answers are published")


@ca_app.command("resume")
def resume_certificate(serial: Serial, directory: Directory, why: Why, as_: As = "") -> None:
    """Lift a suspension, and publish that at once."""
    number = serial_number(serial)
    with opened(directory) as service:
        require(by := who(service, as_), "CERTIFICATES_SUSPEND")
        service.desk.release(number, why=why, by=by, at=service.parts.clock())
    typer.echo(f"{serial} is in force again; the new CRL and OCSP answers are published")


@ca_app.command("crl")
def show_lists(
    directory: Directory,
    *,
    issue: Annotated[
        bool, typer.Option("--issue", help="Sign a new list of the issuing authority now, and publish it.")
    ] = False,
) -> None:
    """The current revocation lists: their ages, how long they are good for, what stands on them."""
    from issuance.cli.certificate_words import entry_rows, list_rows
    from issuance.clock import system_clock

    if issue:
        with opened(directory) as service:
            crl = service.desk.issue_list(by=who(service, ""), at=service.parts.clock())
        typer.echo(f"list {crl.number} of {crl.issuer} is signed and published")
    with authority_books(directory) as engine, engine.connect() as connection:
        lists, entries = list_rows(connection, at=system_clock()), entry_rows(connection)
    show(("list", "number", "issued", "age", "good until", "entries"), lists)
    if entries:
        typer.echo("")
        show(("list", "serial", "name", "since", "reason", "key lost since"), entries)


@ca_app.command("audit")
def show_acts(
    directory: Directory,
    last: Annotated[int, typer.Option(help="So many of the newest.", min=1, max=10_000)] = 50,
) -> None:
    """What the authority did and who made it do so, from the trail, after its whole chain was verified.

    Exit status 1, and not one line, where an entry was changed, removed or moved.
    """
    from issuance.audit.trail import verify_chain
    from issuance.cli.certificate_words import act_rows
    from issuance.database import reading

    with books(directory) as engine:
        people = logins(engine)
        with reading(engine) as connection:
            head = verify_chain(connection)
            rows = act_rows(connection, people, last=last)
    show(("entry", "when", "who", "act", "about", "said"), rows)
    typer.echo(f"the chain is whole: {head.sequence} entries, head {head.hash}")


def _status(issued: Any, at: Any) -> str:  # noqa: ANN401  (an IssuedCertificate and an instant)
    from issuance.authority.naming import status_of

    words = status_of(issued, at=at).replace("-", " ")
    if issued.revoked_at is None:
        return words
    return f"{words} {issued.revoked_at:%Y-%m-%d} {issued.reason.value}"
