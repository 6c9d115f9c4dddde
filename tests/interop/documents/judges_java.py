"""veraPDF and EU DSS: fetched by Maven, run by java from the source files in tests/interop/java."""

import re
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1] / "java"
FETCH_WITHIN_SECONDS = 420
JUDGE_WITHIN_SECONDS = 300

Findings = dict[tuple[str, str], dict[str, list[str]]]
"""File name and what was asked → what it is → what it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JavaJudges:
    """The judges, ready to be asked."""

    class_path: str

    def ask(self, judge: str, *arguments: object) -> Findings:
        """Run a judge over files; one process for all, since starting it is most of the cost."""
        command = ["java", "-Dfile.encoding=UTF-8", "-cp", self.class_path, str(PROJECT / f"{judge}.java")]
        done = subprocess.run(
            [*command, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=JUDGE_WITHIN_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return _findings(done.stdout.splitlines())


def pinned_version(library: str) -> str:
    """As pinned in the Maven project: `dss` or `verapdf`."""
    found = re.search(rf"<{library}\.version>(.*)</", (PROJECT / "pom.xml").read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def fetch_judges(directory: Path) -> JavaJudges:
    """Fetch what is not there yet, its checksums compared; skip where Maven reaches no repository."""
    path = directory / "class-path"
    command = ["mvn", "--quiet", "--batch-mode", "--strict-checksums", "--file", str(PROJECT / "pom.xml")]
    done = subprocess.run(
        [*command, "dependency:build-classpath", f"-Dmdep.outputFile={path}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=FETCH_WITHIN_SECONDS,
    )
    if done.returncode != 0:
        pytest.skip(f"Maven could not fetch veraPDF and EU DSS: {_first_error(done.stdout)}")
    return JavaJudges(class_path=path.read_text(encoding="utf-8").strip())


def _first_error(said: str) -> str:
    errors = [line for line in said.splitlines() if line.startswith("[ERROR]")]
    return errors[0].removeprefix("[ERROR]").strip()[:200] if errors else "no reason given"


def _findings(lines: Sequence[str]) -> Findings:
    findings: Findings = defaultdict(lambda: defaultdict(list))
    for line in lines:
        file, asked, what, says = line.split("\t")
        findings[file, asked][what].append(says)
    return findings
