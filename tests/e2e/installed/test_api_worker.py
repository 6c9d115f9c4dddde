"""The same with the real worker: payment calls it, and it does the rest by itself."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from installed_service import Town
from nothing_lost import assert_nothing_lost

from issuance.requests.lifecycle import FINAL, State
from issuance.serving import working

PATIENCE_SECONDS = 60.0


@pytest.fixture
def own_town(pristine: Path, tmp_path: Path) -> Iterator[Town]:
    """An installation of its own: a worker would move the requests of other tests."""
    shutil.copytree(pristine, tmp_path / "service")
    town = Town(tmp_path / "service")
    yield town
    town.close()


def test_paid_requests_are_delivered_or_refused_without_anybody_asking(own_town: Town) -> None:
    town = own_town
    cases = {town.case(): State.DELIVERED, town.unfinished_divorce(): State.REFUSED}
    tokens = {case: town.citizen(case.applicant) for case in cases}
    with working(town.service, executor_id="test"):
        numbers = {case: town.paid(case, token) for case, token in tokens.items()}
        give_up = time.monotonic() + PATIENCE_SECONDS
        while any(town.state(number) not in FINAL for number in numbers.values()):
            assert time.monotonic() < give_up, {n: town.state(n) for n in numbers.values()}
            time.sleep(0.05)

    assert {case: town.state(number) for case, number in numbers.items()} == cases
    for case, number in numbers.items():
        held = town.holds(case, number, tokens[case])
        assert town.verify("--seal", held.seal_text).code == 0
        assert town.ask("GET", town.link(number)).content == held.pdf
    assert_nothing_lost(town.service)
