"""Every attack of the register: a report each time, never "genuine", and the reason that is written down."""

import pytest
from attack_catalogue import ALL
from attack_register import Attack, because
from attack_scene import Scene
from attack_table import TABLE, key, required, write_table

from verify.verdict import Verdict


def test_the_files_that_are_attacked_are_genuine(scene: Scene) -> None:
    for pdf in (scene.sealed, scene.archived):
        assert scene.office.judge(pdf).verdict is Verdict.GENUINE


@pytest.mark.parametrize("attack", ALL, ids=key)
def test_attack(scene: Scene, attack: Attack) -> None:
    report = attack.judge(scene)

    assert (report.verdict, because(report)) == (attack.verdict, attack.because)


def test_no_attack_may_be_accepted() -> None:
    assert Verdict.GENUINE not in {each.verdict for each in ALL}


def test_attacks_are_told_apart_by_their_names() -> None:
    assert len({key(each) for each in ALL}) == len(ALL)


def test_the_table_in_the_documentation_is_current() -> None:
    """Written by `make attacks`; that every attack comes to what it requires is shown above."""
    assert TABLE.read_text(encoding="utf-8") == write_table(required())
