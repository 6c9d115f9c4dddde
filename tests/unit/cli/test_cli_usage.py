import subprocess
import sys
from pathlib import Path

import pytest
import typer

from issuance.cli.arguments import document_number, one_of, serial_number
from issuance.cli.commands import main
from issuance.cli.running import served_settings
from issuance.serving import Address
from issuance.settings import Layout, Settings, write_settings
from signing.formats.status_list import RevocationReason


def test_help_waits_for_no_database_and_no_key() -> None:
    """What takes seconds to load is loaded by the commands that need it, when they run."""
    heavy = {"sqlalchemy", "cryptography", "typst", "dbos", "fastapi", "pyhanko"}
    code = "import sys, issuance.cli.commands; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert heavy.isdisjoint(loaded.stdout.split())


def test_who_only_reads_the_books_does_not_wait_for_the_whole_service() -> None:
    heavy = {"dbos", "fastapi", "pyhanko", "pkilint", "typst"}
    reading = "issuance.books, issuance.requests.book, issuance.audit.trail, issuance.cli.opened, ca.store"
    code = f"import sys, {reading}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert heavy.isdisjoint(loaded.stdout.split())


@pytest.mark.parametrize(
    ("command", "said"),
    [
        pytest.param("documents show 12", "twelve digits", id="document number of two digits"),
        pytest.param("documents show 260000000011", "check digit", id="document number mistyped"),
        pytest.param("documents revoke 260000000010 --reason x", "court-order", id="no reason for documents"),
        pytest.param("requests list --state x", "awaiting-payment", id="no state of requests"),
        pytest.param("ca revoke xyz --reason superseded", "no serial number", id="not hexadecimal"),
        pytest.param("ca revoke 12 --reason x", "keyCompromise", id="no reason for certificates"),
        pytest.param("keys rotate issuing", "ca requests --rotate issuing", id="what a ceremony certifies"),
        pytest.param("keys replace trust-list", "ca requests --replace trust-list", id="and replaces"),
        pytest.param("accounts create x --full-name X --role x", "registrar", id="no role of staff"),
    ],
)
def test_wrong_usage_is_told_with_what_would_be_right(
    command: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _exit_status(f"{command} --directory nowhere", monkeypatch) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("command", ["requests list", "keys list", "publish", "serve", "audit verify"])
def test_a_directory_without_an_installation_is_named_and_left_alone(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _exit_status(f"{command} --directory nowhere", monkeypatch) == 1
    sentence = "wathiqa: nowhere: no installation here; make one with: wathiqa init\n"
    assert capsys.readouterr().err == sentence
    assert not Path("nowhere").exists()


def test_an_installation_without_a_passphrase_is_not_begun(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WATHIQA_KEY_PASSPHRASE", raising=False)
    assert _exit_status("init --directory fresh", monkeypatch) == 1
    assert "--passphrase-in-file" in capsys.readouterr().err
    assert not Path("fresh").exists()


def test_links_lead_where_the_settings_say_else_to_the_port_served(tmp_path: Path) -> None:
    layout, address = Layout(root=tmp_path), Address(host="127.0.0.1", port=8123)
    assert served_settings(layout, address).public_address == "http://127.0.0.1:8123"
    write_settings(layout, Settings(public_address="https://wathiqa.example"))
    assert served_settings(layout, address).public_address == "https://wathiqa.example"


def test_numbers_are_read_as_they_are_printed() -> None:
    assert document_number("٢٦٠٠ ٠٠٠٠ ٠٠١٠") == "260000000010"
    assert serial_number("0A:ff") == 0x0AFF
    assert one_of(RevocationReason, "fraud") is RevocationReason.FRAUD


def test_what_is_no_number_is_wrong_usage() -> None:
    with pytest.raises(typer.BadParameter, match="check digit"):
        document_number("260000000011")


def _exit_status(command: str, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(sys, "argv", ["wathiqa", *command.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code
