"""The page is static: what it says and how small it is can be read from its files."""

import gzip
import json
import re
from importlib import resources
from typing import Any

import pytest

from verify.publication import PAGE_FILES, PAGE_HEADERS, publish_page
from verify.reasons import MEANINGS, REMEMBERED, Meaning, Reason
from verify.verdict import DocumentStatus, Indication

PAGE = resources.files("verify") / "page"


def _words() -> dict[str, Any]:
    source = (PAGE / "words.js").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(source[source.index("{") : source.rindex("}") + 1])
    return loaded


def _look(meaning: Meaning) -> str:
    if meaning.indication is Indication.TOTAL_FAILED or meaning.status is DocumentStatus.NOT_ISSUED:
        return "false"
    if meaning.indication is Indication.INDETERMINATE:
        return "open"
    return {DocumentStatus.VALID: "genuine", DocumentStatus.UNKNOWN: "unchecked"}.get(meaning.status, "ended")


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason not in REMEMBERED])
def test_page_and_command_say_the_same(reason: Reason) -> None:
    said, meaning = _words()["reasons"][reason.value], MEANINGS[reason]
    assert (said["ar"], said["en"]) == (meaning.words.ar, meaning.words.en)
    assert said["verdict"] == _look(meaning)


def test_every_word_of_the_page_is_there_in_both_languages() -> None:
    words = _words()
    scripts = "".join((PAGE / name).read_text("utf-8") for name in ("page.js", "index.html"))
    used = set(re.findall(r'say\("(\w+)"', scripts)) | set(re.findall(r'data-words="(\w+)"', scripts))
    assert used <= set(words)

    def leaves(node: dict[str, Any]) -> None:
        if "ar" in node:
            assert node["ar"]
            assert node["en"]
        else:
            for inner in node.values():
                leaves(inner)

    for node in words.values():
        leaves(node)


def test_the_page_is_small() -> None:
    """What a phone fetches on a first visit, compressed as static hosts do."""
    files = [(PAGE / name).read_bytes() for name in PAGE_FILES]
    assert sum(len(gzip.compress(content)) for content in files) < 20_000


def test_the_page_calls_nobody_else() -> None:
    for name in PAGE_FILES:
        source = (PAGE / name).read_text("utf-8")
        assert not re.search(r"https?://(?!\[a-z|\(\?:127)", source.replace("https:\\/\\/", "")), name
        assert "innerHTML" not in source
        assert "eval(" not in source
    assert PAGE_HEADERS["Content-Security-Policy"].startswith("default-src 'none'")
    in_page = re.search(r'Security-Policy" content="([^"]+)"', (PAGE / "index.html").read_text("utf-8"))
    assert in_page
    assert PAGE_HEADERS["Content-Security-Policy"] == f"{in_page[1]}; frame-ancestors 'none'"


def test_publishing_writes_the_anchor_and_whole_files(world: Any) -> None:
    world.publish_page()
    page = (world.public / "index.html").read_text("utf-8")
    assert "{{" not in page
    assert 'content="https://verify.wathiqa.example"' in page
    assert (world.public / "404.html").read_text("utf-8") == page
    first = (world.public / "sw.js").read_text("utf-8")
    assert "{{" not in first
    world.publish_page()
    assert (world.public / "sw.js").read_text("utf-8") == first
    publish_page(world.public, verify_origin="https://other.example", trust_anchor_spki=world.anchor)
    assert (world.public / "sw.js").read_text("utf-8") != first
    assert not list(world.public.glob(".*"))


@pytest.mark.parametrize(
    "origin", ["", "verify.example", "https://verify.example/", 'https://x"><script>', "http://x.example"]
)
def test_only_an_origin_is_published(world: Any, origin: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        publish_page(world.public, verify_origin=origin, trust_anchor_spki=b"")
    assert not (world.public / "index.html").exists()
