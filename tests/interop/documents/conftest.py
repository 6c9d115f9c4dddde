"""What `wathiqa demo` delivers, judged by tools of other makers; and the table of what they said."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from issuance.catalogue.models import DocumentKind

from .judges_java import JavaJudges, fetch_judges
from .judges_table import Table, write_table

KINDS = tuple(kind.value for kind in DocumentKind)
DOCUMENTATION = Path(__file__).parents[3] / "docs" / "interop.md"
# Set to judge a demonstration that was made before: WATHIQA_DELIVERED=demo make interop
DELIVERED = "WATHIQA_DELIVERED"
TABLE = pytest.StashKey[Table]()
Run = Callable[..., str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One sealed document of every kind, with all that was published beside them."""

    root: Path
    files: dict[str, Path]
    seal_texts: dict[str, str]

    @property
    def public(self) -> Path:
        return self.root / "public"

    @property
    def anchor(self) -> Path:
        """All that a judge is told beforehand."""
        return self.public / "root.pem"


@pytest.fixture(scope="session")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    """What a newcomer gets: the demonstration's delivery, made anew unless one is named."""
    named = os.environ.get(DELIVERED)
    root = Path(named) if named else _demonstrate(tmp_path_factory.mktemp("delivered"))
    documents = json.loads((root / "summary.json").read_text(encoding="utf-8"))["documents"]
    files = {each["kind"]: root / each["file"] for each in documents}
    assert sorted(files) == sorted(KINDS)
    return Delivered(root=root, files=files, seal_texts={each["kind"]: each["qr_text"] for each in documents})


def _demonstrate(root: Path) -> Path:
    command = [sys.executable, "-m", "issuance.cli.commands", "demo", "--directory", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return root


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a tool, expects its status, answers all it said."""

    def command(tool: str, *arguments: object, status: int = 0) -> str:
        require(tool)
        words = [tool, *map(str, arguments)]
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    return command


@pytest.fixture(scope="session")
def java_judges(tmp_path_factory: pytest.TempPathFactory) -> JavaJudges:
    """The judges written in Java, veraPDF and EU DSS."""
    require("javac")
    require("mvn")
    return fetch_judges(tmp_path_factory.mktemp("judges"))


@pytest.fixture
def table(request: pytest.FixtureRequest) -> Table:
    """Where a judge's words are kept for the closing table."""
    return request.config.stash.setdefault(TABLE, Table())


def require(tool: str) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    table = config.stash.get(TABLE, None)
    if table is None:
        return
    terminalreporter.section("what the judges said")
    for line in table.lines():
        terminalreporter.line(line)
    write_table(table, DOCUMENTATION)
