"""pip judges our packaging: `wathiqa-verify` in an environment with its own locked requirements alone."""

import shutil
import subprocess
import sys
import venv
from datetime import timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Test folders are not packages; an office that seals is kept beside the tests of sealing.
sys.path.insert(0, str(ROOT / "tests" / "unit" / "sealing"))

from sealing_office import NOW, Office  # noqa: E402 - the path comes first
from sealing_publication import publish  # noqa: E402 - as above

SOURCES = ("verify", "signing", "keys", "ca", "issuance", "pyproject.toml", "README.md", "LICENSE")


@pytest.mark.interop
def test_it_installs_and_judges_with_nothing_of_the_service(tmp_path: Path) -> None:
    bin_ = _environment(tmp_path)
    _install(bin_, "--require-hashes", "-r", ROOT / "requirements" / "verify.txt")
    _install(bin_, "--no-deps", _copy(tmp_path / "sources"))
    office = Office()
    document, at = tmp_path / "document.pdf", (NOW + timedelta(hours=3)).isoformat()
    document.write_bytes(office.document())
    trust = ("--trust", publish(office, tmp_path / "public"), "--at", at)

    judged = _run(bin_ / "wathiqa-verify", document, *trust, "--language", "en")
    scanned = _run(bin_ / "wathiqa-verify", "scan", document, *trust, "--language", "en")
    service = _run(bin_ / "python", "-c", "import fastapi")

    assert (judged.returncode, scanned.returncode) == (0, 0), judged.stderr + scanned.stderr
    assert "GENUINE and in force" in judged.stdout
    assert "No module named 'fastapi'" in service.stderr


def _environment(folder: Path) -> Path:
    venv.create(folder / "auditor", with_pip=True)
    return folder / "auditor" / "bin"


def _install(bin_: Path, *what: object) -> None:
    done = _run(bin_ / "pip", "install", "--quiet", "--disable-pip-version-check", *what)
    if "Could not find a version" in done.stderr or "connection" in done.stderr.lower():
        pytest.skip("the package index is out of reach: nothing is installed anew")
    assert done.returncode == 0, done.stderr


def _copy(folder: Path) -> Path:
    """What is built leaves nothing in the tree of sources."""
    folder.mkdir()
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return folder


def _run(*command: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*map(str, command)], check=False, capture_output=True, text=True, timeout=600)
