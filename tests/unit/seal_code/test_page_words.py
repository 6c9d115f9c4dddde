"""The page is static: what it says and how small it is can be read from its files."""

import json
import re
from importlib import resources
from typing import Any

import pytest

from verify.publishing.publication import LANGUAGES, PAGE_HEADERS, look, page_files, publish_page
from verify.reasons import MEANINGS, REMEMBERED, Reason

PAGE = resources.files("verify") / "browser"
PARTS = ("words", "more", "guide", "file")


def _words(part: str, language: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(page_files()[f"{part}-{language}.txt"].decode("windows-1256"))
    return loaded


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_and_command_say_the_same(language: str) -> None:
    said = _words("words", language)["reasons"]
    for reason in set(Reason) - REMEMBERED:
        meaning = MEANINGS[reason]
        assert said[look(meaning)][reason.value] == getattr(meaning.words, language)
    codes = [code for each in said.values() for code in each]
    assert len(codes) == len(set(codes)), "a reason is of one look"
    assert set(codes) - {reason.value for reason in Reason} == {"browser"}


def test_every_word_of_the_page_is_there_in_both_languages() -> None:
    sources = "".join(
        each.read_text("utf-8")
        for each in PAGE.iterdir()
        if each.name.endswith((".js", ".html")) and each.name != "jsQR.js"
    )
    used = set(re.findall(r'say\("(\w+)"', sources)) | set(re.findall(r'data-words="(\w+)"', sources))
    both = [{key for part in PARTS for key in _words(part, language)} for language in LANGUAGES]
    assert both[0] == both[1]
    assert used <= both[0]

    def leaves(node: Any) -> None:
        assert node
        if isinstance(node, dict):
            for inner in node.values():
                leaves(inner)

    for language in LANGUAGES:
        for part in PARTS:
            leaves(_words(part, language))


def test_the_page_calls_nobody_else() -> None:
    assert not re.search(r"fetch|XMLHttp|WebSocket|import\(", (PAGE / "jsQR.js").read_text("utf-8"))
    sources = [
        each for each in PAGE.iterdir() if each.suffix in {".js", ".html", ".css"} and each.name != "jsQR.js"
    ]
    for file in sources:
        source = file.read_text("utf-8")
        assert not re.search(r"https?://(?!\[a-z|\(\?:127)", source.replace("https:\\/\\/", "")), file.name
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
