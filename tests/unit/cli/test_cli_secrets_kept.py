"""What holds no key of ours learns nothing that opens one."""

import stat
from pathlib import Path
from typing import Any

import pytest

from issuance import installation, serving
from issuance.serving import Address, sandbox_provider
from issuance.settings import Layout, Settings
from issuance.signers import SECRET_VARIABLES


class _Started(Exception):
    pass


def test_the_payment_provider_does_not_inherit_what_opens_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}

    def start(command: list[str], **options: Any) -> None:
        given.update(options, command=command)
        raise _Started

    for name in SECRET_VARIABLES:
        monkeypatch.setenv(name, "a secret")
    monkeypatch.setattr(serving.subprocess, "Popen", start)
    monkeypatch.setattr(serving, "_is_up", lambda _: False)
    address = Address(host="127.0.0.1", port=1)

    with (
        pytest.raises(_Started),
        sandbox_provider(Layout(root=tmp_path), address, webhooks_to="http://127.0.0.1:2"),
    ):
        pass

    assert "PATH" in given["env"]
    assert "a secret" not in {*given["env"].values(), *given["command"]}


def test_a_state_folder_that_was_open_to_others_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout(root=tmp_path)
    layout.state.mkdir(mode=0o755)
    layout.state.chmod(0o755)
    monkeypatch.setattr(installation, "build_register", lambda path, **_: path.touch())
    monkeypatch.setattr(installation, "upgrade", lambda _: None)

    installation.prepare_installation(layout, Settings(), passphrase_in_file=True)

    assert stat.S_IMODE(layout.state.stat().st_mode) == 0o700
