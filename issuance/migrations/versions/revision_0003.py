"""Statuses of four bits: what was withdrawn before is said again in the new values; quotas of machines."""

from issuance.migrations.scripts import run_script

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Append to the changes, which are never rewritten, and make the table of quotas."""
    run_script("revision_0003")
