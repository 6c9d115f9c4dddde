"""Who starts signers, and what is left in the environment."""

import os
from pathlib import Path
from typing import Any

import pytest

from issuance.cli.commands import main
from issuance.custody import PASSPHRASE_VARIABLE, PIN_VARIABLE
from issuance.settings import Layout, Settings, SettingsInvalid, write_settings
from issuance.signers import put_off_secrets, running_signers, signers, uses_processes, without_secrets


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(root=tmp_path)


def test_keys_are_in_processes_unless_somebody_says_otherwise(layout: Layout) -> None:
    assert uses_processes(Settings())
    assert not uses_processes(Settings(signers="in-process"))
    with pytest.raises(SettingsInvalid, match="thread"):
        uses_processes(Settings(signers="thread"))
    assert running_signers(layout, Settings()) is None


def test_nothing_is_started_where_keys_stay_in_the_process(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "something long enough")
    monkeypatch.setattr(os, "execve", _never)
    assert put_off_secrets(layout.root, again=["serve"]) is None  # no installation
    write_settings(layout, Settings(signers="in-process"))

    assert put_off_secrets(layout.root, again=["serve"]) is None
    with signers(layout, Settings(signers="in-process"), None) as keyring:
        assert keyring is None


def test_what_opens_keys_is_left_behind() -> None:
    environment = {PASSPHRASE_VARIABLE: "a", PIN_VARIABLE: "b", "AWS_SECRET_ACCESS_KEY": "c", "LANG": "ar"}

    assert without_secrets(environment) == {"LANG": "ar"}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["signer"], "no installation here"),
        (["signer", "--class", "seals"], "no installation here"),
    ],
)
def test_a_signer_needs_an_installation(
    layout: Layout,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    said: str,
) -> None:
    monkeypatch.setattr("sys.argv", ["wathiqa", *command, "--directory", str(layout.root)])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 1
    assert said in capsys.readouterr().err


def test_a_class_that_is_none_is_wrong_usage(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["wathiqa", "signer", "--class", "root", "--directory", str(layout.root)])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    assert "authority, seals, services" in capsys.readouterr().err


def _never(*_: Any) -> None:
    raise AssertionError("started anew")
