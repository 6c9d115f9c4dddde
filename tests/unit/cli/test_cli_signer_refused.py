"""A signer whose PIN is wrong says so and ends; its keeper does not send that PIN again."""

import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from issuance import signers
from issuance.settings import Layout, Settings, write_settings
from keys.classes import KeyClass
from keys.errors import KeyRefused


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    write_settings(Layout(root=tmp_path), Settings())
    return Layout(root=tmp_path)


def test_what_ends_because_it_was_refused_is_not_started_anew(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    starts = tmp_path / "starts"
    program = f"import sys; open({str(starts)!r}, 'a').write('.'); sys.exit({signers.REFUSED})"
    monkeypatch.setattr(signers, "_command", lambda *_: [sys.executable, "-c", program])
    keeper = signers._Kept(layout, KeyClass.SEALS, threading.Event())  # noqa: SLF001  (what keeps one signer)
    keeper.start()
    keeper.join(timeout=30)

    assert not keeper.is_alive()
    assert starts.read_text(encoding="utf-8") == "."


def test_a_signer_that_is_refused_its_keys_ends_with_that_status(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise KeyRefused(key_id="*", reason="the token refuses the PIN")

    monkeypatch.setattr(signers, "open_keyring", refuse)
    with pytest.raises(SystemExit) as ended:
        signers.run_signer(layout, KeyClass.SEALS, with_parent=False)

    assert ended.value.code == signers.REFUSED
    assert "refuses the PIN" in capsys.readouterr().err
