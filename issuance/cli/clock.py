"""`wathiqa ca clock`: whether this machine's clock is believed, and why."""

from datetime import timedelta

import typer

from issuance.cli.opened import Directory, show


def show_clock(directory: Directory) -> None:
    """Whether the clock is believed: without that, nothing is dated or signed.

    Each process asks for itself; this one does so now. Exit status 1 when it is not believed.
    """
    from ca.clock_lease import LASTS, LeasedClock
    from ca.errors import ClockNotTrusted
    from issuance.clocks import find_attestor
    from issuance.settings import Layout, load_settings, require_installation

    layout = Layout(root=directory)
    require_installation(layout)
    attestor = find_attestor(load_settings(layout))
    rows = [("source", attestor.name)]
    refused: ClockNotTrusted | None = None
    try:
        lease = LeasedClock(attestor).lease()
    except ClockNotTrusted as error:
        refused = error
        rows += [("believed", "no"), ("why", str(error.facts["reason"]))]
    else:
        rows += [
            ("believed", f"for {LASTS.total_seconds() / 60:.0f} minutes"),
            ("why", lease.attestation.words),
            ("wrong by at most", _milliseconds(lease.attestation.error)),
        ]
    show(("", ""), [*rows, *_kernel()])
    if refused is not None:
        raise typer.Exit(1)


def _milliseconds(error: timedelta) -> str:
    """An operator's word comes without a measurement."""
    return f"{error.total_seconds() * 1000:.0f} ms" if error else "not measured"


def _kernel() -> list[tuple[str, str]]:
    """What the kernel says, whoever vouches."""
    from ca.clock_kernel import ask_kernel

    try:
        found = ask_kernel()
    except OSError as error:
        return [("kernel", f"does not say ({error.strerror})")]
    kept = "kept by something" if found.is_kept else "kept by nothing"
    worst, likely = (each.total_seconds() * 1000 for each in (found.max_error, found.estimated_error))
    return [("kernel", f"{kept}; error at most {worst:.0f} ms, estimated {likely:.0f} ms")]
