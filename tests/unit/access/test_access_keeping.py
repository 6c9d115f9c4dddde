"""What identity keeps on disk: the outbox and the service secret, for their owner's eyes only."""

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from issuance.identity.senders import OutboxFile
from issuance.identity.service_secret import ServiceSecret, load_service_secret


def _mode(path: Any) -> Any:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_outbox_is_one_json_line_a_message_readable_by_its_owner(tmp_path: Path, service: Any) -> None:
    path = tmp_path / "data" / "outbox.jsonl"
    before = os.umask(0)
    try:
        outbox = OutboxFile(path)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: outbox.send("+963944000001", f"رمز\n{n}", at=service.clock()), range(40)))
    finally:
        os.umask(before)

    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert sorted(line["text"] for line in lines) == sorted(f"رمز\n{n}" for n in range(40))
    assert _mode(path) == 0o600


def test_the_outbox_follows_no_planted_link(tmp_path: Path, service: Any) -> None:
    path = tmp_path / "outbox.jsonl"
    path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError, match="symbolic"):
        OutboxFile(path).send("+963944000001", "x", at=service.clock())


def test_the_secret_is_made_once_also_by_processes_that_start_together(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret"

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load_service_secret(path).key("cursors"), range(16)))

    assert len(keys) == 1
    assert _mode(path) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret"]


def test_each_purpose_has_its_own_key() -> None:
    secret = ServiceSecret(bytes(32))

    assert secret.key("cursors") != secret.key("codes")
    with pytest.raises(ValueError, match="32 bytes"):
        ServiceSecret(b"short")
