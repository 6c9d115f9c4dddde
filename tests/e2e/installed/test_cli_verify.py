"""`wathiqa-verify` on documents as they were delivered: every exit status, both languages, no network."""

import json
import re
import shutil
import socket
from datetime import timedelta
from pathlib import Path

import pytest
from installed_service import Delivered, Town, run

from issuance.identity.permissions import Role
from verify.app import main as verify_main
from verify.documents import DocumentJudge
from verify.trust import load_trust
from verify.verdict import Verdict

GENUINE, NOT_GENUINE, UNDECIDED, COULD_NOT_RUN = 0, 1, 2, 3


def answers(out: str, key: str) -> list[tuple[str, int]]:
    """What each line of JSON is about, and its exit status."""
    return [(line[key], line["exit_code"]) for line in map(json.loads, out.splitlines())]


@pytest.fixture(scope="module")
def held(shared_town: Town) -> Delivered:
    case = shared_town.case()
    return shared_town.delivered(case, shared_town.citizen(case.applicant))


@pytest.fixture
def file(held: Delivered, tmp_path: Path) -> Path:
    path = tmp_path / "document.pdf"
    path.write_bytes(held.pdf)
    return path


@pytest.mark.parametrize(("language", "said"), [("ar", "[\u0600-\u06ff]"), ("en", "[Gg]enuine")])
def test_a_genuine_document_is_0_in_either_language(
    town: Town, file: Path, held: Delivered, language: str, said: str
) -> None:
    judged = town.verify(str(file), "--seal", held.seal_text, "--language", language)

    assert judged.code == GENUINE
    assert re.search(said, judged.out)
    assert held.number.replace(" ", "") in re.sub(r"\s|\u00a0", "", judged.out)


def test_a_document_that_was_changed_is_1(town: Town, held: Delivered, tmp_path: Path) -> None:
    whole = held.pdf
    changed = {
        "one octet": whole[:2000] + bytes([whole[2000] ^ 1]) + whole[2001:],
        "cut short": whole[: len(whole) // 2],
        "something added": whole + b"\n% and more\n",
        "not a document": b"%PDF-1.7\n%%EOF\n",
        "empty": b"",
    }
    for name, content in changed.items():
        (tmp_path / f"{name}.pdf").write_bytes(content)

    judged = town.verify(str(tmp_path), "--json")

    assert judged.code == NOT_GENUINE
    assert {Path(file).stem for file, code in answers(judged.out, "file") if code == NOT_GENUINE} == {
        *changed
    }


def test_a_seal_code_that_was_changed_is_1(town: Town, held: Delivered) -> None:
    last = held.seal_text[-1]
    changed = held.seal_text[:-1] + ("0" if last != "0" else "1")
    texts = (changed, "https://verify.wathiqa.example/#", "hello", held.seal_text[:-40])

    judged = town.verify("seal", *texts, "--json")

    assert [code for _, code in answers(judged.out, "reason")] == [NOT_GENUINE] * len(texts)


def test_a_document_withdrawn_is_1(town: Town, tmp_path: Path) -> None:
    case = town.case()
    held = town.delivered(case, town.citizen(case.applicant))
    (tmp_path / "withdrawn.pdf").write_bytes(held.pdf)
    town.post(
        f"/documents/{held.number}/revocation", town.staff(Role.REGISTRAR), {"reason": "issued-in-error"}
    )
    assert town.verify(str(tmp_path / "withdrawn.pdf")).code == NOT_GENUINE
    assert town.verify("--seal", held.seal_text).code == NOT_GENUINE


def test_without_the_statuses_it_is_2(town: Town, file: Path, held: Delivered, tmp_path: Path) -> None:
    public = tmp_path / "public"
    shutil.copytree(town.layout.public, public)
    shutil.rmtree(public / "status")
    assert town.verify(str(file), trust=public).code == UNDECIDED
    assert town.verify("--seal", held.seal_text, trust=public).code == UNDECIDED


def test_with_statuses_that_are_too_old_it_is_2(town: Town, file: Path) -> None:
    later = town.clock() + timedelta(days=20)
    trust = ("--trust", str(town.layout.public), "--at", later.isoformat())
    assert run(verify_main, "wathiqa-verify", str(file), *trust).code == UNDECIDED


def test_what_cannot_run_is_3(town: Town, file: Path, tmp_path: Path) -> None:
    public = ("--trust", str(town.layout.public))
    (tmp_path / "empty").mkdir()
    asked = {
        "no file of this name": (str(tmp_path / "nowhere.pdf"), *public),
        "a directory without documents": (str(tmp_path / "empty"), *public),
        "nothing to judge": public,
        "no trust": (str(file),),
        "trust that is nowhere": (str(file), "--trust", str(tmp_path / "nowhere")),
        "trust that is empty": (str(file), "--trust", str(tmp_path)),
        "no instant": (str(file), *public, "--at", "yesterday"),
        "no option": (str(file), *public, "--believe-me"),
    }
    for name, arguments in asked.items():
        judged = run(verify_main, "wathiqa-verify", *arguments)
        assert judged.code == COULD_NOT_RUN, name
        assert judged.err.startswith("wathiqa-verify: "), name
        assert "Traceback" not in judged.err, name


def test_of_several_the_gravest_decides(town: Town, file: Path, tmp_path: Path) -> None:
    forged = tmp_path / "forged.pdf"
    forged.write_bytes(b"%PDF-1.7\n%%EOF\n")

    judged = town.verify(str(file), str(forged), "--json")
    assert judged.code == NOT_GENUINE
    reports = [json.loads(line) for line in judged.out.splitlines()]
    assert [report["exit_code"] for report in reports] == [GENUINE, NOT_GENUINE]
    assert town.verify(str(file), str(forged), str(tmp_path / "nowhere.pdf")).code == COULD_NOT_RUN


def test_no_network_is_asked(town: Town, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by the command nor by the judge, who is asked here, where he can be watched."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the verifier called somebody")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    assert town.verify(str(file)).code == GENUINE
    judge = DocumentJudge(load_trust(town.layout.public, at=town.clock()))
    assert judge.validate(file.read_bytes(), at=town.clock()).verdict is Verdict.GENUINE


def test_a_document_past_its_date_is_1(town: Town) -> None:
    """The last test here: what the others hold is past its date, too."""
    case = town.case()
    held = town.delivered(case, town.citizen(case.applicant))
    town.later(days=91)
    assert town.verify("--seal", held.seal_text).code == NOT_GENUINE
