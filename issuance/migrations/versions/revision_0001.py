"""Every table, index and trigger of the first release."""

from issuance.migrations.scripts import run_script

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    run_script("revision_0001")
