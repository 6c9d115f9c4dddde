"""The tables of the sample registers, and how they are opened.

They belong to other agencies, so they stand in a file and on a metadata of their
own, never in the service's database, and are opened read-only. Dates are ISO 8601
text, as in the records made from them; Arabic stands beside its English
transliteration.

    governorates ─< offices ─< entries ─< persons ─< births, deaths
                 └< places                        └< marriages ─< divorces
    employers ─< employments >─ persons
"""

import sqlite3
from pathlib import Path

from sqlalchemy import (
    CheckConstraint,
    Column,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    QueuePool,
    String,
    Table,
    create_engine,
)

register_metadata = MetaData()


def _text(name: str) -> tuple[Column[str], Column[str]]:
    return Column(f"{name}_ar", String, nullable=False), Column(f"{name}_en", String, nullable=False)


facts = Table(
    "facts",
    register_metadata,
    Column("name", String, primary_key=True),  # seed, persons, reference_date, format
    Column("value", String, nullable=False),
)

governorates = Table(
    "governorates",
    register_metadata,
    Column("code", String, primary_key=True),  # ISO 3166-2
    *_text("name"),
)

offices = Table(
    "offices",  # civil registry offices, أمانات
    register_metadata,
    Column("id", Integer, primary_key=True),
    Column("governorate", ForeignKey("governorates.code"), nullable=False),
    *_text("name"),
)

places = Table(
    "places",
    register_metadata,
    Column("id", Integer, primary_key=True),
    Column("governorate", ForeignKey("governorates.code"), nullable=False),
    *_text("name"),
)

entries = Table(
    "entries",  # one family's entry: الخانة ورقم القيد
    register_metadata,
    Column("id", Integer, primary_key=True),
    Column("office", ForeignKey("offices.id"), nullable=False),
    *_text("place"),
    Column("number", String, nullable=False),
    Index("ix_entries_where", "office", "place_ar", "number", unique=True),
)

persons = Table(
    "persons",
    register_metadata,
    Column("national_number", String, primary_key=True),
    *_text("given_name"),
    *_text("family_name"),
    *_text("father_name"),
    *_text("mother_name"),
    Column("father", ForeignKey("persons.national_number"), index=True),  # null: entered before the register
    Column("mother", ForeignKey("persons.national_number"), index=True),
    Column("sex", String, CheckConstraint("sex IN ('male', 'female')"), nullable=False),
    Column("birth_date", String, nullable=False),
    Column("birth_place", ForeignKey("places.id"), nullable=False),
    Column("entry", ForeignKey("entries.id"), nullable=False, index=True),
)

births = Table(
    "births",
    register_metadata,
    Column("registration_number", String, primary_key=True),
    Column("child", ForeignKey("persons.national_number"), nullable=False, unique=True),
    Column("registered_on", String, nullable=False),
    Column("time", String),
)

marriages = Table(
    "marriages",
    register_metadata,
    Column("registration_number", String, primary_key=True),
    Column("husband", ForeignKey("persons.national_number"), nullable=False, index=True),
    Column("wife", ForeignKey("persons.national_number"), nullable=False, index=True),
    Column("registered_on", String, nullable=False),
    Column("date", String, nullable=False),
    Column("place", ForeignKey("places.id"), nullable=False),
    *_text("authority"),
    Column("document_number", String, nullable=False),
    Column("document_date", String, nullable=False),
)

divorces = Table(
    "divorces",
    register_metadata,
    Column("registration_number", String, primary_key=True),
    Column("marriage", ForeignKey("marriages.registration_number"), nullable=False, unique=True),
    Column("registered_on", String, nullable=False),
    Column("date", String, nullable=False),
    Column("place", ForeignKey("places.id"), nullable=False),
    *_text("authority"),
    Column("document_number", String, nullable=False),
    Column("document_date", String, nullable=False),
    *_text("type"),
    Column("missing", String),  # what is still awaited; null: complete
)

deaths = Table(
    "deaths",
    register_metadata,
    Column("registration_number", String, primary_key=True),
    Column("person", ForeignKey("persons.national_number"), nullable=False, unique=True),
    Column("registered_on", String, nullable=False),
    Column("date", String, nullable=False),
    Column("time", String),
    Column("place", ForeignKey("places.id"), nullable=False),
    Column("cause_ar", String),
    Column("cause_en", String),
)

employers = Table(
    "employers",
    register_metadata,
    Column("id", Integer, primary_key=True),
    *_text("name"),
)

employments = Table(
    "employments",
    register_metadata,
    Column("reference", String, primary_key=True),
    Column("person", ForeignKey("persons.national_number"), nullable=False, index=True),
    Column("employer", ForeignKey("employers.id"), nullable=False),
    Column("started_on", String, nullable=False),
    Column("ended_on", String),  # null: still employed
)


def open_register(path: Path) -> Engine:
    """Open a register file for reading only; it is never created here.

    A missing or damaged file shows at the first question, as `RegistryUnavailable`.
    """
    address = f"{path.absolute().as_uri()}?mode=ro"
    return create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(address, uri=True, check_same_thread=False),
        poolclass=QueuePool,
    )
