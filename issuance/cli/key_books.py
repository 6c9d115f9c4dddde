"""What `wathiqa keys` works on: the register and the logs themselves, beside signers that may run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from issuance.audit.trail import verify_chain
from issuance.books import open_books
from issuance.clock import system_clock
from issuance.custody import open_custody
from issuance.database import reading
from issuance.key_log_anchors import anchored_heads
from issuance.keyrings import open_keyring
from issuance.settings import Layout, Settings, load_settings, require_installation
from issuance.signers import find_keyring, running_signers
from keys.classes import KeyClass
from keys.errors import KeyCustodyError
from keys.guard import GuardedKeyring
from keys.keyring import KeyRecord, Keyring, KeyState
from keys.register import Register
from keys.signer import Purpose
from keys.states import ADVISED_PERIOD
from keys.use_log import verify_log


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyBooks:
    """The register and the logs; keys are opened only by what needs them."""

    layout: Layout
    settings: Settings
    keyring: GuardedKeyring
    register: Register
    clock: Callable[[], datetime]

    @staticmethod
    def advice(record: KeyRecord, *, at: datetime) -> str:
        """What an operator should do about a key."""
        is_due = at - record.active_from > ADVISED_PERIOD[record.purpose]
        return "rotate it" if is_due and record.state is KeyState.ACTIVE else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What an audit has to say about one thing."""

    is_in_order: bool
    sentence: str


@contextmanager
def beside(directory: Path) -> Iterator[KeyBooks]:
    """The books of an installation's keys. Signers that run read what is changed here before they sign.

    Raises:
        NotInstalled: there is no installation.
    """
    layout = Layout(root=directory)
    require_installation(layout)
    settings = load_settings(layout)
    keyring, register = open_keyring(layout, settings, clock=system_clock), Register(layout.key_register)
    try:
        yield KeyBooks(
            layout=layout, settings=settings, keyring=keyring, register=register, clock=system_clock
        )
    finally:
        register.close()
        keyring.close()


@contextmanager
def making(directory: Path) -> Iterator[tuple[Keyring, datetime]]:
    """Where new keys are made: by the signers that run, else here with what opens the keys."""
    layout = Layout(root=directory)
    require_installation(layout)
    keyring = find_keyring(layout, load_settings(layout), clock=system_clock)
    try:
        yield keyring, system_clock()
    finally:
        keyring.close()


def findings(directory: Path) -> Iterator[Finding]:
    """What an auditor finds, one after another."""
    with beside(directory) as books:
        engine = open_books(books.layout, books.settings)
        try:
            with reading(engine) as connection:
                # Heads in a trail that was altered itself would prove nothing.
                verify_chain(connection)
                for key_class in KeyClass:
                    yield _chain(books, key_class, connection)
        finally:
            engine.dispose()
        yield from _kept_and_registered(books)
        yield from _counted(books)


def _chain(books: KeyBooks, key_class: KeyClass, trail: Connection) -> Finding:
    try:
        heads = anchored_heads(trail, key_class.value, key=books.register.find)
        head = verify_log(books.layout.use_log(key_class.value), heads=heads)
    except KeyCustodyError as error:
        return Finding(is_in_order=False, sentence=str(error))
    kept = f"{len(heads)} heads in the audit trail agree" if heads else "no head is in the audit trail yet"
    return Finding(is_in_order=True, sentence=f"{key_class}: {head.sequence} uses, one whole chain; {kept}.")


def _kept_and_registered(books: KeyBooks) -> Iterator[Finding]:
    entries = books.register.entries()
    held = set(open_custody(books.layout, books.settings).key_ids())
    for key_id in sorted(held - entries.keys()):
        yield Finding(
            is_in_order=False,
            sentence=f"{key_id}: kept, and not in the register; nobody uses it. Who made it?",
        )
    for key in entries.values():
        if key.purpose is Purpose.ROOT and key.key_id in held:
            yield Finding(
                is_in_order=False,
                sentence=f"{key.key_id}: a root's key, which no service uses. Take it to a safe place.",
            )
        is_destroyed = key.stored_state is KeyState.DESTROYED
        if is_destroyed and key.key_id in held:
            yield Finding(
                is_in_order=False,
                sentence=f"{key.key_id}: destroyed by the register, and still kept. Destroy it again.",
            )
        if not is_destroyed and key.key_id not in held:
            yield Finding(
                is_in_order=False, sentence=f"{key.key_id}: {key.stored_state} by the register, and gone."
            )
    kept = sum(key.stored_state is not KeyState.DESTROYED for key in entries.values())
    yield Finding(is_in_order=True, sentence=f"{kept} keys are registered, {len(held)} are kept.")


def _counted(books: KeyBooks) -> Iterator[Finding]:
    signers = running_signers(books.layout, books.settings)
    if signers is None:
        yield Finding(is_in_order=True, sentence="No signer runs whose counts could be compared.")
        return
    try:
        signers.reconcile()
    except KeyCustodyError as error:
        yield Finding(is_in_order=False, sentence=str(error))
    else:
        yield Finding(is_in_order=True, sentence="The signers' key stores count no use beyond the logs.")
    finally:
        signers.close()
