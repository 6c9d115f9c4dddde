"""`wathiqa documents suspend|release|revoke|supersede|reasons`: whether a document counts."""

from typing import Annotated

import typer

from issuance.cli.arguments import document_number, one_of
from issuance.cli.opened import Directory, opened, show

Number = Annotated[str, typer.Argument(help="Its number, as printed.")]


def add_standing(documents_app: typer.Typer) -> None:
    """The commands, beside those that show documents."""
    documents_app.command("suspend")(suspend_document)
    documents_app.command("release")(release_document)
    documents_app.command("revoke")(revoke_document)
    documents_app.command("supersede")(supersede_document)
    documents_app.command("reasons")(show_reasons)


def suspend_document(
    number: Number,
    directory: Directory,
    reason: Annotated[str, typer.Option(help="under-review, misuse-reported, holder-asked or court-order.")],
) -> None:
    """Put a document on hold; its status says so at once, and `release` lifts it."""
    from issuance.documents.models import SuspensionReason

    wanted, why = document_number(number), one_of(SuspensionReason, reason)
    from issuance.cli.document_acts import suspended

    with opened(directory) as service:
        document = suspended(service, wanted, why)
    typer.echo(f"{document.number} is suspended")


def release_document(number: Number, directory: Directory) -> None:
    """Let a suspended document count again; its status says so at once."""
    wanted = document_number(number)
    from issuance.cli.document_acts import released

    with opened(directory) as service:
        document = released(service, wanted)
    typer.echo(f"{document.number} counts again")


def revoke_document(
    number: Number,
    directory: Directory,
    reason: Annotated[
        str, typer.Option(help="issued-in-error, record-corrected, fraud, holder-asked or court-order.")
    ],
) -> None:
    """Withdraw a document for good; its status says so at once."""
    from signing.formats.status_list import RevocationReason

    wanted, why = document_number(number), one_of(RevocationReason, reason)
    from issuance.cli.document_acts import revoked

    with opened(directory) as service:
        document = revoked(service, wanted, why)
    typer.echo(f"{document.number} is revoked")


def supersede_document(
    number: Number,
    directory: Directory,
    by: Annotated[str, typer.Option(help="The newer document, of the same kind about the same person.")],
) -> None:
    """Let a newer document take this one's place, for good; its status says so at once."""
    wanted, newer = document_number(number), document_number(by)
    from issuance.cli.document_acts import superseded

    with opened(directory) as service:
        document = superseded(service, wanted, newer)
    typer.echo(f"{document.number} is superseded by {document.superseded_by}")


def show_reasons() -> None:
    """Why a document may be suspended or revoked, in both languages."""
    from issuance.documents.standing import REVOCATION_REASONS, SUSPENSION_REASONS

    rows = [("suspend", reason.value, words.en, words.ar) for reason, words in SUSPENSION_REASONS.items()]
    rows += [("revoke", reason.value, words.en, words.ar) for reason, words in REVOCATION_REASONS.items()]
    show(("to", "reason", "in English", "in Arabic"), rows)
