"""Settings choose the custody; what it lacks is said before anything is made."""

import builtins
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from issuance.cli.commands import main
from issuance.cli.failures import sentence_for
from issuance.custody import open_custody, pin_source
from issuance.settings import Layout, Settings, SettingsInvalid, load_settings, write_settings
from keys.errors import BackendMissing, PinMissing
from keys.kms import KmsCustody
from keys.pkcs11 import Pkcs11Custody
from keys.software import SoftwareCustody

OF_THE_SERVICE = ("alembic", "dbos", "fastapi", "httpx", "pkilint", "sqlalchemy", "typst", "uvicorn")
ON_TOKEN = Settings(custody="pkcs11", pkcs11_module="/usr/lib/some.so", pkcs11_token="wathiqa")
IN_CLOUD = Settings(custody="kms", kms_region="eu-central-1", kms_endpoint="http://127.0.0.1:9")


@pytest.fixture(autouse=True)
def no_secret_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WATHIQA_KEY_PASSPHRASE", "WATHIQA_PKCS11_PIN"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [(Settings(), SoftwareCustody), (ON_TOKEN, Pkcs11Custody), (IN_CLOUD, KmsCustody)],
    ids=["software", "pkcs11", "kms"],
)
def test_each_setting_opens_its_custody_and_asks_for_no_secret_yet(
    settings: Settings, kind: type, tmp_path: Path
) -> None:
    layout = Layout(root=tmp_path)
    write_settings(layout, settings)

    assert isinstance(open_custody(layout, load_settings(layout, {})), kind)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (Settings(custody="hsm"), "hsm"),
        (Settings(custody="pkcs11", pkcs11_token="a"), "pkcs11_module"),
        (Settings(custody="pkcs11", pkcs11_module="/a.so"), "pkcs11_token"),
        (Settings(custody="kms"), "kms_region"),
    ],
    ids=["no such custody", "no module", "no token", "no region"],
)
def test_a_setting_that_is_missing_is_named(settings: Settings, named: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match=named):
        open_custody(Layout(root=tmp_path), settings)


@pytest.mark.parametrize(
    ("settings", "library", "extra"),
    [(ON_TOKEN, "pkcs11", "wathiqa[pkcs11]"), (IN_CLOUD, "boto3", "wathiqa[kms]")],
    ids=["pkcs11", "kms"],
)
def test_a_library_that_is_not_installed_is_named_with_its_extra(
    settings: Settings, library: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_written = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == library:
            raise ModuleNotFoundError(name=library)
        return as_written(name, *rest)

    for name in [name for name in sys.modules if name.startswith(("keys.pkcs11", "keys.kms"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(BackendMissing) as refused:
        open_custody(Layout(root=tmp_path), settings)
    assert extra in str(refused.value)


def test_the_pin_comes_from_the_environment_else_from_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout(root=tmp_path)
    with pytest.raises(PinMissing) as missing:
        pin_source(layout)()
    sentence = sentence_for(missing.value)
    assert sentence is not None
    assert "WATHIQA_PKCS11_PIN" in sentence
    assert "passphrase" not in sentence

    layout.state.mkdir()
    layout.pkcs11_pin.write_text("1234\n", encoding="utf-8")
    assert pin_source(layout)() == b"1234"
    monkeypatch.setenv("WATHIQA_PKCS11_PIN", "5678")
    assert pin_source(layout)() == b"5678"


@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        pytest.param("", {}, "--passphrase-in-file", id="no passphrase"),
        pytest.param("", {"WATHIQA_KEY_PASSPHRASE": "1"}, "too weak", id="a passphrase like 1"),
        pytest.param(
            "--passphrase-in-file",
            {"WATHIQA_KEY_PASSPHRASE": "correct horse battery staple"},
            "WATHIQA_KEY_PASSPHRASE is set",
            id="two passphrases",
        ),
        pytest.param("--custody hsm", {}, "not one of software, pkcs11, kms", id="no such custody"),
        pytest.param("--custody pkcs11 --pkcs11-module a.so", {}, "pkcs11_token", id="no token"),
        pytest.param(
            "--custody pkcs11 --pkcs11-module a.so --pkcs11-token t", {}, "WATHIQA_PKCS11_PIN", id="no PIN"
        ),
        pytest.param("--custody kms", {}, "kms_region", id="no region"),
    ],
)
def test_an_installation_that_could_open_no_key_is_not_begun(
    options: str,
    environment: dict[str, str],
    said: str,
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["wathiqa", "init", "--directory", "fresh", *options.split()])
    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 1
    assert said in capsys.readouterr().err
    assert not Path("fresh").exists()


def test_a_signer_process_needs_none_of_the_services_libraries() -> None:
    """One that uses AWS KMS may stand in an environment without dbos, beside which boto3 cannot be."""
    script = f"""
import sys
sys.modules |= dict.fromkeys({OF_THE_SERVICE})
import issuance.cli.commands, issuance.keyrings, issuance.signers
import keys.kms, keys.pkcs11, keys.signer_server
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=False, text=True, timeout=60
    )

    assert done.stderr == ""
