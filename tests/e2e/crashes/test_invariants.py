"""The invariants have teeth: each tampering with a sound installation is noticed."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from crash_site import Errand, Site
from invariants import check_books, check_end
from sqlalchemy import text

from issuance.catalogue.models import DocumentKind


def sql(statement: str) -> Callable[[Site], None]:
    def tamper(site: Site) -> None:
        with site.service.parts.engine.begin() as connection:
            connection.execute(text(statement))

    return tamper


def sealed_file(site: Site) -> Path:
    return next(site.layout.documents.rglob("*.pdf"))


def cut_short(site: Site) -> None:
    path = sealed_file(site)
    os.truncate(path, path.stat().st_size // 2)


def replaced(site: Site) -> None:
    """Whole, but another sealing than the one the row speaks of."""
    path = sealed_file(site)
    path.write_bytes(path.read_bytes() + b"\n%%EOF\n")


def never_published(site: Site) -> None:
    with site.service.parts.engine.begin() as connection:
        connection.execute(text("DELETE FROM status_changes"))
    (site.layout.public / "status" / "1.cwt").unlink()
    site.restart()
    site.service.parts.statuses.publish_all()


TAMPERINGS = {
    "a fee that was never paid": sql("UPDATE payments SET state = 'failed'"),
    "a fee given back for a document that stands": sql(
        "INSERT INTO payment_refunds SELECT 'F-1', id, 1, 'refunded', minor, currency, '[]', 'x',"
        " created_at, created_at, created_at FROM payments"
    ),
    "a number that was never counted": sql("UPDATE document_sequences SET last = last - 1"),
    "a number that vanished": sql("UPDATE document_sequences SET last = last + 1"),
    "a second document of one request": sql(
        "INSERT INTO documents SELECT '260000000028', 'refusal-notice', agency, request_number, state,"
        " record, check_code, status_list, status_index + 1, template_digest, intended_at, valid_until,"
        " seal_text, sha256, size, timings, sealed_at, released_at, withdrawn_at, withdrawal_reason,"
        " superseded_by FROM documents"
    ),
    "a state that nothing led to": sql("UPDATE requests SET state = 'refused'"),
    "a line missing from the timeline": sql("DELETE FROM request_events WHERE event = 'seal'"),
    "a step that the table forbids": sql("UPDATE request_events SET event = 'approve' WHERE event = 'seal'"),
    "a message with a link that is not there": sql("DELETE FROM delivery_links"),
    "half a file": cut_short,
    "another file than the recorded one": replaced,
    "a status that was not published": never_published,
}


@pytest.fixture(scope="session")
def sound(untouched: Path, once: Any) -> Path:
    """An installation with one delivered document, closed."""

    def make(root: Path) -> None:
        shutil.copytree(untouched, root)
        site = Site(root)
        number = Errand(site, site.case(DocumentKind.NON_EMPLOYMENT)).go().number
        site.housekeeping()
        check_end(site.service, number)
        check_books(site.service)
        site.close()
        (root / "number").write_text(number, encoding="utf-8")

    return once("sound", make)


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_what_was_tampered_with_is_noticed(sound: Path, tmp_path: Path, tampering: str) -> None:
    shutil.copytree(sound, tmp_path / "site")
    number = (sound / "number").read_text(encoding="utf-8")
    site = Site(tmp_path / "site")
    TAMPERINGS[tampering](site)
    with pytest.raises((AssertionError, KeyError)):
        _check(site, number)
    site.close()


def _check(site: Site, number: str) -> None:
    check_end(site.service, number)
    check_books(site.service)
