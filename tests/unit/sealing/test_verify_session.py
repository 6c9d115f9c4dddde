"""The command on files whose names somebody else chose."""

import io
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sealing_office import Office

from verify.report.words import Language
from verify.session import Session

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_name_of_a_file_does_not_steer_the_terminal(
    office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trap = tmp_path / "\x1b]0;genuine\x07\n\u202e.pdf"
    trap.mkdir()

    code = Session(office.trust(), NOW, language=Language.EN, as_json=False).run([trap], [])

    said = capsys.readouterr().err
    assert code == 3
    assert said.count("\n") == 1
    assert not {"\x1b", "\x07", "\u202e"} & set(said)


def test_name_that_is_not_utf_8_hides_no_other_report(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, plain = tmp_path / os.fsdecode(b"\xff.pdf"), tmp_path / "plain.pdf"
    for file in (odd, plain):
        file.write_bytes(b"no PDF")
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict")
    monkeypatch.setattr(sys, "stdout", out)

    code = Session(office.trust(), NOW, language=Language.EN, as_json=True).run([odd, plain], [])

    out.seek(0)
    assert code == 1
    assert [report["file"] for report in json.loads(out.read())["reports"]] == [str(odd), str(plain)]
