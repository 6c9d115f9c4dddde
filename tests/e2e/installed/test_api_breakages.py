"""Things that break inside: what the applicant is told, what stays safe, and how it goes on."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from installed_service import Town
from sqlalchemy import event

from issuance.catalogue.models import DocumentKind
from issuance.documents.files import StorageFull
from issuance.identity.permissions import Role
from issuance.registries.samples import SampleCase
from issuance.rendering.renderer import Renderer
from issuance.requests.lifecycle import State
from signing.rendering import composer as rendering

HIEROGLYPH, KURDISH = "\U00013080", "ێ"


def _rename(town: Town, case: SampleCase, given_name: str) -> None:
    """The register changes how it writes somebody's name."""
    with sqlite3.connect(town.layout.civil_register) as register:
        register.execute(
            "UPDATE persons SET given_name_ar = ? WHERE national_number = ?", (given_name, case.subject)
        )
    register.close()


def _is_paid(town: Town, number: str, token: str) -> bool:
    return [each["state"] for each in town.get(f"/requests/{number}/payments", token)["items"]] == ["paid"]


def _last_step(town: Town, number: str, token: str) -> Any:
    return town.get(f"/requests/{number}", token)["timeline"][-1]


def test_a_name_that_no_font_can_draw_sets_the_request_aside_and_keeps_the_money_safe(town: Town) -> None:
    case = town.case(DocumentKind.INDIVIDUAL_EXTRACT)
    _rename(town, case, f"ليلى{HIEROGLYPH}")
    token, registrar = town.citizen(case.applicant), town.staff(Role.REGISTRAR)
    number = town.paid(case, token)

    assert town.work(number) is State.HELD

    told = _last_step(town, number, registrar)["facts"]
    assert told["code"] == "unrenderable-text"
    assert "given_name" in told["en"]
    assert "U+13080" in told["ar"]
    assert _is_paid(town, number, token)
    assert town.get(f"/requests/{number}/documents", token)["items"] == []
    assert town.messages(containing=number) == []
    again = town.post(f"/requests/{number}/resumption", registrar)
    assert again["state"] != "held"
    assert town.work(number) is State.HELD  # too early does no harm


def test_once_the_font_has_the_letter_the_request_goes_on_where_it_stopped(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = town.case(DocumentKind.INDIVIDUAL_EXTRACT)
    _rename(town, case, "فرزانه")
    token, registrar = town.citizen(case.applicant), town.staff(Role.REGISTRAR)
    number = town.paid(case, token)
    renderer = town.service.parts.press._renderer._composer  # noqa: SLF001  (the font that lacks a letter)
    with monkeypatch.context() as patch:
        patch.setattr(renderer, "_drawable", renderer._drawable - {"ز"})  # noqa: SLF001  (as above)
        assert town.work(number) is State.HELD
        intended = _intended(town, number)

    town.post(f"/requests/{number}/resumption", registrar)

    assert town.work(number) is State.DELIVERED
    held = town.holds(case, number, token)
    assert held.number == intended  # the number that was fixed before
    assert town.verify("--seal", held.seal_text).code == 0


def test_a_name_beyond_windows_1256_is_sealed_all_the_same(town: Town) -> None:
    with pytest.raises(UnicodeEncodeError):
        KURDISH.encode("windows-1256")
    case = town.case(DocumentKind.INDIVIDUAL_EXTRACT)
    _rename(town, case, f"شێروان{KURDISH}")
    held = town.delivered(case, town.citizen(case.applicant))
    file = town.layout.root / "kurdish.pdf"
    file.write_bytes(held.pdf)
    assert town.verify(str(file), "--seal", held.seal_text).code == 0


def test_a_template_that_stops_holds_the_request_until_it_is_mended(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = town.case()
    token, registrar = town.citizen(case.applicant), town.staff(Role.REGISTRAR)
    number = town.paid(case, token)
    with monkeypatch.context() as patch:
        patch.setattr(rendering, "main_file", lambda *_: b'#panic("a broken template")')
        assert town.work(number) is State.HELD
        told = _last_step(town, number, registrar)["facts"]
        assert told["code"] == "template-failed"
        assert "panic" not in str(told)  # the diagnosis is for the log
        assert _is_paid(town, number, token)

    town.post(f"/requests/{number}/resumption", registrar)

    assert town.work(number) is State.DELIVERED


def test_a_file_that_our_own_verifier_does_not_pass_never_leaves(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = town.case()
    token, registrar = town.citizen(case.applicant), town.staff(Role.REGISTRAR)
    number = town.paid(case, token)
    render = Renderer.render

    def another_persons_page(self: Renderer, embedded: dict[str, Any], *given: Any, **more: Any) -> bytes:
        record = {**embedded["record"], "child": {**embedded["record"]["child"], "birth_date": "1900-01-01"}}
        return render(self, {**embedded, "record": record}, *given, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Renderer, "render", another_persons_page)
        assert town.work(number) is State.HELD
        assert _last_step(town, number, registrar)["facts"]["code"] == "gate-refused"
        assert not list(town.layout.documents.rglob(f"{_intended(town, number)}*"))

    town.post(f"/requests/{number}/resumption", registrar)

    assert town.work(number) is State.DELIVERED


def test_a_full_disk_leaves_no_half_a_document(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    case = town.case()
    token = town.citizen(case.applicant)
    number = town.paid(case, token)
    fulfilment = town.service.fulfilment
    state = State.FETCHING_RECORD
    while state is not State.INTENDED:
        state = fulfilment.run(number, state)
    with _full_disk(monkeypatch), pytest.raises(StorageFull):
        fulfilment.run(number, state)

    assert town.state(number) is State.INTENDED
    assert not list(town.layout.documents.rglob(f"*{_intended(town, number)}*"))
    assert town.work(number) is State.DELIVERED


def test_a_full_disk_refuses_an_upload_and_a_later_one_is_taken(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = town.case()
    token = town.citizen(case.applicant)
    number = town.post("/requests", token, town.wish(case), expect=201)["number"]
    content = f"%PDF-1.7 {number}".encode()
    with _full_disk(monkeypatch):
        answer = town.hand_in(number, token, content)
    assert (answer.status_code, answer.json()["code"]) == (503, "storage-full")
    assert answer.json()["detail_ar"]
    assert answer.json()["detail_en"]
    assert town.get(f"/requests/{number}", token)["attachments"] == []

    assert town.hand_in(number, token, content).status_code == 204


def test_a_full_database_changes_nothing_and_says_so(town: Town) -> None:
    case = town.case()
    token = town.citizen(case.applicant)
    before = town.get("/requests", token)["items"]
    body = town.wish(case, purpose={"ar": "غرض " * 40, "en": "purpose " * 20})
    with _full_database(town):
        answers = [town.ask("POST", "/requests", token=token, json=body, key=f"k-{n}") for n in range(30)]
    refused = [answer for answer in answers if answer.status_code != 201]
    assert refused, "the database took them all"
    for answer in refused:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.status_code == 503
        assert answer.json()["detail_ar"] != answer.json()["detail_en"]

    written = town.get("/requests?limit=100", token)["items"]
    assert len(written) == len(before) + len(answers) - len(refused)
    retried = town.ask("POST", "/requests", token=token, json=body, key="k-29")
    assert retried.status_code == 201


@contextmanager
def _full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No file can be brought to the disk any more."""

    def refuse(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("issuance.documents.files.os.fsync", refuse)
        yield


@contextmanager
def _full_database(town: Town) -> Iterator[None]:
    """The database may not grow by a page (SQLite: `max_page_count`)."""

    def limit(connection: Any) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # as small as it can be: its present size

    event.listen(town.engine, "begin", limit)
    try:
        yield
    finally:
        event.remove(town.engine, "begin", limit)
        with town.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 4294967294")
        town.engine.dispose()


def _intended(town: Town, number: str) -> str:
    with town.engine.connect() as connection:
        query = "SELECT number FROM documents WHERE request_number = ?"
        return str(connection.exec_driver_sql(query, (number,)).scalar_one())
