from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ca.clock_kernel import STA_UNSYNC, KernelAttestor, KernelClock
from ca.clock_lease import LeasedClock, OperatorStatement
from ca.clock_references import ReferenceAttestor
from ca.errors import ClockNotTrusted
from issuance.cli.commands import app
from issuance.clocks import find_attestor, open_clock
from issuance.settings import Layout, Settings, SettingsInvalid, write_settings

KEPT = KernelClock(
    state=0, status=0, max_error=timedelta(milliseconds=20), estimated_error=timedelta(milliseconds=1)
)
LEFT_ALONE = KernelClock(
    state=5, status=STA_UNSYNC, max_error=timedelta(seconds=16), estimated_error=timedelta(seconds=16)
)


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    layout = Layout(root=tmp_path)
    layout.state.mkdir()
    layout.civil_register.touch()
    return tmp_path


@pytest.mark.parametrize(
    ("source", "kernel", "expected"),
    [
        ("operator", LEFT_ALONE, (0, "the operator says so", "kept by nothing")),
        ("kernel", KEPT, (0, "for 5 minutes", "20 ms")),
        ("kernel", LEFT_ALONE, (1, "believed", "no", "nothing keeps it")),
    ],
    ids=["the operator's word", "a kept clock", "a clock left alone"],
)
def test_the_command_says_whether_the_clock_is_believed_and_why(
    installation: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    kernel: KernelClock,
    expected: tuple[int | str, ...],
) -> None:
    write_settings(Layout(root=installation), Settings(clock_source=source))
    monkeypatch.setattr("ca.clock_kernel.ask_kernel", lambda: kernel)
    monkeypatch.setattr("issuance.clocks.KernelAttestor", lambda: KernelAttestor(lambda: kernel))
    done = CliRunner().invoke(app, ["ca", "clock", "--directory", str(installation)])

    status, *said = expected
    assert done.exit_code == status, done.output
    assert all(str(words) in done.output for words in said), done.output


def test_each_source_has_its_attestor() -> None:
    assert isinstance(find_attestor(Settings()), OperatorStatement)
    assert isinstance(find_attestor(Settings(clock_source="kernel")), KernelAttestor)
    three = Settings(clock_source="references", clock_references="a.example b.example c.example")
    assert isinstance(find_attestor(three), ReferenceAttestor)


def test_what_is_no_source_stops_the_start() -> None:
    with pytest.raises(SettingsInvalid, match="sundial"):
        find_attestor(Settings(clock_source="sundial"))
    with pytest.raises(ClockNotTrusted, match="at least 3"):
        find_attestor(Settings(clock_source="references", clock_references="a.example"))


def test_a_clock_that_is_handed_in_is_taken_at_its_word() -> None:
    def given() -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC)

    assert open_clock(Settings(), given) is given
    assert isinstance(open_clock(Settings()), LeasedClock)
