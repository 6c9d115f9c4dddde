"""Which files a document has had: as sealed, and as renewed for the archive. Nothing is ever taken back.

A renewed file begins with the file before it, octet by octet, so the newest holds all of them: the
first `size` octets have the digest that stands here. What is kept of each file is what a later
renewal must know without opening it: until when it can be judged, and by which algorithms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Integer,
    Row,
    String,
    Table,
    UniqueConstraint,
    event,
    func,
    insert,
    or_,
    select,
)
from sqlalchemy.engine import Connection

from issuance.database import UtcDateTime, metadata
from issuance.documents.models import documents
from signing.formats.document_number import DocumentNumber
from signing.formats.pades_level import Level

document_files = Table(
    "document_files",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("number", String(12), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    Column("level", String(8), nullable=False),
    Column("judgeable_until", UtcDateTime, nullable=False),
    Column("algorithms", String(128), nullable=False),
    Column("renews", String(64)),  # the digest of the file that it begins with; none: as sealed
    Column("made_at", UtcDateTime, nullable=False),
    UniqueConstraint("number", "sha256"),
    # Of two that renew one file at the same time, one is too late.
    UniqueConstraint("number", "renews"),
    Index(None, "judgeable_until"),
)


def _freeze(dialect: str, *statements: str) -> None:
    for statement in statements:
        trigger: DDL = DDL(statement)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it unannotated
        event.listen(document_files, "after_create", trigger.execute_if(dialect=dialect))


_freeze(
    "sqlite",
    *(
        f"CREATE TRIGGER document_files_no_{verb} BEFORE {verb} ON document_files "
        "BEGIN SELECT RAISE(ABORT, 'what files a document had is never changed'); END"
        for verb in ("UPDATE", "DELETE")
    ),
    # INSERT OR REPLACE deletes without firing DELETE triggers.
    "CREATE TRIGGER document_files_once BEFORE INSERT ON document_files "
    "BEGIN SELECT RAISE(ABORT, 'a file of a document is written once') WHERE EXISTS "
    "(SELECT 1 FROM document_files WHERE sequence = NEW.sequence "
    "OR (number = NEW.number AND (sha256 = NEW.sha256 OR renews = NEW.renews))); END",
)
_freeze(
    "postgresql",
    "CREATE FUNCTION document_files_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ "
    "BEGIN RAISE integrity_constraint_violation "
    "USING MESSAGE = 'what files a document had is never changed'; END $$",
    "CREATE TRIGGER document_files_frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON document_files "
    "FOR EACH STATEMENT EXECUTE FUNCTION document_files_frozen()",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFile:
    """One file of a document, as our own verifier found it."""

    sha256: str
    size: int  # octets
    level: Level
    judgeable_until: datetime  # then its outermost proof of time weakens
    algorithms: frozenset[str]  # which that proof rests on


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """A file as it stands in the book."""

    number: DocumentNumber
    agency: str  # whose document it is
    file: MadeFile
    renews: str | None
    made_at: datetime


_SAME_DOCUMENT = documents.c.number == document_files.c.number
_ENTRIES = select(document_files, documents.c.agency).join(documents, _SAME_DOCUMENT)
_ADD = insert(document_files).inline()
_LATER = document_files.alias("later")
_NEWEST = (
    ~select(_LATER.c.sequence)
    .where(_LATER.c.number == document_files.c.number, _LATER.c.sequence > document_files.c.sequence)
    .exists()
)


def add_file(
    connection: Connection, number: str, file: MadeFile, *, renews: str | None, at: datetime
) -> None:
    """Note a file, in the transaction in which it takes its place.

    Raises:
        IntegrityError: another has renewed the same file meanwhile.
    """
    values = {
        "number": number,
        "sha256": file.sha256,
        "size": file.size,
        "level": file.level.value,
        "judgeable_until": file.judgeable_until,
        "algorithms": " ".join(sorted(file.algorithms)),
        "renews": renews,
        "made_at": at,
    }
    connection.execute(_ADD, values)


def files_of(connection: Connection, number: str) -> Sequence[FileEntry]:
    """Every file that a document has had, oldest first; the last one is delivered."""
    query = _ENTRIES.where(document_files.c.number == number).order_by(document_files.c.sequence)
    return [_entry(row) for row in connection.execute(query)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which files are to be renewed: of released documents, the newest each."""

    before: datetime  # whose proof ends before this instant
    weak: frozenset[str] = (
        frozenset()
    )  # or rests on these, by today's list, whatever was known when they were made
    unarchived: bool = False  # or that have no document time-stamp yet

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """In SQL."""
        words = " " + document_files.c.algorithms + " "
        any_of = [
            document_files.c.judgeable_until < self.before,
            *(words.contains(f" {name} ", autoescape=True) for name in sorted(self.weak)),
        ]
        if self.unarchived:
            any_of.append(document_files.c.level != Level.B_LTA.value)
        return [documents.c.released_at.is_not(None), _NEWEST, or_(*any_of)]


def count_files(connection: Connection, selection: Selection) -> int:
    """How many `find_files` finds in all."""
    query = select(func.count()).select_from(document_files).join(documents, _SAME_DOCUMENT)
    return connection.execute(query.where(*selection.conditions)).scalar_one()


def find_files(
    connection: Connection, selection: Selection, *, after: str = "", limit: int = 200
) -> Sequence[FileEntry]:
    """At most `limit` files, in the order of document numbers, behind the number `after`."""
    query = _ENTRIES.where(*selection.conditions, document_files.c.number > after)
    query = query.order_by(document_files.c.number).limit(limit)
    return [_entry(row) for row in connection.execute(query)]


def _entry(row: Row[Any]) -> FileEntry:
    return FileEntry(
        number=row.number,
        agency=row.agency,
        file=MadeFile(
            sha256=row.sha256,
            size=row.size,
            level=Level(row.level),
            judgeable_until=row.judgeable_until,
            algorithms=frozenset(row.algorithms.split()),
        ),
        renews=row.renews,
        made_at=row.made_at,
    )
