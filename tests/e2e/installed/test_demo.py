"""`make demo`: one document of every kind, from request to verified, as a newcomer runs it."""

import io
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from installed_service import run
from pypdf import PdfReader
from rich.console import Console

from issuance.catalogue.models import DocumentKind
from issuance.demo import run as demo
from issuance.demo.play import SceneFailed
from issuance.demo.run import NotADemonstration, run_demo
from issuance.settings import Layout
from verify.app import main as verify_main
from verify.bundle.store import TrustStore
from verify.bundle.update import VouchedRoot, update_store
from verify.seal import validate_seal_code
from verify.verdict import Verdict


@pytest.fixture
def ending(demonstration: Path) -> Any:
    return json.loads(demonstration.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.fixture
def summary(demonstration: Path) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = json.loads((demonstration / "summary.json").read_text(encoding="utf-8"))[
        "documents"
    ]
    return lines


def test_it_ends_well_and_says_so_in_eighty_columns(ending: Any) -> None:
    assert ending["status"] == 0, ending["err"]
    assert "8 of 8 genuine and in force" in ending["out"]
    table = ending["out"].split("\n\n")[0]
    assert max(map(len, table.splitlines())) <= 80
    assert ending["err"] == ""


def test_every_kind_and_the_notice_of_a_refusal_are_there_as_files(
    demonstration: Path, summary: list[dict[str, Any]]
) -> None:
    assert {line["kind"] for line in summary} == {*DocumentKind}
    for line in summary:
        pdf = demonstration / line["file"]
        assert PdfReader(pdf).attachments["record.json"]
        assert line["as_expected"], line
        assert (line["verdict"], line["seal_code_verdict"]) == ("genuine", "genuine")
        assert line["qr_text"].startswith("https://verify.wathiqa.example/#")
        assert {"render", "seal", "gate"} <= line["milliseconds"].keys()
    assert len(list((demonstration / "documents").iterdir())) == len(summary)
    assert len({line["number"] for line in summary}) == len(summary)


def test_the_refused_one_got_its_money_back_and_one_paid_cash_at_a_desk(
    summary: list[dict[str, Any]],
) -> None:
    (refused,) = [line for line in summary if line["outcome"] == "refused"]
    assert refused["kind"] == "refusal-notice"
    assert refused["refunded_minor"] > 0
    assert [line["kind"] for line in summary if line["channel"] == "desk"] == ["death"]


def test_an_auditor_verifies_it_again_with_what_is_published(
    demonstration: Path, summary: list[dict[str, Any]]
) -> None:
    files = [str(demonstration / line["file"]) for line in summary]
    seals = [argument for line in summary for argument in ("--seal", line["qr_text"])]
    trust = ["--trust", str(demonstration / "public"), "--json"]

    judged = run(verify_main, "wathiqa-verify", *files, *seals, *trust)

    assert judged.code == 0
    assert {report["verdict"] for report in map(json.loads, judged.out.splitlines())} == {"genuine"}


def test_the_trust_bundle_says_of_every_document_that_it_is_in_force(
    demonstration: Path, summary: list[dict[str, Any]], tmp_path: Path
) -> None:
    public, now = demonstration / "public", datetime.now(UTC)
    store = TrustStore(tmp_path / "store")
    update_store(store, public, at=now, root=VouchedRoot.from_pem((public / "root.pem").read_bytes()))
    trust = store.open(at=now)
    verdicts = {validate_seal_code(line["qr_text"], trust=trust, at=now).verdict for line in summary}
    assert verdicts == {Verdict.GENUINE}


def test_nothing_secret_lies_where_everybody_reads(demonstration: Path) -> None:
    layout = Layout(root=demonstration)
    passphrase = layout.passphrase.read_bytes().strip()
    for path in layout.public.rglob("*"):
        assert path.is_dir() or passphrase not in path.read_bytes()
    assert layout.state.stat().st_mode & 0o077 == 0
    for secret in (layout.passphrase, layout.payment_key, layout.webhook_secret, layout.outbox):
        assert secret.stat().st_mode & 0o077 == 0, secret


def test_running_it_again_begins_anew(
    demonstration: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the earlier one is left when the play begins; that it plays, the others show."""
    root = tmp_path / "again"
    shutil.copytree(demonstration, root)
    monkeypatch.setattr(demo, "_play", lambda layout, _: _nothing_is_left(layout.root))
    for _ in range(2):
        with pytest.raises(SceneFailed, match="all was cleared"):
            run_demo(root, Console(file=io.StringIO()))


def _nothing_is_left(root: Path) -> Any:
    assert [path.name for path in root.iterdir()] == [demo.MARKER]
    raise SceneFailed("all was cleared")


@pytest.mark.parametrize("what", ["a file of somebody", "an installation"])
def test_a_directory_that_is_not_ours_is_left_alone(what: str, pristine: Path, tmp_path: Path) -> None:
    root = tmp_path / "precious"
    if what == "an installation":
        shutil.copytree(pristine, root)
    else:
        root.mkdir()
        (root / "thesis.odt").write_text("years of work", encoding="utf-8")
    before = sorted(root.rglob("*"))

    with pytest.raises(NotADemonstration, match="precious"):
        run_demo(root, Console(file=io.StringIO()))

    assert sorted(root.rglob("*")) == before
