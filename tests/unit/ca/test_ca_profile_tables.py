"""What the documentation shows is what is issued."""

from pathlib import Path

import pytest

from ca.profile_tables import BEGIN, END, main, printed_into, profile_tables
from ca.profiles import PROFILES
from ca.second_opinion import ACCEPTED

PAGE = Path(__file__).parents[3] / "docs/certificates.md"


def test_the_documentation_shows_the_table() -> None:
    """Mended by: python -m ca.profile_tables docs/certificates.md."""
    text = PAGE.read_text(encoding="utf-8")

    assert printed_into(text) == text


def test_every_row_is_shown() -> None:
    text = profile_tables()
    for profile in PROFILES.values():
        shown = text.partition(f"### `{profile.name}`")[2].partition("\n#")[0]
        assert [line.split(" | ")[0].strip("| ") for line in shown.splitlines() if line.startswith("| ")] == [
            "Subject",
            *(rule.name for rule in profile.subject),
            "Extension",
            *(rule.name for rule in profile.extensions),
        ]
    assert all(each.why in text for each in ACCEPTED)


def test_the_command_prints_between_the_marks_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}something old\n{END}\nafter\n", encoding="utf-8")
    main([str(page)])
    text = page.read_text(encoding="utf-8")

    assert text.startswith("before\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "something old" not in text
    assert profile_tables() in text
    with pytest.raises(ValueError, match="marks"):
        printed_into("no marks")
