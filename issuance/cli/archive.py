"""`wathiqa documents renew`: the archive's time-stamps, renewed in bulk before they weaken."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from issuance.app import Gate, Service
from issuance.cli.failures import sentence_for
from issuance.documents.history import Selection
from issuance.documents.renewal import Outcome, Renewer
from issuance.installation import open_installation
from issuance.settings import Layout

_A_YEAR = timedelta(days=365)
_NOT_ALL = 1


def renew(directory: Path, *, before: str, everything: bool, console: Console) -> int:
    """Renew what weakens; answers the exit status, 1 where a document could not be renewed."""
    day = _day(before) if before else None
    service = open_installation(Layout(root=directory))
    try:
        now = service.parts.clock()
        instant = day or now + _A_YEAR
        # The verifier goes by what is published; certificates near their end are renewed with it.
        service.trust_services.publish(at=now)
        renewer, ends = (
            renewer_of(service),
            service.trust_services.time_stamper.certificate.not_valid_after_utc,
        )
        # Beyond what a time-stamp of today proves, renewing again and again gains nothing.
        reached = ends if everything else min(instant, ends)
        return _renew(renewer, renewer.select(before=reached, unarchived=everything), console)
    finally:
        service.close()


def renewer_of(service: Service) -> Renewer:
    """Renews the files of an installation."""
    parts = service.parts
    return Renewer(
        engine=parts.engine,
        files=parts.files,
        seals=service.trust_services.seals(),
        validate=Gate(service.layout.public),
        clock=parts.clock,
    )


def _renew(renewer: Renewer, selection: Selection, console: Console) -> int:
    columns = (TextColumn("renewing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    counted: Counter[Outcome] = Counter()
    total = renewer.count(selection)
    with Progress(*columns, console=console, disable=total == 0) as progress:
        task = progress.add_task("", total=total)
        for renewal in renewer.renew(selection):
            counted[renewal.outcome] += 1
            if renewal.error is not None:
                why = sentence_for(renewal.error) or str(renewal.error)
                progress.console.print(f"{renewal.number}: {why}", highlight=False, markup=False)
            progress.advance(task)
    said = ", ".join(f"{count} {outcome.value}" for outcome, count in sorted(counted.items()))
    console.print(
        f"{said or 'nothing to renew'}; looked at what can be judged till {selection.before:%Y-%m-%d}",
        highlight=False,
    )
    return _NOT_ALL if counted[Outcome.FAILED] else 0


def _day(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no date as 2031-12-31 is") from error
