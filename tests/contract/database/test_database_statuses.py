"""Statuses that were entered before there were four bits of them are said again in the new values."""

from datetime import UTC, date, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, insert, text

from issuance import schema
from issuance.database import open_database
from issuance.documents.models import documents, status_changes
from issuance.documents.status_lists import StatusPublisher
from issuance.schema import upgrade_schema
from signing.formats.document_number import make_document_number
from signing.formats.status_list import Status, StatusList

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
# What a document was, and what the list must say of it now. 1 was revoked and 2 superseded.
BEFORE = [
    ("released", None, 0, Status.VALID),
    ("revoked", "fraud", 1, Status.REVOKED_FRAUD),
    ("revoked", "court-order", 1, Status.REVOKED_COURT_ORDER),
    ("revoked", "issued-in-error", 1, Status.REVOKED_ISSUED_IN_ERROR),
    ("revoked", "record-corrected", 1, Status.REVOKED_RECORD_CORRECTED),
    ("revoked", "holder-asked", 1, Status.REVOKED),
    ("superseded", "record-corrected", 2, Status.SUPERSEDED),
]


def test_an_upgrade_says_every_withdrawal_again_and_rewrites_nothing(empty_url: str, tmp_path: Path) -> None:
    engine = open_database(empty_url)
    _upgrade_to(engine, "0002")
    with engine.begin() as connection:
        for index, (state, reason, old, _) in enumerate(BEFORE):
            connection.execute(insert(documents).values(**_document(index, state, reason)))
            for status in {0, old}:
                row = {"status_list": 1, "status_index": index, "status": status, "at": NOON}
                connection.execute(insert(status_changes).values(**row))
        before = connection.execute(text("SELECT * FROM status_changes ORDER BY sequence")).all()

    upgrade_schema(engine)
    upgrade_schema(engine)

    with engine.connect() as connection:
        after = connection.execute(text("SELECT * FROM status_changes ORDER BY sequence")).all()
    assert after[: len(before)] == before
    assert len(after) == len(before) + 6
    published: list[StatusList] = []
    publisher = StatusPublisher(
        engine=engine,
        clock=lambda: NOON,
        directory=tmp_path,
        sign=lambda _, entries, __: published.append(entries) or b"",  # type: ignore[func-returns-value]
        write=lambda _, __: None,
    )
    publisher.publish()
    assert [published[-1].get(index) for index in range(len(BEFORE))] == [row[3] for row in BEFORE]
    engine.dispose()


def _document(index: int, state: str, reason: str | None) -> dict[str, object]:
    return {
        "number": make_document_number(2026, index + 1),
        "kind": "birth",
        "agency": "civil-registry",
        "request_number": f"R-{index}",
        "state": state,
        "record": b"{}",
        "check_code": "0" * 12,
        "status_list": 1,
        "status_index": index,
        "template_digest": "0" * 64,
        "intended_at": NOON,
        "valid_until": date(2027, 2, 20),
        "released_at": NOON,
        "withdrawn_at": None if reason is None else NOON,
        "withdrawal_reason": reason,
    }


def _upgrade_to(engine: Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
