"""Parsers under changed octets: an answer or a refusal of theirs, never anything else, and never for long."""

import time
from pathlib import Path

import pytest
from fuzz_targets import TARGETS, Target
from hypothesis import example, given, settings
from hypothesis import strategies as st

# A stranger's certificate may have any serial number; to the library that is worth a warning.
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")

CRASHES = Path(__file__).parent / "crashes"
MOST_SECONDS = 2.0  # of processor time, for one input; ordinary ones take thousandths
EXAMPLES = 30

# What makes parsers stumble: lengths, tags, ends, numbers at their bounds.
WORDS = [
    b"",
    b"\0",
    b"\xff" * 8,
    b"\x80",
    b"\x30\x80",
    b"\x30\x84\xff\xff\xff\xff",
    b"\x9f",
    b"\xbf",
    b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xda\x7f\xff\xff\xff",
    b"9" * 12,
    b"-1",
    b"1e999",
    b"NaN",
    b"<<" * 300,
    b"[" * 300,
    b"\x81" * 300,
    b"endobj\n",
    b"stream\n",
    b"%%EOF\n",
    b" 0 R ",
    b"/Prev 9\n",
    b"/ByteRange [0 1 2 3]",
]

_edit = st.tuples(
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 40),
    st.one_of(st.sampled_from(WORDS), st.binary(max_size=12)),
)


def edited(data: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    """At a place, some octets left out and others put in."""
    for where, length, put in edits:
        start = int(where * len(data))
        data = data[:start] + put + data[start + length :]
    return data


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
@settings(max_examples=EXAMPLES, deadline=None)
@example(0, [])
@given(st.integers(0, 7), st.lists(_edit, max_size=4))
def test_changed_octets(target: Target, seed: int, edits: list[tuple[float, int, bytes]]) -> None:
    seeds = target.seeds()
    began = time.process_time()
    target.feed(edited(seeds[seed % len(seeds)], edits))
    assert time.process_time() - began < MOST_SECONDS


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
@settings(max_examples=EXAMPLES, deadline=None)
@example(b"")
@given(st.binary(max_size=400))
def test_any_octets(target: Target, data: bytes) -> None:
    target.feed(data)


def _kept() -> list[Path]:
    return sorted(path for path in CRASHES.glob("*/*") if path.is_file())


@pytest.mark.parametrize("path", _kept(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_crashed_a_parser_once_or_could_have_done(path: Path) -> None:
    (target,) = [each for each in TARGETS if each.name == path.parent.name]
    began = time.process_time()
    target.feed(path.read_bytes())
    assert time.process_time() - began < MOST_SECONDS
