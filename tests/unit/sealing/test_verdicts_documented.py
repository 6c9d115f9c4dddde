"""Codes and rules are promises: `docs/verdicts.md` names every one, and every rule can be looked up."""

import re
from pathlib import Path

import pytest
from verdict_tables import ROOT, TABLE, verdict_of_rows, write_tables

from verify.constraints import REQUIREMENTS
from verify.isolation import costs
from verify.rules import RULES
from verify.sentences import FAILED, PASSED, PASSED_OVER, UNSAID

_CLAUSE = re.compile(r"(EN 319 102-1|EN 319 412-1|RFC 5280) §\d+(\.\d+)*|§\d+(\.\d+)*|ETSI TS 119 312")


def test_the_documentation_is_what_the_code_says() -> None:
    """Written by `make verdicts`."""
    assert TABLE.read_text(encoding="utf-8") == write_tables()


def test_the_table_of_verdicts_is_the_product() -> None:
    assert verdict_of_rows()


CITED = {costs.RULE, *RULES.values(), *(each.rule for each in REQUIREMENTS.values())}


@pytest.mark.parametrize("rule", sorted(CITED))
def test_every_rule_can_be_looked_up(rule: str) -> None:
    for part in rule.split("; "):
        if part.startswith("docs/"):
            assert (ROOT / Path(part)).is_file(), part
        else:
            assert _CLAUSE.fullmatch(part), part


def test_every_check_has_a_rule() -> None:
    said = {*PASSED, *FAILED, *UNSAID, *PASSED_OVER}
    assert said == set(RULES) - {"page", "symbol"}
