"""`wathiqa keys withdraw` and `keys due`, and what verifiers say of papers afterwards."""

import shutil
from pathlib import Path

import pytest
from installed_service import Ran, run

from issuance.cli.commands import main
from issuance.settings import Layout
from signing.formats.trust_list import FILE_NAME, KeyState, TrustList, parse_trust_list

LINE = "seal-code-civil-registry"


@pytest.fixture
def layout(demonstration: Path, tmp_path: Path) -> Layout:
    root = tmp_path / "operated"
    shutil.copytree(demonstration, root)
    return Layout(root=root)


def wathiqa(layout: Layout, *command: str) -> Ran:
    return run(main, "wathiqa", *command, "--directory", str(layout.root))


def listed(layout: Layout) -> TrustList:
    return parse_trust_list((layout.public / FILE_NAME).read_bytes()).trust_list


def test_a_withdrawn_key_is_told_at_once_and_the_service_goes_on(layout: Layout) -> None:
    before = listed(layout)
    said = wathiqa(layout, "keys", "withdraw", LINE)
    assert (said.code, said.err) == (0, "")
    assert "withdrawn" in said.out

    after = listed(layout)
    assert after.version > before.version
    states = [(key.agency, key.state) for key in after.seal_keys]
    assert states == [(1, KeyState.COMPROMISED), (2, KeyState.ACTIVE), (1, KeyState.ACTIVE)]
    assert "active" in wathiqa(layout, "keys", "show", f"{LINE}-2").out
    # What housekeeping does next changes none of that.
    assert wathiqa(layout, "publish").code == 0
    assert [(key.agency, key.state) for key in listed(layout).seal_keys] == states


def test_a_key_that_signs_no_codes_is_not_withdrawn(layout: Layout) -> None:
    said = wathiqa(layout, "keys", "withdraw", "issuing")
    assert (said.code, said.out) == (1, "")
    assert "issuing" in said.err


def test_what_is_due_is_told(layout: Layout) -> None:
    assert wathiqa(layout, "publish").code == 0
    said = wathiqa(layout, "keys", "due")
    assert (said.code, said.err) == (0, "")
    for what in (FILE_NAME, "status/1.cwt", LINE, "status"):
        assert what in said.out
    assert "late" not in said.out
    (layout.public / FILE_NAME).unlink()
    said = wathiqa(layout, "keys", "due")
    assert said.code == 1
    assert "late" in said.out
