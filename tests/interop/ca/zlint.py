"""ZLint: the one on PATH, or built once by Go into the tests' cache."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

# The newest one whose own requirements are all on Go's module proxy.
MODULE = "github.com/zmap/zlint/v3/cmd/zlint@v3.6.7"
NOT_SAID = {"pass", "NA", "NE", "info"}
BUILD_WITHIN_SECONDS = 300


@cache
def find_zlint(folder: Path) -> str:
    """The tool; skips the test, with the reason, where it is not there and cannot be built."""
    if found := shutil.which("zlint"):
        return found
    built = folder / "zlint"
    if built.exists():
        return str(built)
    if shutil.which("go") is None:
        pytest.skip("zlint is not installed, and there is no Go to build it")
    done = subprocess.run(
        ["go", "install", MODULE],
        env=os.environ | {"GOBIN": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_WITHIN_SECONDS,
    )
    if done.returncode != 0:
        pytest.skip(f"zlint cannot be built here: {done.stderr.strip()[-200:]}")
    return str(built)


def ask_zlint(tool: str, pem: Path) -> tuple[dict[str, str], int]:
    """What it says worse than a remark, by lint, and how many lints passed."""
    done = subprocess.run([tool, str(pem)], capture_output=True, text=True, check=True, timeout=60)
    results: dict[str, Any] = json.loads(done.stdout)
    said = {name: each["result"] for name, each in results.items() if each["result"] not in NOT_SAID}
    return said, sum(each["result"] == "pass" for each in results.values())
