"""Public collections of signed, broken and attacked PDFs: none is one of ours, and none gets another answer.

They are other people's files and are not kept here. Name directories that hold them:

    WATHIQA_PDF_COLLECTIONS=pdf-insecurity:dss/dss-pades/src/test/resources make interop
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "sealing"))

from sealing_office import Office

from verify.documents import DocumentJudge
from verify.verdict import Outcome, Verdict

pytestmark = pytest.mark.interop
NAMED = os.environ.get("WATHIQA_PDF_COLLECTIONS", "")
LARGEST = 32 * 1024 * 1024
MOST_SECONDS = 20  # of processor time, for one file


def _files() -> Iterator[Path]:
    for folder in filter(None, NAMED.split(os.pathsep)):
        found = [path for path in Path(folder).rglob("*") if path.suffix.lower() == ".pdf"]
        assert found, f"no PDF in {folder}"
        yield from (path for path in sorted(found) if path.stat().st_size <= LARGEST)


def test_no_file_of_others_is_taken_for_ours() -> None:
    if not NAMED:
        pytest.skip("no collection at hand: name directories of PDFs in WATHIQA_PDF_COLLECTIONS")
    office = Office()
    judge = DocumentJudge(office.trust())
    count = 0
    for path in _files():
        began = time.process_time()
        report = judge.validate(path.read_bytes(), at=office.now)
        assert time.process_time() - began < MOST_SECONDS, path
        assert report.verdict in {Verdict.NOT_GENUINE, Verdict.UNDECIDED}, path
        decided = [check for check in report.checks if check.outcome is not Outcome.PASSED]
        assert decided, path
        assert all(check.words.ar and check.words.en for check in decided), path
        assert not any("Error" in check.words.en for check in decided), path
        count += 1
    assert count
