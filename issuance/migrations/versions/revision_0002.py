"""Which files a document has had: as sealed, and as renewed for the archive."""

from issuance.migrations.scripts import run_script

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table; documents sealed before have no row until they are renewed."""
    run_script("revision_0002")
