import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keys.errors import UseLogBroken, UseLogFailed
from keys.signer import Purpose
from keys.use_log import MAX_CALLER, UseLog, caller, each_entry, verify_log

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
DIGEST = hashlib.sha256(b"document").digest()
HERE = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "use-log" / "services.db"


def write(path: Path, count: int, *, purpose: Purpose = Purpose.TIMESTAMP) -> UseLog:
    log = UseLog(path)
    for number in range(count):
        log.append(f"key-{number % 3}", purpose, DIGEST, at=AT)
    return log


def behind_its_back(path: Path, *statements: str) -> None:
    """What somebody does who can edit the file: the triggers are gone first."""
    connection = sqlite3.connect(path)
    triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_entries_are_numbered_and_verify(path: Path) -> None:
    log = write(path, 10)

    head = log.head()
    assert (head.log, head.sequence) == ("services", 10)
    assert verify_log(path, heads={10: head.hash}) == head
    assert [entry.sequence for entry in each_entry(path, after=7)] == [8, 9, 10]
    assert log.uses("key-0") == 4
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    log.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET caller = 'x' WHERE sequence = 2",
        "DELETE FROM entries WHERE sequence = 3",
        "DELETE FROM entries",
        "INSERT INTO entries SELECT 7, key_id, purpose, digest, at, caller, hash FROM entries LIMIT 1",
        "INSERT OR REPLACE INTO entries SELECT 1, 'b', purpose, digest, at, '', hash FROM entries LIMIT 1",
        "DELETE FROM uses",
    ],
)
def test_the_database_refuses_to_change_an_entry(path: Path, statement: str) -> None:
    write(path, 3).close()
    connection = sqlite3.connect(path)

    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)
    connection.close()


TAMPERINGS = {
    "another caller": "UPDATE entries SET caller = 'nobody' WHERE sequence = 4",
    "another digest": "UPDATE entries SET digest = zeroblob(32) WHERE sequence = 4",
    "another instant": "UPDATE entries SET at = '2026-03-01T08:00:00.000001+00:00' WHERE sequence = 4",
    "another key": "UPDATE entries SET key_id = 'key-2' WHERE sequence = 4",
    "another purpose": "UPDATE entries SET purpose = 'ocsp' WHERE sequence = 4",
    "a purpose that is none": "UPDATE entries SET purpose = 'x' WHERE sequence = 4",
    "one removed from the middle": "DELETE FROM entries WHERE sequence = 4",
    "the first one removed": "DELETE FROM entries WHERE sequence = 1",
    "two exchanged": "UPDATE entries SET sequence = 109 - sequence WHERE sequence IN (4, 5)",
    "a count put back": "UPDATE uses SET count = 1 WHERE key_id = 'key-0'",
    "a count put up": "UPDATE uses SET count = 9 WHERE key_id = 'key-0'",
    "a count forgotten": "DELETE FROM uses WHERE key_id = 'key-1'",
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_whatever_is_changed_beneath_is_found(path: Path, tampering: str) -> None:
    write(path, 10).close()
    statements = [TAMPERINGS[tampering]]
    if tampering == "two exchanged":
        statements.append("UPDATE entries SET sequence = sequence - 100 WHERE sequence > 100")

    behind_its_back(path, *statements)

    with pytest.raises(UseLogBroken):
        verify_log(path)


def test_a_chain_cut_at_its_end_or_made_anew_is_found_by_a_head_kept_elsewhere(
    path: Path, tmp_path: Path
) -> None:
    log = write(path, 10)
    head = log.head()
    log.close()
    behind_its_back(
        path,
        "DELETE FROM entries WHERE sequence > 8",
        "UPDATE uses SET count = (SELECT count(*) FROM entries WHERE entries.key_id = uses.key_id)",
    )
    verify_log(path)  # alone, it looks whole
    with pytest.raises(UseLogBroken, match="kept elsewhere"):
        verify_log(path, heads={head.sequence: head.hash})

    other = tmp_path / "other" / "services.db"
    write(other, 12, purpose=Purpose.OCSP).close()
    verify_log(other)
    with pytest.raises(UseLogBroken, match="kept elsewhere"):
        verify_log(other, heads={head.sequence: head.hash})


def test_a_log_whose_end_was_changed_is_not_continued(path: Path) -> None:
    write(path, 5).close()
    behind_its_back(path, "UPDATE entries SET digest = zeroblob(32) WHERE sequence = 5")

    with pytest.raises(UseLogBroken):
        UseLog(path)


def test_a_file_that_is_no_log_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database" * 500)

    with pytest.raises(UseLogFailed):
        UseLog(path)
    with pytest.raises(UseLogFailed):
        verify_log(path)


@pytest.mark.parametrize("purpose", [Purpose.SEAL, Purpose.TIMESTAMP])
def test_a_full_disk_stops_it_and_room_lets_it_go_on(path: Path, purpose: Purpose) -> None:
    """As SQLite sees one: no page more than the file may have."""
    log = UseLog(path)
    log.append("a", purpose, DIGEST, at=AT)
    connection = log._connection  # noqa: SLF001  (nothing else fills a disk in a test)
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")

    def fill() -> None:
        for _ in range(200):
            log.append("a", purpose, DIGEST, at=AT)

    with pytest.raises(UseLogFailed, match="full"):
        fill()

    connection.execute("PRAGMA max_page_count = 100000")
    log.append("a", purpose, DIGEST, at=AT)
    log.close()
    verify_log(path)


def test_a_log_that_cannot_be_written_stops_it(path: Path) -> None:
    write(path, 2).close()
    log = UseLog(path)
    log._connection.execute("PRAGMA query_only = ON")  # noqa: SLF001  (root may write what is read-only)

    with pytest.raises(UseLogFailed):
        log.append("a", Purpose.SEAL, DIGEST, at=AT)
    log.close()
    assert verify_log(path).sequence == 2


def test_a_page_that_was_damaged_stops_it(path: Path) -> None:
    write(path, 400).close()
    data = bytearray(path.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    path.write_bytes(data)

    with pytest.raises((UseLogFailed, UseLogBroken)):
        UseLog(path).append("a", Purpose.SEAL, DIGEST, at=AT)


def test_whose_use_it_is_is_written_and_bounded(path: Path) -> None:
    token = caller.set("serve " + "x" * 500)
    log = write(path, 1)
    caller.reset(token)

    (entry,) = each_entry(path)
    assert entry.caller.startswith("serve x")
    assert len(entry.caller) == MAX_CALLER
    log.close()


def test_many_threads_and_two_openings_keep_one_chain(path: Path) -> None:
    logs = [UseLog(path), UseLog(path)]

    with ThreadPoolExecutor(8) as threads:
        numbers = list(
            threads.map(
                lambda number: logs[number % 2].append("a", Purpose.TIMESTAMP, DIGEST, at=AT), range(200)
            )
        )

    assert sorted(numbers) == list(range(1, 201))
    assert verify_log(path).sequence == 200
    for log in logs:
        log.close()


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from keys.signer import Purpose
from keys.use_log import UseLog
log = UseLog(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    number = log.append(sys.argv[2], Purpose.TIMESTAMP, bytes(32), at=datetime(2026, 3, 1, tzinfo=UTC))
    if number % 50 == 0:
        print(number, flush=True)
"""


def test_processes_that_are_killed_while_writing_leave_one_whole_chain(path: Path) -> None:
    """What was answered is there, entry after entry, whoever died in between."""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name], cwd=HERE, stdout=subprocess.PIPE, text=True
        )
        for name in ("a", "b")
    ]
    answered = 0
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        for _ in range(3):
            answered = max(answered, int(writer.stdout.readline()))
    for writer in writers:
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        assert writer.stdout is not None
        answered = max([answered, *(int(line) for line in writer.stdout.read().split("\n")[:-1])])
        writer.stdout.close()

    assert verify_log(path).sequence >= answered
    log = UseLog(path)
    log.append("c", Purpose.SEAL, DIGEST, at=AT)
    log.close()
    assert {entry.key_id for entry in each_entry(path)} == {"a", "b", "c"}
