"""A register of one small family, written by hand, so that every expectation can be read off it.

OMAR (dead) ═ SALMA                 NIZAR ═ LAMIA (two marriages for LAMIA: NIZAR divorced, then SAMI)
    ├ KARIM ═ RIMA (complete divorce), then ═ DIMA
    │   ├ JAD (of RIMA)
    │   └ TALA and TAIM, twins (of DIMA)
    └ HUDA ═ BASEL (divorce not complete)
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Connection, Engine, Table, create_engine, insert

from issuance.registries import tables
from issuance.registries.civil_registry import CivilRegistry

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

NAMES = (
    "OMAR",
    "SALMA",
    "KARIM",
    "RIMA",
    "DIMA",
    "JAD",
    "TALA",
    "TAIM",
    "HUDA",
    "BASEL",
    "NIZAR",
    "LAMIA",
    "SAMI",
)
NUMBERS = tuple(f"9901{serial:07}" for serial in range(1, 14))
OMAR, SALMA, KARIM, RIMA, DIMA, JAD, TALA, TAIM, HUDA, BASEL, NIZAR, LAMIA, SAMI = NUMBERS
_PEOPLE = {
    OMAR: ("male", "1940-03-01", None, None),
    SALMA: ("female", "1945-05-05", None, None),
    KARIM: ("male", "1970-01-10", OMAR, SALMA),
    RIMA: ("female", "1975-02-02", None, None),
    DIMA: ("female", "1980-07-07", None, None),
    JAD: ("male", "1999-09-09", KARIM, RIMA),
    TALA: ("female", "2010-10-10", KARIM, DIMA),
    TAIM: ("male", "2010-10-10", KARIM, DIMA),
    HUDA: ("female", "1973-04-04", OMAR, SALMA),
    BASEL: ("male", "1970-06-06", None, None),
    NIZAR: ("male", "1960-01-01", None, None),
    LAMIA: ("female", "1962-01-01", None, None),
    SAMI: ("male", "1958-01-01", None, None),
}
_MARRIAGES = {
    "2196500001": (OMAR, SALMA, "1965-06-01"),
    "2199700001": (KARIM, RIMA, "1997-06-01"),
    "2200800001": (KARIM, DIMA, "2008-06-01"),
    "2199500001": (BASEL, HUDA, "1995-06-01"),
    "2198500001": (NIZAR, LAMIA, "1985-06-01"),
    "2199600001": (SAMI, LAMIA, "1996-06-01"),
}
_DIVORCES = {
    "3200500001": ("2199700001", "2005-06-01", None),
    "3202500001": ("2199500001", "2025-06-01", "judgment"),
    "3199400001": ("2198500001", "1994-06-01", None),
}
_COURT = {"place": 1, "authority_ar": "محكمة", "authority_en": "Court", "document_number": "7"}


def _both(name: str, arabic: str, english: str) -> dict[str, str]:
    return {f"{name}_ar": arabic, f"{name}_en": english}


def _content() -> dict[Table, list[dict[str, object]]]:
    homs = _both("name", "حمص", "Homs")
    names = {
        **_both("given_name", "اسم", "Given"),
        **_both("family_name", "كنية", "Family"),
        **_both("father_name", "أب", "Father"),
        **_both("mother_name", "أم", "Mother"),
    }
    return {
        tables.governorates: [{"code": "SY-HI", **homs}],
        tables.offices: [{"id": 1, "governorate": "SY-HI", **homs}],
        tables.places: [{"id": 1, "governorate": "SY-HI", **homs}],
        tables.entries: [{"id": 1, "office": 1, **_both("place", "حي", "Quarter"), "number": "12"}],
        tables.persons: [
            {
                **names,
                "national_number": number,
                "sex": sex,
                "birth_date": born,
                "father": father,
                "mother": mother,
                "birth_place": 1,
                "entry": 1,
            }
            for number, (sex, born, father, mother) in _PEOPLE.items()
        ],
        tables.births: [
            {
                "registration_number": f"120100000{n}",
                "child": child,
                "registered_on": "2010-10-20",
                "time": time,
            }
            for n, (child, time) in enumerate([(TALA, "09:05"), (TAIM, "09:12"), (JAD, None), (KARIM, None)])
        ],
        tables.marriages: [
            {
                **_COURT,
                "registration_number": number,
                "husband": husband,
                "wife": wife,
                "date": day,
                "registered_on": day,
                "document_date": day,
            }
            for number, (husband, wife, day) in _MARRIAGES.items()
        ],
        tables.divorces: [
            {
                **_COURT,
                **_both("type", "مخالعة", "By consent"),
                "registration_number": number,
                "marriage": marriage,
                "date": day,
                "registered_on": day,
                "document_date": day,
                "missing": missing,
            }
            for number, (marriage, day, missing) in _DIVORCES.items()
        ],
        tables.deaths: [
            {
                "registration_number": "4200100001",
                "person": OMAR,
                "registered_on": "2001-02-03",
                "date": "2001-02-02",
                "place": 1,
            }
        ],
        tables.employers: [{"id": 1, **_both("name", "مديرية", "Directorate")}],
        tables.employments: [
            {
                "reference": "W000001",
                "person": KARIM,
                "employer": 1,
                "started_on": "1995-01-01",
                "ended_on": None,
            },
            {
                "reference": "W000002",
                "person": DIMA,
                "employer": 1,
                "started_on": "2001-01-01",
                "ended_on": "2009-01-01",
            },
        ],
    }


@pytest.fixture(scope="session")
def who() -> SimpleNamespace:
    """The family's national numbers by name."""
    return SimpleNamespace(**dict(zip(NAMES, NUMBERS, strict=True)))


@pytest.fixture
def civil(register: Engine) -> CivilRegistry:
    return CivilRegistry(register, clock=lambda: AT)


@pytest.fixture
def connection(register: Engine) -> Iterator[Connection]:
    with register.connect() as connection:
        yield connection


@pytest.fixture(scope="session")
def family_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("register") / "family.sqlite"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        tables.register_metadata.create_all(connection)
        for table, rows in _content().items():
            connection.execute(insert(table), rows)
    engine.dispose()
    return path


@pytest.fixture
def register(family_file: Path) -> Iterator[Engine]:
    engine = tables.open_register(family_file)
    yield engine
    engine.dispose()
