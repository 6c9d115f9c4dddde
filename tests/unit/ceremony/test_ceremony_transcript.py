from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.ceremony.errors import TranscriptRefused
from ca.ceremony.transcript import Mark, MarkKind, Step, Transcript, compare, parse_json

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
WORDS = st.text(
    st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp"], blacklist_characters="[]"), max_size=40
)


def transcript(digest: str = "a" * 64, *, number: str = "1", set_: str = "7") -> Transcript:
    made = Transcript(head=(("ceremony", "root-2026"), ("mode", Mark(MarkKind.MODE, "rehearsal"))))
    made.steps.append(Step(title="made", facts=(("SHA-256", Mark(MarkKind.DIGEST, digest)),), at=AT))
    made.steps.append(Step(title="list", facts=(("number", number), ("set", Mark(MarkKind.SET, set_)))))
    return made


def test_the_same_steps_are_the_same_bytes() -> None:
    assert transcript().encode() == transcript().encode()
    assert transcript().sha256 != transcript("b" * 64).sha256


def test_transcripts_that_differ_where_they_must_agree() -> None:
    found = compare(transcript().encode(), transcript("b" * 64, set_="123").encode())

    assert found.agree
    assert found.marked == 2


def test_what_differs_elsewhere_is_shown() -> None:
    found = compare(transcript().encode(), transcript(number="2").encode())

    assert not found.agree
    assert [(each.first, each.second) for each in found.differences] == [
        (("    number ................... 1",), ("    number ................... 2",))
    ]


def test_a_step_more_is_a_difference() -> None:
    longer = transcript()
    longer.steps.insert(1, Step(title="one more"))

    assert not compare(transcript().encode(), longer.encode()).agree


def test_a_mark_of_another_kind_is_a_difference() -> None:
    other = transcript().text().replace("[[digest: ", "[[key: ")

    assert not compare(transcript().encode(), other.encode()).agree


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a" * 64, "a" * 63),
        ("a" * 64, "anything at all"),
        ("[[digest: ", "[[anything: "),
        ("[[digest: ", "[["),
        ("number ................... 1", "number ................... [[1"),
        ("End of the transcript.", "End."),
        ("Wathiqa key ceremony", "Another ceremony"),
    ],
)
def test_a_mark_hides_nothing_but_a_value_of_its_form(old: str, new: str) -> None:
    with pytest.raises(TranscriptRefused):
        compare(transcript().encode(), transcript().text().replace(old, new).encode())


@settings(deadline=None)
@given(WORDS, WORDS, WORDS)
def test_the_json_says_what_the_text_says(title: str, label: str, value: str) -> None:
    made = transcript()
    made.steps.append(Step(title=title, facts=((label, value),), at=AT))

    assert parse_json(made.to_json()).text() == made.text()
    assert parse_json(made.to_json()).to_json() == made.to_json()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        transcript().to_json().replace(b"a" * 64, b"a" * 63),
        transcript().to_json().replace(b'"digest"', b'"nothing"'),
        transcript().to_json().replace(b'"made"', b'"a\\nb"'),
        transcript().to_json().replace(b'"made"', b'"[[key: x]]"'),
        transcript().to_json().replace(b'"made"', b"1"),
    ],
)
def test_json_that_is_no_transcript_is_refused(data: bytes) -> None:
    with pytest.raises(TranscriptRefused):
        parse_json(data)
