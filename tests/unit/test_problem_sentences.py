"""Every error of the service: one code, both languages, facts that agree."""

import importlib
import pkgutil
import re
from collections import defaultdict
from functools import cache

import issuance
from issuance.errors import Invalid, IssuanceError, NotFound
from issuance.problems import detail_of, fill, placeholders, sentence_of, title_of

ARABIC = re.compile(r"[\u0600-\u06ff]")
LATIN_WORD = re.compile(r"[A-Za-z]{2,}")


@cache
def _every_error() -> list[type[IssuanceError]]:
    for module in pkgutil.walk_packages(issuance.__path__, "issuance."):
        importlib.import_module(module.name)
    found: list[type[IssuanceError]] = []
    waiting = [IssuanceError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("issuance.") and kind not in found:
            found.append(kind)
    return found


def test_each_code_belongs_to_one_error() -> None:
    owners = defaultdict(list)
    for kind in _every_error():
        if "code" in vars(kind):
            owners[kind.code].append(f"{kind.__module__}.{kind.__name__}")

    assert {code: kinds for code, kinds in owners.items() if len(kinds) > 1} == {}
    assert [code for code in owners if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", code)] == []


def test_each_error_that_is_raised_names_its_own_code_and_both_sentences() -> None:
    """A class that others derive from may stay abstract; a leaf may not."""
    missing = [
        f"{kind.__module__}.{kind.__name__}"
        for kind in _every_error()
        if kind.__module__ != "issuance.errors"
        and not kind.__subclasses__()
        and not {"code", "ar", "en"} <= vars(kind).keys()
    ]

    assert missing == []


def test_each_sentence_is_in_its_language_and_both_name_the_same_facts() -> None:
    for kind in _every_error():
        sentence = sentence_of(kind)
        assert ARABIC.search(sentence.ar), kind
        assert LATIN_WORD.search(sentence.en), kind
        assert not ARABIC.search(sentence.en), kind
        assert placeholders(sentence.ar) <= placeholders(sentence.en), kind
        assert title_of(kind).ar != title_of(kind).en


def test_a_sentence_names_facts_only_by_their_plain_name() -> None:
    """`{x.__class__}` or `{x[0]}` would read more than a fact."""
    for kind in _every_error():
        for name in placeholders(sentence_of(kind).ar) | placeholders(sentence_of(kind).en):
            assert name.isidentifier(), (kind, name)


def test_a_missing_fact_is_an_ellipsis_and_a_long_one_is_cut() -> None:
    assert fill("No {thing}.", {}) == "No …."
    assert len(fill("{x}", {"x": "y" * 10_000})) == 200
    assert fill("{x}", {"x": "{y}\u202e\x00"}) == "{y}"


def test_a_kind_without_its_own_sentence_speaks_for_its_parent() -> None:
    class Lost(NotFound):
        pass

    assert detail_of(Lost()) == sentence_of(NotFound)
    assert detail_of(Invalid(field="x")) == sentence_of(Invalid)
