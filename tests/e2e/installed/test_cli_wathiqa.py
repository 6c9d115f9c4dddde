"""Every `wathiqa` command against an installation that was used: status, words, and what it changed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from installed_service import Ran, run
from typer.testing import CliRunner

from issuance.cli.commands import app, main
from issuance.serving import free_address
from signing.formats.document_number import make_document_number
from verify.app import main as verify_main

START_WITHIN_SECONDS = 120.0
PASSWORD = "نخلة الباب القديم تسعة"


class Shell:
    """An operator before one installation."""

    def __init__(self, root: Path) -> None:
        self.root = root
        summary = json.loads((root / "summary.json").read_text(encoding="utf-8"))
        self.documents: dict[str, Any] = {line["kind"]: line for line in summary["documents"]}

    def __call__(self, *command: str) -> Ran:
        return run(main, "wathiqa", *command, "--directory", str(self.root))

    def done(self, *command: str) -> str:
        """What a command prints that must succeed."""
        ran = self(*command)
        assert (ran.code, ran.err) == (0, ""), ran
        return ran.out

    def refused(self, *command: str) -> str:
        """The one sentence of a command that must not succeed."""
        ran = self(*command)
        assert (ran.code, ran.out) == (1, ""), ran
        assert re.fullmatch(r"wathiqa: .+\n", ran.err), ran.err
        return ran.err


@pytest.fixture(scope="module")
def shell(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return _copied(demonstration, tmp_path_factory.mktemp("operated") / "demo")


def test_services_are_listed_and_found_by_arabic_words(shell: Shell) -> None:
    every = run(main, "wathiqa", "services", "list").out
    assert len(every.splitlines()) == 1 + 7
    found = run(main, "wathiqa", "services", "list", "ولاده").out
    assert "birth" in found
    assert "divorce" not in found
    assert run(main, "wathiqa", "services", "list", "zeppelin").out == "none\n"
    checked = run(main, "wathiqa", "services", "check").out.splitlines()
    assert checked[-1] == "7 definitions are in order"
    assert re.fullmatch(r"birth +1 +published +PAdES-B-LT +90 days *", checked[1])
    assert shell.root.exists()


def test_requests_are_listed_shown_and_resumed_only_when_held(shell: Shell) -> None:
    lines = shell.done("requests", "list").splitlines()
    assert len(lines) == 1 + 8
    assert shell.done("requests", "list", "--state", "held") == "none\n"
    number = shell.documents["birth"]["request"]
    shown = shell.done("requests", "show", number.replace("-", " "))
    assert shown.startswith(f"{number}  birth  delivered\n")
    assert "record-found" in shown
    assert "delivered" in shell.refused("requests", "resume", number)


def test_a_document_is_shown_and_revoked_and_the_world_knows(shell: Shell) -> None:
    line = shell.documents["marriage"]
    shown = shell.done("documents", "show", line["number"])
    assert re.search(r"state +released", shown)

    done = shell.done("documents", "revoke", line["number"], "--reason", "court-order")

    assert done == f"{line['number']} is revoked\n"
    assert re.search(r"why +court-order", shell.done("documents", "show", line["number"]))
    trust = ("--trust", str(shell.root / "public"))
    assert run(verify_main, "wathiqa-verify", str(shell.root / line["file"]), *trust).code == 1
    assert run(verify_main, "wathiqa-verify", "--seal", line["qr_text"], *trust).code == 1
    assert "revoked" in shell.refused("documents", "revoke", line["number"], "--reason", "fraud")


def test_a_document_is_put_on_hold_and_released_by_the_operator(shell: Shell) -> None:
    line, other = shell.documents["non-employment"], shell.documents["individual-extract"]
    seal = ("--seal", line["qr_text"], "--trust", str(shell.root / "public"))

    done = shell.done("documents", "suspend", line["number"], "--reason", "misuse-reported")
    assert done == f"{line['number']} is suspended\n"
    assert run(verify_main, "wathiqa-verify", *seal).code == 1
    assert re.search(r"why +misuse-reported", shell.done("documents", "show", line["number"]))
    assert shell.done("documents", "release", line["number"]) == f"{line['number']} counts again\n"
    assert run(verify_main, "wathiqa-verify", *seal).code == 0

    refused = shell.refused("documents", "supersede", line["number"], "--by", other["number"])
    assert "of the same kind" in refused
    reasons = run(main, "wathiqa", "documents", "reasons").out
    assert "misuse-reported" in reasons
    assert "استُصدرت الوثيقة بالاحتيال" in reasons


def test_the_archive_is_renewed_and_what_is_delivered_is_the_newest_file(shell: Shell) -> None:
    line = shell.documents["death"]
    trust = ("--trust", str(shell.root / "public"))
    (stored,) = (shell.root / "state").rglob(f"{line['number']}.pdf")
    sealed = stored.read_bytes()

    assert "nothing to renew" in shell.done("documents", "renew")
    assert "8 renewed" in shell.done("documents", "renew", "--all")
    assert "nothing to renew" in shell.done("documents", "renew", "--all")

    assert stored.read_bytes().startswith(sealed)
    verified = run(verify_main, "wathiqa-verify", str(stored), *trust)
    assert (verified.code, "Last renewed for the archive" in verified.out) == (0, True)
    *_, before, after = shell.done("documents", "show", line["number"]).splitlines()
    assert "PAdES-B-LT " in before
    assert "PAdES-B-LTA" in after
    assert shell.done("audit", "verify")
    usage = shell("documents", "renew", "--before", "soon")
    assert (usage.code, "no date" in usage.err) == (2, True)


def test_the_ledger_balances_and_agrees_with_the_payments(shell: Shell) -> None:
    rows = [line.split() for line in shell.done("ledger", "balances").splitlines()[1:]]
    assert sum(int(row[1]) for row in rows) == sum(int(row[2]) for row in rows) > 0
    assert shell.done("ledger", "check") == "none\n"


def test_certificates_are_listed_and_one_is_revoked_and_replaced(shell: Shell) -> None:
    before = shell.done("ca", "list").splitlines()
    (old,) = [line.split() for line in before if "seal-civil-registry" in line]

    shell.done("ca", "revoke", old[0], "--reason", "keyCompromise")

    after = [line.split() for line in shell.done("ca", "list").splitlines() if "seal-civil-registry" in line]
    assert len(after) == 2
    assert {line[0] for line in after if "keyCompromise" in line} == {old[0]}
    # A workers' register's document was sealed by another certificate.
    trust = ("--trust", str(shell.root / "public"))
    other = shell.root / shell.documents["non-employment"]["file"]
    assert run(verify_main, "wathiqa-verify", str(other), *trust).code == 0


def test_keys_are_named_and_never_shown(shell: Shell) -> None:
    listed = shell.done("keys", "list")
    assert {"issuing", "timestamp"} <= {line.split()[0] for line in listed.splitlines()[1:]}
    assert "PRIVATE" not in listed
    assert max(map(len, listed.splitlines())) < 120


def test_an_account_is_created_and_can_sign_in(shell: Shell) -> None:
    asked = ["accounts", "create", "new.auditor", "--full-name", "هند المثال", "--role", "auditor"]
    created = CliRunner().invoke(
        app, [*asked, "--directory", str(shell.root)], input=f"{PASSWORD}\n{PASSWORD}\n"
    )
    assert created.exit_code == 0, created.output
    assert PASSWORD not in created.output
    assert re.search(r"new\.auditor +هند المثال +auditor", shell.done("accounts", "list"))


def test_the_audit_is_whole_and_can_be_taken_away(shell: Shell) -> None:
    said = shell.done("audit", "verify")
    found = re.fullmatch(r"the chain is whole: ([0-9]+) entries, head ([0-9a-f]{64})\n", said)
    assert found is not None
    lines = shell.done("audit", "export").splitlines()
    assert len(lines) == int(found[1])
    assert json.loads(lines[-1])["hash"] == found[2]


def test_publishing_and_upgrading_again_change_nothing_that_counts(shell: Shell) -> None:
    shell.done("publish")
    assert shell.done("upgrade").startswith("The database is at revision ")
    trust = ("--trust", str(shell.root / "public"))
    document = shell.root / shell.documents["non-employment"]["file"]
    assert run(verify_main, "wathiqa-verify", str(document), *trust).code == 0


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("requests", "show", "R-26-0000000000"), "request number is not right"),
        (("requests", "show", "nonsense"), "request number is not right"),
        (("requests", "resume", "R-26-0000000019"), "request number is not right"),
        (("documents", "show", make_document_number(2026, 999_999_999)), "no document with this number"),
        (("ca", "revoke", "00ff", "--reason", "keyCompromise"), "no certificate ff"),
    ],
)
def test_what_does_not_exist_is_told_in_a_sentence(shell: Shell, command: tuple[str, ...], said: str) -> None:
    assert said in shell.refused(*command)


def test_init_completes_what_was_begun_and_replaces_nothing(demonstration: Path, tmp_path: Path) -> None:
    shell = _copied(demonstration, tmp_path / "begun")
    keys = {path: path.read_bytes() for path in (shell.root / "state" / "keys").iterdir()}
    shutil.rmtree(shell.root / "public")
    (shell.root / "settings.toml").unlink()

    said = shell.done("init", "--verify-origin", "https://verify.wathiqa.example")

    assert said.endswith(f"wathiqa serve --directory {shell.root}\n")
    assert {path: path.read_bytes() for path in (shell.root / "state" / "keys").iterdir()} == keys
    assert len(shell.done("requests", "list").splitlines()) == 1 + 8
    files = [str(shell.root / line["file"]) for line in shell.documents.values()]
    assert run(verify_main, "wathiqa-verify", *files, "--trust", str(shell.root / "public")).code == 0


def test_reading_needs_no_key_and_publishing_does(demonstration: Path, tmp_path: Path) -> None:
    shell = _copied(demonstration, tmp_path / "keyless")
    (shell.root / "state" / "key-passphrase").unlink()
    number = shell.documents["death"]["number"]
    for command in (
        "requests list",
        f"documents show {number}",
        "ledger balances",
        "ledger check",
        "accounts list",
        "audit verify",
        "ca list",
    ):
        shell.done(*command.split())
    assert "WATHIQA_KEY_PASSPHRASE" in shell.refused("publish")
    assert "WATHIQA_KEY_PASSPHRASE" in shell.refused("keys", "rotate", "status")


def _copied(demonstration: Path, root: Path) -> Shell:
    shutil.copytree(demonstration, root)
    return Shell(root)


class TestLongRunning:
    """Commands that run until a signal, as processes of their own."""

    @pytest.fixture
    def started(self, shell: Shell) -> Iterator[Any]:
        running: list[subprocess.Popen[str]] = []

        def start(*command: str, **environment: str) -> subprocess.Popen[str]:
            arguments = [sys.executable, "-m", "issuance.cli.commands", *command]
            process = subprocess.Popen(
                [*arguments, "--directory", str(shell.root)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
            )
            running.append(process)
            return process

        yield start
        for process in running:
            process.kill()
            process.communicate()

    def test_serve_answers_until_it_is_told_to_stop(self, shell: Shell, started: Any) -> None:
        port, provider = free_address().port, free_address()
        process = started("serve", "--port", str(port), WATHIQA_PAYMENT_ADDRESS=provider.url)
        address = f"http://127.0.0.1:{port}"

        _wait_for(f"{address}/openapi.json", process)
        assert httpx.get(f"{address}/docs").is_success
        assert "wathiqa-anchor" in httpx.get(f"{address}/").text
        assert httpx.get(f"{provider.url}/health").is_success
        number = shell.documents["birth"]["number"]
        for code in ("7K3M9QXA2BVD", "000000000000"):
            typed = {"number": number, "code": code}
            assert httpx.post(f"{address}/api/documents/check", json=typed).status_code == 404
        assert httpx.get(f"{address}/d/a-secret-of-somebody").status_code == 404
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=90)

        assert process.returncode == 0, err
        assert f"Interface  {address}/docs" in out
        # Nobody learns from the log who verified or fetched what.
        for secret in (number, "7K3M9QXA2BVD", "a-secret-of-somebody", "Traceback"):
            assert secret not in out + err
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{provider.url}/health")

    def test_a_worker_works_until_it_is_told_to_stop(self, started: Any) -> None:
        process = started("worker", "--name", "second")
        assert "Working as second" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=90)
        assert process.returncode == 0, err
        assert "Traceback" not in err


def _wait_for(address: str, process: subprocess.Popen[str]) -> None:
    give_up = time.monotonic() + START_WITHIN_SECONDS
    while True:
        try:
            httpx.get(address, timeout=5).raise_for_status()
        except httpx.HTTPError:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < give_up, "it did not come up"
            time.sleep(0.1)
        else:
            return
