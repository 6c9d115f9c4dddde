"""`wathiqa ca enrol`: applications for certificates, from the request to two officers' approval.

Who applies and who decides is a member of staff: each of these commands that changes something asks for
their password. The operator of the machine approves nothing.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from issuance.cli.arguments import one_of, serial_number
from issuance.cli.authority import authority_books
from issuance.cli.console_people import logins, require, who
from issuance.cli.opened import Directory, books, opened, show

enrol_app = typer.Typer(no_args_is_help=True)

Number = Annotated[str, typer.Argument(help="As `ca enrol list` writes it: A-26-0123456789.")]
As = Annotated[str, typer.Option("--as", help="Who does so; the password is asked for.")]


@enrol_app.command("list")
def list_applications(
    directory: Directory,
    state: Annotated[
        str, typer.Option(help="Those in this state alone: submitted, issued, rejected, expired …")
    ] = "",
) -> None:
    """Applications, by number."""
    from ca.applications import ApplicationState, find_applications

    wanted = one_of(ApplicationState, state) if state else None
    with authority_books(directory) as engine, engine.connect() as connection:
        found = find_applications(connection, state=wanted)
    rows = [
        (
            each.number,
            each.state.value,
            each.profile.value,
            each.holder,
            each.key_kind,
            f"{len(each.approvals)} of {each.approvals_needed}",
            f"{each.expires_at:%Y-%m-%d}",
        )
        for each in found
    ]
    show(("number", "state", "profile", "holder", "key", "approvals", "decide before"), rows)


@enrol_app.command("show")
def show_application(number: Number, directory: Directory) -> None:
    """One application: who wants what certified, and who has agreed."""
    from ca.applications import load_application
    from ca.serials import serial_text
    from issuance.cli.certificate_words import MOMENT, who_is, words_of

    with authority_books(directory) as engine, engine.connect() as connection:
        application = load_application(connection, number)
    with books(directory) as engine:
        people = logins(engine)
    typer.echo(f"Application {application.number}: {application.state.value}")
    facts = {
        "profile": application.profile.value,
        "agency": application.agency,
        "holder": application.holder,
        "subject": words_of(application.subject),
        "key": f"{application.key_kind}, SHA-256 of the key {application.key_digest}",
        "renews": "" if application.renews is None else serial_text(application.renews),
        "evidence": application.evidence,
        "submitted": f"{application.submitted_at:{MOMENT}} by {who_is(application.submitted_by, people)}",
        "decide by": f"{application.expires_at:{MOMENT}}",
        "reason": application.reason or "",
        "certificate": "" if application.serial_number is None else serial_text(application.serial_number),
    }
    for label, text in facts.items():
        if text:
            typer.echo(f"  {label:<12} {text}")
    typer.echo(f"Approvals: {len(application.approvals)} of {application.approvals_needed}")
    for approval in application.approvals:
        typer.echo(f"  {approval.at:{MOMENT}}  {who_is(approval.by, people)}")


@enrol_app.command("submit")
def submit_application(
    request: Annotated[
        Path, typer.Argument(help="The certificate request: PKCS #10, PEM or DER.", exists=True)
    ],
    directory: Directory,
    agency: Annotated[str, typer.Option(help="Such as civil-registry.")],
    evidence: Annotated[str, typer.Option(help="How the applicant was identified: letter 14 of …")],
    as_: As,
    system: Annotated[
        str, typer.Option(help="For a seal: which of its systems, the same at each renewal: archive.")
    ] = "",
    officer: Annotated[str, typer.Option(help="For a person's signature: their login name.")] = "",
    given_name: Annotated[str, typer.Option(help="The officer's, as the certificate says it.")] = "",
    surname: Annotated[str, typer.Option(help="The officer's, as the certificate says it.")] = "",
    identifier: Annotated[
        str, typer.Option(help="The officer's within the service, such as OF:SY-1042; no national number.")
    ] = "",
    renews: Annotated[str, typer.Option(help="Serial number of the certificate that this one follows.")] = "",
    proof: Annotated[
        Path | None,
        typer.Option(help="The present key's signature over the request (DER) with SHA-256.", exists=True),
    ] = None,
) -> None:
    """Hand in a request: for the seal of one of an agency's systems, or for an officer's signature.

    Two other officers approve it. The subject is the registered one; the request may leave it empty.
    """
    from ca.csr import parse_request
    from ca.names import Officer
    from ca.serials import SerialNumber
    from issuance.authority.desk import NamedOfficer, Wish

    if bool(system) == bool(officer):
        raise typer.BadParameter("name either a --system or an --officer")
    checked = parse_request(request.read_bytes())
    present = SerialNumber(serial_number(renews)) if renews else None
    with opened(directory) as service:
        require(by := who(service, as_), "CERTIFICATES_APPLY")
        person = Officer(given_name=given_name, surname=surname, identifier=identifier)
        holder = NamedOfficer(account=_account_of(service, officer), person=person) if officer else system
        wish = Wish(
            agency=agency,
            holder=holder,
            request=checked,
            evidence=evidence,
            renews=present,
            proof=None if proof is None else proof.read_bytes(),
        )
        application = service.desk.submit(wish, by=by, at=service.parts.clock())
    needed = application.approvals_needed
    typer.echo(f"{application.number} is {application.state.value}; approvals needed: {needed}")


def _account_of(service: Any, login: str) -> str:  # noqa: ANN401  (a Service)
    """The id of the account of this login.

    Raises:
        BadParameter: there is none.
    """
    for account, known in logins(service.parts.engine).items():
        if known == login:
            return account.partition(":")[2]
    raise typer.BadParameter(f"{login!r} is no login; `wathiqa accounts list` shows them")


@enrol_app.command("approve")
def approve_application(number: Number, directory: Directory, as_: As) -> None:
    """Approve an application. The second officer's approval makes the certificate and publishes it."""
    from ca.serials import serial_text

    with opened(directory) as service:
        require(by := who(service, as_), "CERTIFICATES_APPROVE")
        application = service.desk.approve(number, by=by, at=service.parts.clock())
        counted = service.desk.counted(application)
    if application.serial_number is None:
        typer.echo(f"{number} has {counted} of {application.approvals_needed} approvals")
    else:
        typer.echo(f"{number} has certificate {serial_text(application.serial_number)}, which is published")


@enrol_app.command("reject")
def reject_application(
    number: Number,
    directory: Directory,
    reason: Annotated[str, typer.Option(help="The applicant reads it.")],
    as_: As,
) -> None:
    """Reject an application; one officer is enough."""
    with opened(directory) as service:
        require(by := who(service, as_), "CERTIFICATES_APPROVE")
        service.desk.reject(number, reason=reason, by=by, at=service.parts.clock())
    typer.echo(f"{number} is rejected")


@enrol_app.command("withdraw")
def withdraw_application(number: Number, directory: Directory, as_: As) -> None:
    """Take an application back for its applicant."""
    with opened(directory) as service:
        require(by := who(service, as_), "CERTIFICATES_APPLY")
        service.desk.withdraw(number, by=by, at=service.parts.clock())
    typer.echo(f"{number} is withdrawn")
