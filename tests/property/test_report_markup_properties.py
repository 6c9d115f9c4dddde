"""Whatever somebody wrote, it stays the text of the element it was put into."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from verify.report.markup import element
from verify.report.plain import plain

# The letters that mean something to HTML or XML, and whatever else there is, lone surrogates included.
HOSTILE = st.text(
    st.one_of(st.sampled_from("<>&\"'`=/!-[]?;#x \u202e\x00\n"), st.characters(exclude_categories=()))
)


class Read(HTMLParser):
    """One element as a browser reads it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.text += data


@given(HOSTILE, HOSTILE)
def test_text_stays_text(said: str, titled: str) -> None:
    read = Read(element("p", said, title=titled))

    assert read.tags == [("p", [("title", plain(titled))])]
    assert read.text == plain(said)


@given(HOSTILE)
def test_plain_text_can_be_written_and_is_plain(said: str) -> None:
    shown = plain(said)

    shown.encode("utf-8")
    assert plain(shown) == shown
    assert len(shown) <= len(said)
