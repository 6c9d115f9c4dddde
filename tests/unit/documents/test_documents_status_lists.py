"""Publishing statuses: what is published follows the book and never goes back."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from documents_desk import NOON, intend, released, seal
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert

from issuance.clock import Clock
from issuance.database import metadata, open_database
from issuance.documents.models import Document, status_changes
from issuance.documents.standing import revoke, supersede
from issuance.documents.status_lists import StatusPublisher
from issuance.public_files import write_public
from signing.formats.status_list import RevocationReason, Status, StatusList


@pytest.fixture
def file_engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'service.db'}")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


def publisher(
    engine: Engine,
    public: Path,
    *,
    watch: Callable[[int], None] = lambda _: None,
    clock: Clock = lambda: NOON,
) -> StatusPublisher:
    def sign(number: int, entries: StatusList, at: datetime) -> bytes:
        watch(number)
        return f"{at:%Y-%m-%dT%H:%M:%S} ".encode() + entries.compress()

    return StatusPublisher(engine=engine, clock=clock, directory=public, sign=sign, write=write_public)


def published(public: Path, number: int = 1) -> StatusList:
    return StatusList.decompress((public / f"{number}.cwt").read_bytes().partition(b" ")[2])


def status_of(public: Path, document: Document) -> Status:
    return published(public, document.status_list).get(document.status_index)


def test_a_document_is_published_as_the_book_says(engine: Engine, tmp_path: Path) -> None:
    statuses = publisher(engine, tmp_path)
    with engine.begin() as connection:
        sealed = seal(connection, intend(connection, "R-0"))
        valid, revoked, replaced = (released(connection, f"R-{count}") for count in range(1, 4))
    assert statuses.publish() == 3
    assert [status_of(tmp_path, each) for each in (sealed, valid, revoked, replaced)] == [
        Status.NOT_ISSUED,
        Status.VALID,
        Status.VALID,
        Status.VALID,
    ]
    with engine.begin() as connection:
        revoke(connection, revoked, reason=RevocationReason.FRAUD, at=NOON)
        supersede(connection, replaced, by=valid.number, at=NOON)
    assert statuses.publish() == 2
    assert [status_of(tmp_path, each) for each in (sealed, valid, revoked, replaced)] == [
        Status.NOT_ISSUED,
        Status.VALID,
        Status.REVOKED_FRAUD,
        Status.SUPERSEDED,
    ]
    entries = published(tmp_path)
    assert sum(entries.get(index) is not Status.NOT_ISSUED for index in range(len(entries))) == 3


def test_what_was_rolled_back_is_not_published(engine: Engine, tmp_path: Path) -> None:
    statuses = publisher(engine, tmp_path)
    with engine.connect() as connection:
        released(connection, "R-1")
        connection.rollback()
    assert statuses.publish() == 0
    assert not list(tmp_path.iterdir())


def test_nothing_new_writes_nothing(engine: Engine, tmp_path: Path) -> None:
    signed: list[int] = []
    statuses = publisher(engine, tmp_path, watch=signed.append)
    with engine.begin() as connection:
        released(connection, "R-1")
    assert (statuses.publish(), statuses.publish()) == (1, 0)
    assert signed == [1]


def test_only_lists_that_changed_are_signed_and_all_on_demand(engine: Engine, tmp_path: Path) -> None:
    signed: list[int] = []
    today = [NOON]
    statuses = publisher(engine, tmp_path, watch=signed.append, clock=lambda: today[0])
    for number in (1, 2, 3):
        _change(engine, status_list=number, index=5, status=0)
        statuses.publish()
    assert signed == [1, 2, 3]
    today[0] = datetime(2026, 11, 23, tzinfo=UTC)
    statuses.publish_all()
    assert sorted(signed[3:]) == [1, 2, 3]
    for number in (1, 2, 3):
        assert (tmp_path / f"{number}.cwt").read_bytes().startswith(b"2026-11-23")
        assert published(tmp_path, number).get(5) is Status.VALID


def test_a_fresh_installation_publishes_a_list_in_which_nothing_is_issued(
    engine: Engine, tmp_path: Path
) -> None:
    publisher(engine, tmp_path).publish_all()
    assert published(tmp_path) == StatusList.not_issued()


def test_a_publisher_that_starts_anew_publishes_what_an_old_one_left_out(
    engine: Engine, tmp_path: Path
) -> None:
    """A process that died between its commit and its publishing."""
    with engine.begin() as connection:
        document = released(connection, "R-1")
    publisher(engine, tmp_path).publish()
    assert status_of(tmp_path, document) is Status.VALID


def test_a_publishing_that_failed_is_made_up_for(engine: Engine, tmp_path: Path) -> None:
    broken = {"disk": True}

    def write(path: Path, content: bytes) -> None:
        if broken["disk"]:
            raise OSError(28, "No space left on device")
        write_public(path, content)

    statuses = StatusPublisher(
        engine=engine,
        clock=lambda: NOON,
        directory=tmp_path,
        sign=lambda _, entries, __: b" " + entries.compress(),
        write=write,
    )
    with engine.begin() as connection:
        document = released(connection, "R-1")
    with pytest.raises(OSError, match="No space"):
        statuses.publish()
    broken["disk"] = False
    assert statuses.publish() == 1
    assert status_of(tmp_path, document) is Status.VALID


@pytest.mark.parametrize("call", ["publish", "publish_all"])
def test_nobody_else_can_write_while_a_list_is_signed_and_put_in_place(
    file_engine: Engine, tmp_path: Path, call: str
) -> None:
    """Otherwise a slower publisher would put its older list over a newer one."""
    locked: list[bool] = []

    def try_to_write(_: int) -> None:
        other = sqlite3.connect(tmp_path / "service.db", timeout=0, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            locked.append(False)
        except sqlite3.OperationalError:
            locked.append(True)
        finally:
            other.close()

    with file_engine.begin() as connection:
        released(connection, "R-1")
    getattr(publisher(file_engine, tmp_path, watch=try_to_write), call)()
    assert locked
    assert all(locked)


def test_the_instant_of_a_list_is_read_while_nobody_else_can_publish(
    file_engine: Engine, tmp_path: Path
) -> None:
    """Read before the wait, it would date a list that says more before one that says less."""
    locked: list[bool] = []

    def look_at_the_clock() -> datetime:
        other = sqlite3.connect(tmp_path / "service.db", timeout=0, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            locked.append(False)
        except sqlite3.OperationalError:
            locked.append(True)
        finally:
            other.close()
        return NOON

    publisher(file_engine, tmp_path, clock=look_at_the_clock).publish_all()
    assert locked == [True]


Change = tuple[int, int, int]
CHANGES = st.tuples(st.integers(1, 2), st.integers(0, 3), st.integers(0, 2))
STEPS = st.lists(
    CHANGES | st.sampled_from(["one", "other", "one, all", "other, all", "a new one"]), max_size=25
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_two_publishers_never_put_back_what_one_of_them_published(
    blank: bytes, tmp_path_factory: pytest.TempPathFactory, steps: list[Change | str]
) -> None:
    public = tmp_path_factory.mktemp("public")
    engine = open_database("sqlite://")
    with engine.connect() as connection:
        connection.connection.driver_connection.deserialize(blank)  # type: ignore[union-attr]
    publishers = {"one": publisher(engine, public), "other": publisher(engine, public)}
    truth: dict[tuple[int, int], int] = {}
    for step in steps:
        if not isinstance(step, str):
            _change(engine, status_list=step[0], index=step[1], status=step[2])
            truth[step[0], step[1]] = step[2]
            continue
        name, _, every = step.partition(", ")
        if name == "a new one":
            publishers["one"], name = publisher(engine, public), "one"
        if every:
            publishers[name].publish_all()
        else:
            publishers[name].publish()
        for (number, index), status in truth.items():
            assert published(public, number).get(index) == status
    engine.dispose()


def _change(engine: Engine, *, status_list: int, index: int, status: int) -> None:
    with engine.begin() as connection:
        connection.execute(
            insert(status_changes).values(status_list=status_list, status_index=index, status=status, at=NOON)
        )
