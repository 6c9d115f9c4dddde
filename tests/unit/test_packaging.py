import ast
import importlib
import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS = ("keys", "ca", "signing", "verify", "issuance")
LOCKS = ("service", "dev")
MADE = {ROOT / "demo", ROOT / "build", ROOT / "dist"}
TEXT = {
    ".cfg",
    ".css",
    ".html",
    ".ini",
    ".js",
    ".json",
    ".md",
    ".py",
    ".sh",
    ".toml",
    ".txt",
    ".typ",
    ".yaml",
}
# In two halves, so that this file does not name what it looks for.
INDEX_HOSTS = ("py" + "pi.org", "python" + "hosted.org")
INDEX_OPTIONS = ("--index" + "-url", "--extra-index" + "-url", "--find" + "-links", "--trusted" + "-host")

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(\[[a-z0-9,_-]+\])?==[^\s;]+( ;[^\\]+)?")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def test_packages_listed_are_the_packages_there_are() -> None:
    in_tree = {_dotted(folder) for room in ROOMS for folder in _folders_with_python(ROOT / room)}
    listed = PROJECT["tool"]["setuptools"]["packages"]
    assert set(listed) == in_tree
    assert listed == sorted(listed)


def test_every_package_has_an_init_with_a_docstring_and_nothing_else() -> None:
    """A package that re-exports is where import cycles begin."""
    for name in PROJECT["tool"]["setuptools"]["packages"]:
        init = ROOT / name.replace(".", "/") / "__init__.py"
        module = ast.parse(init.read_text(encoding="utf-8"))
        assert ast.get_docstring(module), f"{name}: what is it?"
        assert len(module.body) == 1, f"{name}: more than a docstring"


def test_package_data_covers_every_file_that_is_not_python() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]
    used = set()
    for room in ROOMS:
        for file in _files(ROOT / room):
            if file.suffix != ".py":
                package = _package_of(file)
                inside = file.relative_to(ROOT / package.replace(".", "/")).as_posix()
                matching = [each for each in patterns.get(package, ()) if fnmatch(inside, each)]
                assert matching, f"{file.relative_to(ROOT)} would not be installed"
                used.update((package, each) for each in matching)
    assert used == {(package, each) for package, all_of in patterns.items() for each in all_of}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_and_hashed(lock: str) -> None:
    for requirement in _requirements(lock):
        pin, *hashes = [part.strip() for part in requirement.split("\\\n")]
        assert _REQUIREMENT.fullmatch(pin), pin
        assert hashes, pin
        assert all(_HASH.fullmatch(each) for each in hashes), pin


def test_the_locks_hold_what_the_project_asks_for() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    asked = [*PROJECT["project"]["dependencies"], *extras["service"]]
    assert _names(asked) <= _pinned("service")
    assert _names([*asked, *extras["dev"]]) <= _pinned("dev")


def test_both_locks_pin_alike() -> None:
    assert set(_requirements("service")) <= set(_requirements("dev"))


def test_no_file_names_a_package_index() -> None:
    """Where packages come from is the choice of whoever installs."""
    for file in _files(ROOT):
        if file.suffix in TEXT or file.name in {"Makefile", "run"}:
            text = file.read_text(encoding="utf-8", errors="replace").lower()
            for forbidden in (*INDEX_HOSTS, *INDEX_OPTIONS):
                assert forbidden not in text, f"{file.relative_to(ROOT)}: {forbidden}"


def test_the_version_is_said_alike_everywhere() -> None:
    version = PROJECT["project"]["version"]
    web = (ROOT / "issuance/web.py").read_text(encoding="utf-8")
    assert f'VERSION = "{version}"' in web
    newest = re.search(
        r"^## \[?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert newest is not None
    assert newest[1] == version


@pytest.mark.parametrize("script", sorted(PROJECT["project"]["scripts"]))
def test_each_command_leads_to_a_function(script: str) -> None:
    module, _, name = PROJECT["project"]["scripts"][script].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


def test_licence_texts_are_there_and_go_with_the_package() -> None:
    for pattern in PROJECT["project"]["license-files"]:
        assert list(ROOT.glob(pattern)), pattern
    for font in (ROOT / "signing/rendering/fonts").glob("*.ttf"):
        licence = font.with_name(f"{font.stem.partition('-')[0]}-OFL.txt")
        assert "SIL OPEN FONT LICENSE" in licence.read_text(encoding="utf-8")


def _files(folder: Path) -> Iterator[Path]:
    """Files of the sources: nothing hidden but `.ci`, no environment, nothing that was made."""
    for path in sorted(folder.iterdir()):
        if path.is_file():
            yield path
        elif path.is_dir() and _is_source(path):
            yield from _files(path)


def _is_source(folder: Path) -> bool:
    if folder.name.startswith("."):
        return folder.name == ".ci"
    made = folder in MADE or folder.name == "__pycache__" or folder.name.endswith(".egg-info")
    return not made and not (folder / "pyvenv.cfg").exists()


def _folders_with_python(room: Path) -> set[Path]:
    return {file.parent for file in _files(room) if file.suffix == ".py"}


def _dotted(folder: Path) -> str:
    return ".".join(folder.relative_to(ROOT).parts)


def _package_of(file: Path) -> str:
    return next(_dotted(each) for each in file.parents if (each / "__init__.py").exists())


def _requirements(lock: str) -> list[str]:
    text = (ROOT / f"requirements/{lock}.txt").read_text(encoding="utf-8")
    return re.split(r"(?<!\\)\n", text.strip())


def _pinned(lock: str) -> set[str]:
    return _names(_requirements(lock))


def _names(requirements: list[str]) -> set[str]:
    found = (re.match(r"[A-Za-z0-9._-]+", each) for each in requirements)
    return {re.sub(r"[-_.]+", "-", each[0]).lower() for each in found if each}
