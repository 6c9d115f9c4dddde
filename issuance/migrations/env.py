"""What Alembic runs: the revisions that are missing, in the transaction of the connection it is given."""

from alembic import context


def run_missing() -> None:
    """Run them."""
    context.configure(connection=context.config.attributes["connection"])
    context.run_migrations()


if __name__ == "env_py":  # so Alembic names this file when it runs it; imported, it does nothing
    run_missing()
