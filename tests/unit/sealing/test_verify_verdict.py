from itertools import product

import pytest

from verify.verdict import Agreement, DocumentStatus, Indication, Verdict, combine

EVERY = list(product(Indication, DocumentStatus, Agreement))


def test_one_combination_alone_is_genuine_and_in_force() -> None:
    genuine = [each for each in EVERY if combine(*each) is Verdict.GENUINE]

    assert genuine == [(Indication.TOTAL_PASSED, DocumentStatus.VALID, Agreement.AGREES)]


@pytest.mark.parametrize(("indication", "status", "agreement"), EVERY)
def test_one_bad_part_is_enough(indication: Indication, status: DocumentStatus, agreement: Agreement) -> None:
    verdict = combine(indication, status, agreement)

    if indication is Indication.TOTAL_FAILED or agreement is Agreement.DIFFERS:
        assert verdict is Verdict.NOT_GENUINE
    if verdict in {Verdict.GENUINE, Verdict.NOT_IN_FORCE}:
        assert indication is Indication.TOTAL_PASSED


def test_exit_codes() -> None:
    assert {verdict: verdict.exit_code for verdict in Verdict} == {
        Verdict.GENUINE: 0,
        Verdict.NOT_IN_FORCE: 1,
        Verdict.NOT_GENUINE: 1,
        Verdict.UNDECIDED: 2,
    }
