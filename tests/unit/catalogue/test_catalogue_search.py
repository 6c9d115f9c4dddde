import pytest

from issuance.catalogue.catalogue import Catalogue
from issuance.catalogue.folding import fold, words


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("بيان ولادة", "birth", id="as written"),
        pytest.param("بيان ولاده", "birth", id="haa for taa marbuta"),
        pytest.param("بَيَانُ وِلَادَة", "birth", id="diacritics"),
        pytest.param("بيـــان ولادة", "birth", id="tatweel"),
        pytest.param("الولادة", "birth", id="article"),
        pytest.param("ولاد", "birth", id="beginning of a word"),
        pytest.param("اخراج قيد عائلي", "family-extract", id="alef without hamza"),
        pytest.param("إخراج قيد فردى", "individual-extract", id="alef maqsura for yaa"),
        pytest.param("وفاه", "death", id="another word with haa"),
        pytest.param("للعاملين", "non-employment", id="preposition and article"),
        pytest.param("BIRTH", "birth", id="capitals"),
        pytest.param("divorce certif", "divorce", id="two English words, one begun"),
        pytest.param("non-employment", "non-employment", id="the id itself"),
    ],
)
def test_people_find_what_they_mean(catalogue: Catalogue, text: str, found: str) -> None:
    assert catalogue.search(text)[0].id == found


@pytest.mark.parametrize("text", ["جواز سفر", "xyzzy", "ولادة xyzzy"])
def test_every_word_must_be_found(catalogue: Catalogue, text: str) -> None:
    assert catalogue.search(text) == ()


@pytest.mark.parametrize("text", ["", "  ", "؟!", "\u064e"])
def test_no_words_find_everything(catalogue: Catalogue, text: str) -> None:
    assert len(catalogue.search(text)) == 7


def test_the_title_counts_more_than_the_description(catalogue: Catalogue) -> None:
    """“Marriage” stands in the description of the divorce record too."""
    assert catalogue.search("زواج")[0].id == "marriage"


def test_a_hostile_search_is_only_words(catalogue: Catalogue) -> None:
    assert catalogue.search("%' OR 1=1 --" * 1000) == ()


@pytest.mark.parametrize("written", ["أحمد", "احمد", "ٱحمد", "أَحْمَد", "احمـد"])
def test_spellings_of_one_name_fold_together(written: str) -> None:
    assert fold(written) == "احمد"


def test_short_words_keep_their_first_letters() -> None:
    """الب and بالي are not articles with a stem of one or two letters."""
    assert words("الب بالي البيت") == ("الب", "بالي", "بيت")
