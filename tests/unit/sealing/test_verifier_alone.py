"""`wathiqa-verify` needs what `requirements/verify.txt` locks, and nothing else that is installed here."""

import re
import subprocess
import sys
from datetime import timedelta
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from sealing_office import NOW, Office
from sealing_publication import publish

ROOT = Path(__file__).parents[3]
# Everything in `verify` is imported, and a document judged as the judging process does it.
PROGRAM = """
import importlib, pkgutil, sys
from datetime import datetime
from pathlib import Path

foreign, public, document, at = sys.argv[1].split(), *sys.argv[2:5]

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in foreign:
            raise ModuleNotFoundError(f"not of a verifier's own requirements: {name}", name=name)

sys.meta_path.insert(0, Absent())
import verify
for module in pkgutil.walk_packages(verify.__path__, "verify."):
    importlib.import_module(module.name)
from verify.documents import DocumentJudge
from verify.trust import load_trust
at = datetime.fromisoformat(at)
report = DocumentJudge(load_trust(public, at=at)).validate(Path(document).read_bytes(), at=at)
print(report.verdict, report.comparisons.symbol)
"""


@pytest.fixture
def foreign() -> list[str]:
    """Modules of distributions that a verifier is not locked to."""
    locked = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements/verify.txt").read_text(), re.MULTILINE)
    own = {_plain(name) for name in locked} | {"wathiqa"}
    return [
        module
        for module, makers in packages_distributions().items()
        if module.isidentifier() and not own & {_plain(maker) for maker in makers}
    ]


def test_a_verifier_runs_with_its_own_requirements_alone(
    foreign: list[str], sealed: bytes, sealed_by: Office, tmp_path: Path
) -> None:
    assert {"fastapi", "sqlalchemy", "PIL", "pytest"} <= set(foreign)
    document, public = tmp_path / "document.pdf", publish(sealed_by, tmp_path / "public")
    document.write_bytes(sealed)
    arguments = [" ".join(foreign), public, document, (NOW + timedelta(hours=3)).isoformat()]

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], check=False, capture_output=True, text=True, cwd=ROOT
    )

    assert done.stderr == ""
    assert done.stdout.split()[0] == "genuine"


def test_the_caller_holds_no_parser_of_files() -> None:
    """Whatever the command is asked, files are parsed by the processes that it starts."""
    program = (
        "import sys; import verify.app, verify.cli.check, verify.cli.extract, verify.cli.filed;"
        "import verify.report.extracted, verify.report.people, verify.report.printed, verify.report.etsi;"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT
    )
    parsers = {"pypdf", "pyhanko", "pypdfium2", "pypdfium2_raw", "typst", "zxingcpp", "asn1crypto"}
    assert not parsers & set(done.stdout.split())


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
