"""`wathiqa keys …` against an installation that has worked."""

import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from installed_service import Ran, run
from typer.testing import CliRunner

from issuance.audit.trail import AuditObject, Facts, entries, record
from issuance.books import open_books
from issuance.cli.commands import app, main
from issuance.clock import system_clock
from issuance.custody import open_custody
from issuance.database import reading
from issuance.housekeeping import Housekeeping
from issuance.identity.actors import system_actor
from issuance.installation import open_installation
from issuance.key_log_anchors import ACTION, ANCHOR_EVERY, LOG_LINE, anchor, anchored_heads
from issuance.keyrings import open_keyring
from issuance.settings import Layout, load_settings
from keys.errors import UnloggedUse, UseLogBroken
from keys.keyring import LogHead
from keys.register import Register
from keys.signer import Purpose
from keys.use_log import UseLog

Wathiqa = Callable[..., Ran]


@pytest.fixture
def layout(demonstration: Path, tmp_path: Path) -> Layout:
    root = tmp_path / "operated"
    shutil.copytree(demonstration, root)
    return Layout(root=root)


@pytest.fixture
def wathiqa(layout: Layout) -> Wathiqa:
    def call(*command: str) -> Ran:
        return run(main, "wathiqa", *command, "--directory", str(layout.root))

    return call


def told(ran: Ran) -> str:
    assert (ran.code, ran.err) == (0, ""), ran
    return ran.out


def anchored(layout: Layout) -> None:
    """What the housekeeping does once a day."""
    settings = load_settings(layout)
    engine, keyring = open_books(layout, settings), open_keyring(layout, settings, clock=system_clock)
    at = system_clock()
    signer = keyring.obtain(LOG_LINE, purpose=Purpose.LOG, at=at)
    with engine.begin() as connection:
        anchor(connection, keyring.heads(), signer=signer, at=at + 2 * ANCHOR_EVERY)
    keyring.close()
    engine.dispose()


def test_keys_are_listed_with_state_and_uses(wathiqa: Wathiqa, layout: Layout) -> None:
    layout.passphrase.unlink()  # nothing is opened to look

    listed = told(wathiqa("keys", "list")).splitlines()

    assert listed[0].split() == ["key", "purpose", "algorithm", "state", "from", "until", "uses"]
    row = next(line.split() for line in listed if line.startswith("seal-civil-registry"))
    assert row[1:4] == ["seal", "P-256", "active"]
    assert int(row[6]) > 0
    assert not any("PRIVATE" in line for line in listed)


def test_a_key_is_stopped_and_let_go_and_its_history_says_so(wathiqa: Wathiqa, layout: Layout) -> None:
    layout.passphrase.unlink()

    assert "signs nothing" in told(wathiqa("keys", "suspend", "timestamp"))
    assert "suspended" in told(wathiqa("keys", "show", "timestamp"))
    assert "signs again" in told(wathiqa("keys", "resume", "timestamp"))

    changes = told(wathiqa("keys", "show", "timestamp")).splitlines()[-3:]
    assert [line.split()[-1] for line in changes] == ["made", "suspended", "resumed"]


def test_what_the_table_forbids_is_a_sentence(wathiqa: Wathiqa) -> None:
    told(wathiqa("keys", "retire", "timestamp"))

    for command in (("resume",), ("suspend",), ("limit", "--uses", "5")):
        ran = wathiqa("keys", command[0], "timestamp", *command[1:])
        assert (ran.code, ran.out) == (1, "")
        assert (
            ran.err
            == "wathiqa: Key timestamp is retired and cannot become "
            + {
                "resume": "active",
                "suspend": "suspended",
                "limit": "active",
            }[command[0]]
            + ".\n"
        )
    assert "no key named" in wathiqa("keys", "show", "nobody").err


def test_rotating_makes_a_key_that_waits(wathiqa: Wathiqa) -> None:
    assert "status-2 signs from" in told(wathiqa("keys", "rotate", "status", "--in", "3"))
    # Asked again, nothing more is made.
    assert "status-2 signs from" in told(wathiqa("keys", "rotate", "status"))
    month = f"{datetime.now(UTC) + timedelta(days=31):%Y-%m}"
    assert f"signs from {month}" in told(wathiqa("keys", "rotate", "seal-code-civil-registry"))

    listed = told(wathiqa("keys", "list"))
    assert "status-2" in listed
    assert "pre-active" in listed
    assert "status-3" not in listed


def test_a_retired_key_is_erased_when_the_operator_is_sure(wathiqa: Wathiqa, layout: Layout) -> None:
    told(wathiqa("keys", "replace", "status"))
    asked = ["keys", "destroy", "status", "--directory", str(layout.root)]
    assert CliRunner().invoke(app, asked, input="n\n").exit_code == 1
    assert (layout.keys / "status.key.pem").exists()

    assert "erased" in told(wathiqa("keys", "destroy", "status", "--yes"))

    assert not (layout.keys / "status.key.pem").exists()
    assert "destroyed" in told(wathiqa("keys", "show", "status"))


def test_a_key_that_nobody_registered_is_found_and_can_be_adopted(wathiqa: Wathiqa, layout: Layout) -> None:
    open_custody(layout, load_settings(layout)).generate("seal-stranger", purpose=Purpose.SEAL)

    audited = wathiqa("keys", "audit")
    assert audited.code == 1
    assert "seal-stranger: kept, and not in the register" in audited.out
    assert "generation 1, seal" in told(wathiqa("keys", "adopt", "seal-stranger"))

    assert wathiqa("keys", "audit").code == 0


def test_an_audit_of_what_was_left_alone_is_in_order(wathiqa: Wathiqa, layout: Layout) -> None:
    anchored(layout)

    said = told(wathiqa("keys", "audit"))

    assert said.count("one whole chain") == 3
    assert said.count("heads in the audit trail agree") == 3


TAMPERINGS = {
    "an entry rewritten": ["UPDATE entries SET caller = 'x' WHERE sequence = 1"],
    "the newest entries removed": [
        "DELETE FROM entries WHERE sequence > 1",
        "UPDATE uses SET count = (SELECT count(*) FROM entries WHERE entries.key_id = uses.key_id)",
    ],
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_an_audit_finds_a_log_that_was_altered(wathiqa: Wathiqa, layout: Layout, tampering: str) -> None:
    anchored(layout)
    connection = sqlite3.connect(layout.use_log("seals"))
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for statement in TAMPERINGS[tampering]:
        connection.execute(statement)
    connection.commit()
    connection.close()

    audited = wathiqa("keys", "audit")

    assert audited.code == 1
    assert "seals.db is not what was written" in audited.out


def test_an_audit_finds_a_log_that_was_exchanged_for_another(wathiqa: Wathiqa, layout: Layout) -> None:
    """Whole in itself: only a head that is kept elsewhere tells."""
    anchored(layout)
    path = layout.use_log("seals")
    for each in path.parent.glob("seals.db*"):
        each.unlink()
    other = UseLog(path)
    for _ in range(100):
        other.append("seal-civil-registry", Purpose.SEAL, bytes(32), at=datetime.now(UTC))
    other.close()

    audited = wathiqa("keys", "audit")

    assert audited.code == 1
    assert "differs from the head that was kept elsewhere" in audited.out


def test_heads_are_entered_once_a_day_signed_and_only_when_they_moved(layout: Layout) -> None:
    settings = load_settings(layout)
    engine, keyring = open_books(layout, settings), open_keyring(layout, settings, clock=system_clock)
    at = system_clock()
    signer = keyring.obtain(LOG_LINE, purpose=Purpose.LOG, at=at)
    heads = [LogHead(log="one", sequence=number, hash=bytes([number]) * 32) for number in (0, 1, 2)]
    asked = [(0, 0.0), (1, 0.0), (2, 0.9), (2, 1.0), (2, 2.5)]
    for index, days in asked:
        with engine.begin() as connection:
            anchor(connection, (heads[index],), signer=signer, at=at + days * ANCHOR_EVERY)
    register = Register(layout.key_register)

    with reading(engine) as connection:
        found = anchored_heads(connection, "one", key=register.find)
        assert found == {1: heads[1].hash, 2: heads[2].hash}
        assert anchored_heads(connection, "another", key=register.find) == {}
    with engine.begin() as connection:
        facts: Facts = {"sequence": 3, "hash": "00" * 32, "key": "log", "signature": "3006020101020101"}
        about = AuditObject(kind="key-log", id="one")
        record(connection, system_actor("somebody"), ACTION, about, at=at, facts=facts)
        with pytest.raises(UseLogBroken, match="no log key has signed"):
            anchored_heads(connection, "one", key=register.find)
    register.close()
    keyring.close()
    engine.dispose()


def test_a_use_behind_the_log_s_back_goes_into_the_trail(layout: Layout) -> None:
    service = open_installation(layout)
    housekeeping = Housekeeping(service)
    error = UnloggedUse(key_id="timestamp", counted=2, logged=1)

    def fail() -> None:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service.keyring, "reconcile", fail)
        with pytest.raises(UnloggedUse):
            housekeeping.make_round()
    with reading(service.parts.engine) as connection:
        (entry,) = entries(connection, on=AuditObject(kind="key", id="timestamp"))
    service.close()

    assert (entry.action, entry.facts["counted"]) == ("keys.unlogged-use", "2")
