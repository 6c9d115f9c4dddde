"""That the attacks are attacks: a careful program of another maker calls most of them validly signed."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "sealing"))
sys.path.insert(0, str(Path(__file__).parents[1] / "attacks"))

from attack_catalogue import ALL
from attack_scene import Attempt, Scene

from verify.trust import TrustError

pytestmark = pytest.mark.interop
VALID = "Signature is Valid"


def _files(scene: Scene) -> Iterator[bytes]:
    for attack in ALL:
        try:
            made = attack.make(scene)
        except TrustError:
            continue
        pdf = made.pdf if isinstance(made, Attempt) else made
        if isinstance(pdf, bytes):
            yield pdf


def test_pdfsig_calls_more_than_half_of_the_attacked_files_valid(tmp_path: Path) -> None:
    """It says how much is signed beside it; people read the first line."""
    if shutil.which("pdfsig") is None:
        pytest.skip("no pdfsig on this machine: poppler-utils has it")
    path, valid, count = tmp_path / "attacked.pdf", 0, 0
    for pdf in _files(Scene()):
        path.write_bytes(pdf)
        command = ["pdfsig", "-nocert", str(path)]
        said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        valid, count = valid + (VALID in said.stdout), count + 1
    assert valid > count / 2, (valid, count)
