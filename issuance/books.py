"""The databases alone, for whoever only reads what stands there: no key is opened, and little is loaded."""

from sqlalchemy import Engine

from issuance.database import open_database
from issuance.schema import DatabaseNotReady, check_schema
from issuance.settings import Layout, Settings


def open_books(layout: Layout, settings: Settings) -> Engine:
    """The service's database alone: who only reads what stands there needs no key.

    Raises:
        DatabaseNotReady: it is not at this program's revision.
    """
    engine = open_database(layout.database_url(settings))
    try:
        check_schema(engine)
    except DatabaseNotReady:
        engine.dispose()
        raise
    return engine


def open_authority_books(layout: Layout) -> Engine:
    """The authority's database alone."""
    return open_database(f"sqlite:///{layout.authority.resolve()}")
