import re
import shlex
import tomllib
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import typer.main

from issuance.cli.commands import app as wathiqa
from issuance.requests.lifecycle import State
from verify.app import app as wathiqa_verify

ROOT = Path(__file__).parents[2]
DOCS, RECORDS = ROOT / "docs", ROOT / "docs/adr"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "requirements/README.md"])
ROOMS = ("keys", "ca", "signing", "verify", "issuance")
LARGEST_PICTURE_OCTETS = 200_000

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|<img[^>]*\bsrc=\"([^\"]+)\"")
_HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_PATH = re.compile(
    r"\b(?:keys|ca|signing|verify|issuance|tests|docs|benchmarks|requirements)/[A-Za-z0-9_./-]*\.[a-z]{2,4}\b"
)
_TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)
_MAKE = re.compile(r"(?<![\w-])make ([a-z]+)")
_COMMAND = re.compile(r"(?:^|\$ |/)(wathiqa(?:-verify)? .*)")


def _ids(pages: list[Path]) -> list[str]:
    return [page.relative_to(ROOT).as_posix() for page in pages]


@pytest.mark.parametrize("page", PAGES, ids=_ids(PAGES))
def test_links_lead_somewhere(page: Path) -> None:
    for target in _links(page):
        path, _, fragment = target.partition("#")
        linked = (page.parent / unquote(path)).resolve() if path else page
        assert linked.exists(), f"{page.name}: {target}"
        assert linked.is_relative_to(ROOT), f"{page.name}: {target} leads out of the repository"
        if fragment:
            assert fragment in _anchors(linked), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=_ids(PAGES))
def test_files_named_in_the_text_exist(page: Path) -> None:
    assert not list(_missing(page.read_text(encoding="utf-8")))


def test_files_named_in_docstrings_and_comments_exist() -> None:
    sources = [source for room in ROOMS for source in (ROOT / room).rglob("*.py")]
    missing = {source.name: list(_missing(source.read_text(encoding="utf-8"))) for source in sources}
    assert not {name: paths for name, paths in missing.items() if paths}


def test_every_page_is_in_the_index() -> None:
    index = DOCS / "README.md"
    linked = {(index.parent / target.partition("#")[0]).resolve() for target in _links(index)}
    assert linked == set(DOCS.rglob("*.md")) - {index}


def test_decision_records_are_numbered_once_and_without_a_gap() -> None:
    records = sorted(RECORDS.glob("*.md"))
    numbers = [int(record.name[:4]) for record in records]
    assert numbers == list(range(1, len(records) + 1))
    for number, record in zip(numbers, records, strict=True):
        text = record.read_text(encoding="utf-8")
        assert text.startswith(f"# {number}. "), record.name
        assert re.search(r"accepted, \d{4}-\d{2}-\d{2}|superseded by \[", text, re.IGNORECASE), record.name


def test_the_states_of_the_documentation_are_those_of_the_code() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    table = text.partition("## States of a request")[2].partition("\n## ")[0]
    assert set(re.findall(r"`([a-z-]+)`", table)) == {state.value for state in State}


def test_the_folders_of_the_service_are_all_explained() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    table = text.partition("### Inside `issuance/`")[2].partition("\n## ")[0]
    folders = {each.parent.name for each in (ROOT / "issuance").glob("*/__init__.py")}
    assert set(re.findall(r"`([a-z]+)/`", table)) == folders


@pytest.mark.parametrize("page", PAGES, ids=_ids(PAGES))
def test_make_targets_named_are_in_the_makefile(page: Path) -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    assert {target for line in _code(page) for target in _MAKE.findall(line)} <= targets


@pytest.mark.parametrize("page", PAGES, ids=_ids(PAGES))
def test_commands_named_exist_with_their_options(page: Path) -> None:
    for line in _code(page):
        for command in _COMMAND.findall(line):
            _check_command(command)


def test_the_makefile_says_of_each_target_what_it_does() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY:(.*)$", makefile, re.MULTILINE)
    assert phony is not None
    assert set(re.findall(r"^([a-z]+):.*## \S", makefile, re.MULTILINE)) == set(phony[1].split())


def test_pictures_stay_small() -> None:
    for picture in (DOCS / "images").iterdir():
        assert picture.stat().st_size <= LARGEST_PICTURE_OCTETS, picture.name


def test_the_readme_names_every_room_and_the_licence() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert all(f"`{room}/`" in readme for room in ROOMS)
    assert project["license"] == "Apache-2.0"
    assert "[Apache License 2.0](LICENSE)" in readme


def _links(page: Path) -> Iterator[str]:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for match in _LINK.finditer(text):
        target = match[1] or match[2]
        if not re.match(r"[a-z]+:", target):
            yield target


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _missing(text: str) -> Iterator[str]:
    for match in _PATH.finditer(text):
        before, path = text[: match.start()], match[0]
        written_by_us = not before.endswith(("/", ".", "<", "-")) and "//" not in path
        if written_by_us and not (ROOT / path).exists():
            yield path


def _code(page: Path) -> Iterator[str]:
    """Lines of code blocks, and code inside the text."""
    text = page.read_text(encoding="utf-8")
    for fence in _FENCE.findall(text):
        yield from fence.splitlines()[1:-1]
    for code in re.findall(r"`([^`]+)`", _FENCE.sub("", text)):
        yield " ".join(code.split())


def _check_command(text: str) -> None:
    name, *rest = _words(text)
    command: Any = typer.main.get_command(wathiqa_verify if name == "wathiqa-verify" else wathiqa)
    if name == "wathiqa-verify" and rest and rest[0] not in {*command.commands, "--help"}:
        rest.insert(0, "check")  # what it does by itself
    while rest and hasattr(command, "commands"):
        if rest[0].startswith("-") or rest[0] == "…":
            break
        assert rest[0] in command.commands, text
        command = command.commands[rest.pop(0)]
    known = {each for parameter in command.params for each in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in rest if re.fullmatch(r"--?[a-z][a-z-]*", word)} <= known | {"--help"}, text


def _words(command: str) -> list[str]:
    """The words of one command, up to a comment, a pipe or the next command."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return list(takewhile(lambda word: not set(word) <= set("();<>|&"), lexer))
