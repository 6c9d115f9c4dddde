"""Making an installation, and opening it."""

import os
import secrets
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from ca.ceremony.errors import CeremonyNeeded
from ca.ceremony.requests import Gathering
from ca.ceremony.results import PLAN
from issuance.app import Service, compose, opened_authority
from issuance.ceremonies import ask_first, has_root, hold_own_ceremony, write_requests
from issuance.clock import Clock, system_clock
from issuance.database import open_database
from issuance.payments.webhooks import SECRET_PREFIX
from issuance.registries.sample_register import PERSONS, build_register
from issuance.requests.workflow import create_tables
from issuance.schema import upgrade_schema
from issuance.settings import Layout, Settings, load_settings, require_installation, write_settings

Progress = Callable[[int, int], None]


def initialise(
    layout: Layout,
    settings: Settings,
    *,
    passphrase_in_file: bool,
    persons: int = PERSONS,
    clock: Clock = system_clock,
    progress: Progress | None = None,
) -> Service:
    """Make an installation, or complete one that was begun; nothing that exists is replaced.

    Where no ceremony has given it a root, and none is prepared, this machine holds one by itself.

    Args:
        layout: where.
        settings: written down when there are none yet.
        passphrase_in_file: keep the key passphrase in a file of the state folder; otherwise it
            must be in the environment, now and at every start.
        persons: how many the sample register has at least.
        clock: the service's.
        progress: told how far the sample register is.

    Raises:
        CeremonyNeeded: a ceremony elsewhere was prepared, and its results were not taken in.
    """
    prepare_installation(
        layout, settings, passphrase_in_file=passphrase_in_file, persons=persons, progress=progress
    )
    _settle_root(layout, clock)
    service = open_installation(layout, clock=clock)
    service.publish()
    return service


def prepare_installation(
    layout: Layout,
    settings: Settings,
    *,
    passphrase_in_file: bool,
    persons: int = PERSONS,
    progress: Progress | None = None,
) -> None:
    """Make everything but the authority; see `initialise`."""
    layout.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    layout.state.chmod(0o700)  # it may have been made by somebody who did not know what comes into it
    layout.public.mkdir(parents=True, exist_ok=True)
    if not layout.settings.exists():
        write_settings(layout, settings)
    if passphrase_in_file:
        _write_secret(layout.passphrase, secrets.token_urlsafe(32))
    _write_secret(layout.payment_key, secrets.token_urlsafe(32))
    _write_secret(layout.webhook_secret, SECRET_PREFIX + b64encode(secrets.token_bytes(32)).decode())
    if not layout.civil_register.exists():
        build_register(layout.civil_register, persons=persons, progress=progress)
    upgrade(layout)


def prepare_ceremony(layout: Layout, *, clock: Clock = system_clock) -> Path | None:
    """Write what a first ceremony elsewhere needs: the plan to be filled in; None where there is a root.

    A plan that is there already stays: somebody may have filled it in.
    """
    settings, plan = load_settings(layout), layout.requests / PLAN
    with opened_authority(layout, settings, clock) as authority:
        if has_root(authority.books):
            return None
        if plan.exists():
            return plan
        return write_requests(
            layout.requests,
            ask_first(authority.keyring, at=clock()),
            keyring=authority.keyring,
            engine=authority.books,
            origin=settings.pki_origin,
            gathering=Gathering(ceremony=f"root-{clock():%Y}"),
        )


def _settle_root(layout: Layout, clock: Clock) -> None:
    settings = load_settings(layout)
    with opened_authority(layout, settings, clock) as authority:
        if has_root(authority.books):
            return
        if (layout.requests / PLAN).exists():
            raise CeremonyNeeded(missing="certificate of the root", act=str(layout.requests / PLAN))
        hold_own_ceremony(
            layout,
            keyring=authority.keyring,
            engine=authority.books,
            origin=settings.pki_origin,
            clock=clock,
            audit=authority.audit,
        )


def upgrade(layout: Layout) -> None:
    """Bring the database to this program's revision; at the newest, nothing happens.

    Interrupted at any point, it is completed by the next run.

    Raises:
        DatabaseNotReady: it is newer than this program, or was not made by it.
    """
    url = layout.database_url(load_settings(layout))
    engine = open_database(url)
    try:
        upgrade_schema(engine)
    finally:
        engine.dispose()
    create_tables(url)


def open_installation(layout: Layout, *, clock: Clock = system_clock) -> Service:
    """The parts of an installation.

    Raises:
        NotInstalled: there is none.
    """
    require_installation(layout)
    return compose(layout, load_settings(layout), clock=clock)


def _write_secret(path: Path, secret: str) -> None:
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secret + "\n")
