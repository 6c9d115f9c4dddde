"""A revision written as SQL, one file for each database, to be read by whoever answers for the data."""

from importlib import resources

from alembic import op

STATEMENT_END = ";\n\n"


def run_script(name: str) -> None:
    """Run `versions/<name>.<database>.sql`; a statement ends at a semicolon before an empty line."""
    connection = op.get_bind()
    script = resources.files("issuance.migrations.versions") / f"{name}.{connection.dialect.name}.sql"
    for statement in script.read_text(encoding="utf-8").split(STATEMENT_END):
        # Sent as it stands: a percent sign or a colon means nothing to the driver.
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
