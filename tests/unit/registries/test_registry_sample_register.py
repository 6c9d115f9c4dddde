import sqlite3
from pathlib import Path

import pytest

from issuance.catalogue.models import DocumentKind as Kind
from issuance.registries.national_number import parse_national_number
from issuance.registries.sample_register import build_register


def test_a_build_that_fails_leaves_the_earlier_register_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "register.sqlite"
    build_register(path, persons=100)
    before = path.read_bytes()

    def full_disk(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("issuance.registries.sample_register._write", full_disk)
    with pytest.raises(sqlite3.OperationalError):
        build_register(path, persons=100, seed=7)

    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["register.sqlite"]


def test_progress_ends_at_what_was_asked_for(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    build_register(tmp_path / "r.sqlite", persons=500, progress=lambda made, of: told.append((made, of)))

    assert told[-1] == (500, 500)
    assert told == sorted(told)


@pytest.mark.parametrize(
    "written", ["99010000001", "9901 0000 001", "٩٩٠١٠٠٠٠٠٠١", "۹۹۰۱۰۰۰۰۰۰۱", " 99-01-0000001 "]
)
def test_national_numbers_are_read_as_people_write_them(written: str) -> None:
    assert parse_national_number(written) == "99010000001"


def test_a_leading_zero_is_kept() -> None:
    assert parse_national_number("01020000003") == "01020000003"


def test_kinds_and_services_have_the_same_names() -> None:
    assert [kind.value for kind in Kind][:-1] == [
        "individual-extract",
        "family-extract",
        "birth",
        "marriage",
        "divorce",
        "death",
        "non-employment",
    ]
