from hypothesis import given
from hypothesis import strategies as st

from issuance.catalogue.folding import fold, words

ARABIC = st.text(st.characters(min_codepoint=0x0600, max_codepoint=0x06FF), max_size=40)
ANYTHING = st.one_of(ARABIC, st.text(max_size=40))
MARKS = st.characters(min_codepoint=0x064B, max_codepoint=0x0652)


@given(ANYTHING)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(ARABIC, st.lists(st.tuples(st.integers(0, 39), MARKS), max_size=8))
def test_diacritics_and_tatweel_never_matter(text: str, marks: list[tuple[int, str]]) -> None:
    letters = "".join(c for c in text if c.isalpha())
    adorned = letters
    for place, mark in marks:
        if 0 < place <= len(adorned):
            adorned = adorned[:place] + mark + "ـ" + adorned[place:]

    assert fold(adorned) == fold(letters)


@given(ANYTHING)
def test_words_are_folded_and_never_empty(text: str) -> None:
    for word in words(text):
        assert word
        assert fold(word) == word
