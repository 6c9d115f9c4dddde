"""Each durable write broken twice: it failed, and it failed though it was kept."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from keys.classes import KeyClass
from keys.errors import KeyUnavailable, UseLogFailed
from keys.keyring import KeyState
from keys.signer import Purpose
from keys.use_log import each_entry, verify_log

LINE = "seal-a"
DAY = timedelta(days=1)
HERE = Path(__file__).parents[3]


class Breaks:
    """A connection whose n-th commit fails: before it is kept, or after."""

    def __init__(self, connection: sqlite3.Connection, at: int, *, is_kept: bool) -> None:
        self._connection, self._left, self._is_kept = connection, at, is_kept
        self.broke = False

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        if statement == "COMMIT":
            self._left -= 1
            if self._left == 0:
                self.broke = True
                if self._is_kept:
                    self._connection.execute("COMMIT")
                raise sqlite3.OperationalError("disk I/O error")
        return self._connection.execute(statement, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def _obtain(keyring: Any, at: Any) -> Any:
    return keyring.obtain(LINE, purpose=Purpose.SEAL, at=at)


def _destroy(keyring: Any, at: Any) -> None:
    if keyring.record(LINE).state is KeyState.ACTIVE:
        keyring.retire(LINE, at=at)
    keyring.destroy(LINE, at=at)


ACTS: dict[str, Callable[[Any, Any], Any]] = {
    "obtain": _obtain,
    "rotate": lambda keyring, at: keyring.rotate(LINE, at=at, active_from=at + DAY),
    "replace": lambda keyring, at: keyring.replace(LINE, at=at),
    "suspend": lambda keyring, at: keyring.suspend(LINE, at=at),
    "destroy": _destroy,
}
WELL = {
    "obtain": [KeyState.ACTIVE],
    "rotate": [KeyState.ACTIVE, KeyState.PRE_ACTIVE],
    "replace": [KeyState.RETIRED, KeyState.ACTIVE],
    "suspend": [KeyState.SUSPENDED],
    "destroy": [KeyState.DESTROYED],
}
# Done twice these would do more, or be refused: whoever repeats them looks first.
LOOKS_FIRST = {"replace", "suspend"}


@pytest.mark.parametrize("is_kept", [False, True], ids=["failed", "failed but kept"])
@pytest.mark.parametrize("write", [1, 2, 3])
@pytest.mark.parametrize("act", ACTS)
def test_whatever_write_of_the_register_breaks_the_next_attempt_completes_it(
    place: Any, act: str, write: int, *, is_kept: bool
) -> None:
    if act != "obtain":
        _obtain(place.open(), place.clock())
    broken = place.open()
    register = place.registers[-1]
    breaks = Breaks(register._connection, write, is_kept=is_kept)  # noqa: SLF001  (nothing else breaks a disk in a test)
    register._connection = breaks  # noqa: SLF001  (as above)
    try:
        ACTS[act](broken, place.clock())
    except KeyUnavailable:
        assert breaks.broke
    else:
        assert not breaks.broke  # fewer writes than that

    after = place.open()
    states = [each.state for each in after.generations(LINE)]
    # What was begun is wholly there or not at all; only destroying has a step between.
    assert states in ([], [KeyState.ACTIVE], WELL[act], [KeyState.RETIRED])
    if states != WELL[act] or act not in LOOKS_FIRST:
        ACTS[act](after, place.clock())

    assert [each.state for each in after.generations(LINE)] == WELL[act]
    kept = {each.key_id for each in after.records() if each.state is not KeyState.DESTROYED}
    assert set(place.custody().key_ids()) == kept


@pytest.mark.parametrize("is_kept", [False, True], ids=["failed", "failed but kept"])
def test_an_entry_that_may_not_be_kept_gives_no_signature(
    place: Any, specimen: Any, *, is_kept: bool
) -> None:
    keyring = place.open()
    signer = _obtain(keyring, place.clock())
    data = specimen(Purpose.SEAL, signer.public_key)
    log = place.logs[-1][KeyClass.SEALS]
    log._connection = Breaks(log._connection, 1, is_kept=is_kept)  # noqa: SLF001  (nothing else breaks a disk in a test)

    with pytest.raises(UseLogFailed):
        signer.sign(data, purpose=Purpose.SEAL)
    signer.sign(data, purpose=Purpose.SEAL)

    assert verify_log(place.log(KeyClass.SEALS)).sequence == (2 if is_kept else 1)
    keyring.reconcile()


DIES = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from keys.classes import KeyClass
from keys.guard import GuardedKeyring
from keys.key_file import ScryptCost
from keys.register import Register
from keys.signer import Purpose
from keys.software import SoftwareCustody
from keys.use_log import UseLog

root, data = Path(sys.argv[1]), bytes.fromhex(sys.argv[2])


class Custody(SoftwareCustody):
    def load(self, key_id):
        inner = super().load(key_id)

        class Dies:
            key_id, purpose = inner.key_id, inner.purpose
            algorithm, public_key = inner.algorithm, inner.public_key

            def sign(self, data, *, purpose):
                os.kill(os.getpid(), signal.SIGKILL)

        return Dies()


keyring = GuardedKeyring(
    Custody(root / "keys", lambda: b"correct horse battery", cost=ScryptCost(n=2, p=1)),
    register=Register(root / "keys.db"),
    logs={each: UseLog(root / "use-log" / f"{each}.db") for each in KeyClass},
    clock=lambda: datetime(2026, 3, 1, 8, tzinfo=UTC),
    backend="software",
)
keyring.load("seal-a").sign(data, purpose=Purpose.SEAL)
"""


def test_a_process_killed_between_entry_and_signature_leaves_the_entry(place: Any, specimen: Any) -> None:
    """A use counts from its entry on: there may be an entry without a signature, never the reverse."""
    keyring = place.open()
    signer = _obtain(keyring, place.clock())
    data = specimen(Purpose.SEAL, signer.public_key)
    keyring.limit(LINE, max_uses=2, retires_at=None)

    died = subprocess.run(
        [sys.executable, "-c", DIES, str(place.root), data.hex()], cwd=HERE, check=False, env=dict(os.environ)
    )

    assert died.returncode == -signal.SIGKILL
    assert keyring.record(LINE).uses == 1
    signer.sign(data, purpose=Purpose.SEAL)
    assert len({entry.digest for entry in each_entry(place.log(KeyClass.SEALS))}) == 1
    assert keyring.record(LINE).uses == 2
    verify_log(place.log(KeyClass.SEALS))
    keyring.reconcile()
