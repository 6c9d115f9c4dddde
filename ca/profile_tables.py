"""The profile table in Markdown, as docs/certificates.md shows it.

    python -m ca.profile_tables docs/certificates.md     puts it between its marks, anew

A test compares the two, so that what is documented is what is issued.
"""

import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from ca.profiles import PROFILES, Profile, ProfileName
from ca.second_opinion import ACCEPTED, ETSI_TYPES

BEGIN, END = "<!-- printed by ca.profile_tables: begin -->\n", "<!-- printed by ca.profile_tables: end -->"
_DAYS_A_YEAR = 365


def profile_tables() -> str:
    """Every row of every profile."""
    profiles = list(PROFILES.values())
    parts = ["## Profiles\n", *_overview(profiles)]
    for profile in profiles:
        parts += [f"\n### `{profile.name}`\n", *_rows(profile)]
    parts += ["\n## What pkilint says and is let stand\n", *_accepted()]
    return "\n".join(parts) + "\n"


def printed_into(document: str) -> str:
    """The document with the tables between its marks.

    Raises:
        ValueError: the marks are missing.
    """
    head, _, rest = document.partition(BEGIN)
    _, mark, tail = rest.partition(END)
    if not mark:
        msg = "the marks are missing"
        raise ValueError(msg)
    return head + BEGIN + "\n" + profile_tables() + "\n" + END + tail


def _overview(profiles: Sequence[Profile]) -> Iterator[str]:
    yield "| Profile | Issued by | Lasts at most | Renewed before its end | Keys | pkilint judges by |"
    yield "|---|---|---|---|---|---|"
    for profile in profiles:
        issuer = "itself" if profile.issuer is profile.name else profile.issuer.value
        renewal = _days(profile.renew_before) if profile.renew_before else "by hand"
        judged = "RFC 5280" + (f", EN 319 412 {_person(profile.name)}" if profile.name in ETSI_TYPES else "")
        keys = ", ".join(profile.keys)
        yield _line(f"`{profile.name}`", issuer, _days(profile.lifetime), renewal, keys, judged)


def _rows(profile: Profile) -> Iterator[str]:
    yield "| Subject | Characters | Form |"
    yield "|---|---|---|"
    for rule in profile.subject:
        yield _line(rule.name, f"at most {rule.longest}", rule.says)
    yield "\n| Extension | Critical | Says |"
    yield "|---|---|---|"
    for row in profile.extensions:
        yield _line(row.name, "yes" if row.critical else "no", str(row.content))


def _accepted() -> Iterator[str]:
    yield "| Finding | Profiles | Reason |"
    yield "|---|---|---|"
    for each in ACCEPTED:
        where = [f"`{name}`" for name in ProfileName if name in each.profiles]
        yield _line(f"`{each.code}`", "all" if len(where) == len(ProfileName) else ", ".join(where), each.why)


def _person(name: ProfileName) -> str:
    return "natural person" if ETSI_TYPES[name].startswith("NCP_NATURAL") else "legal person"


def _days(span: timedelta) -> str:
    years, rest = divmod(span.days, _DAYS_A_YEAR)
    return f"{years} years" if years and not rest else f"{span.days} days"


def _line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main(arguments: Sequence[str]) -> None:
    """Print the tables into the documents that are named."""
    for name in arguments:
        path = Path(name)
        path.write_text(printed_into(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
