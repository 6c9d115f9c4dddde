"""The permission table that people read is the one the service enforces."""

from pathlib import Path

from issuance.identity.permissions import (
    CITIZEN_PERMISSIONS,
    MACHINE_PERMISSIONS,
    ROLE_PERMISSIONS,
    Permission,
    Role,
)

DOCUMENT = Path(__file__).parents[3] / "docs" / "operations" / "access.md"


def test_the_documented_table_is_the_enforced_one() -> None:
    columns = {
        "citizen": CITIZEN_PERMISSIONS,
        **{str(role): ROLE_PERMISSIONS[role] for role in Role},
        "machine": MACHINE_PERMISSIONS,
    }
    expected = [f"| permission | {' | '.join(columns)} |", "|---|" + "---|" * len(columns)]
    for permission in Permission:
        marks = ["●" if permission in held else "" for held in columns.values()]
        expected.append(f"| `{permission}` | {' | '.join(marks)} |")

    text = DOCUMENT.read_text(encoding="utf-8")
    table = text.split("<!-- table:begin -->\n")[1].split("\n<!-- table:end -->")[0]

    assert table.splitlines() == expected
