"""What must hold for every row of the sample register, asked of the whole of it."""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from issuance.registries.sample_register import build_register

GOVERNORATES = {
    *("SY-DI", "SY-RD", "SY-HL", "SY-HI", "SY-HM", "SY-LA", "SY-TA"),
    *("SY-ID", "SY-DY", "SY-RA", "SY-HA", "SY-DR", "SY-SU", "SY-QU"),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("whole") / "register.sqlite"
    build_register(path)
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


def count(whole: sqlite3.Connection, query: str) -> int:
    return int(whole.execute(f"SELECT count(*) FROM ({query})").fetchone()[0])  # noqa: S608  (our own words)


def test_it_is_a_people(whole: sqlite3.Connection) -> None:
    assert count(whole, "SELECT 1 FROM persons") >= 20_000
    assert count(whole, "SELECT 1 FROM marriages") > 4_000
    assert count(whole, "SELECT 1 FROM divorces WHERE missing IS NULL") > 200
    assert count(whole, "SELECT 1 FROM divorces WHERE missing IS NOT NULL") > 10
    assert count(whole, "SELECT 1 FROM deaths") > 1_000
    assert count(whole, "SELECT 1 FROM employments WHERE ended_on IS NULL") > 1_000


def test_families_reach_over_three_generations(whole: sqlite3.Connection) -> None:
    line = """SELECT child.national_number FROM persons child
              JOIN persons parent ON parent.national_number = child.father
              JOIN persons grandparent ON grandparent.national_number = parent.father"""

    assert count(whole, line) > 5_000


def test_people_live_and_are_born_in_every_governorate(whole: sqlite3.Connection) -> None:
    assert {code for (code,) in whole.execute("SELECT code FROM governorates")} == GOVERNORATES
    for places in (
        "entries e ON e.id = p.entry JOIN offices o ON o.id = e.office",
        "places e ON e.id = p.birth_place",
    ):
        query = f"SELECT DISTINCT governorate FROM persons p JOIN {places}"  # noqa: S608  (our own words)
        assert {code for (code,) in whole.execute(query)} == GOVERNORATES


BROKEN = {
    "a national number of a real person": "SELECT 1 FROM persons WHERE national_number NOT GLOB "
    "'99[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]'",
    "a reference to a row that is not there": "SELECT 1 FROM pragma_foreign_key_check()",
    "one parent without the other": "SELECT 1 FROM persons WHERE (father IS NULL) <> (mother IS NULL)",
    "parents who were not married to each other": """SELECT 1 FROM persons p
        WHERE father IS NOT NULL AND NOT EXISTS (SELECT 1 FROM marriages m
        WHERE m.husband = p.father AND m.wife = p.mother AND m.date < p.birth_date)""",
    "a child born after its parents' divorce": """SELECT 1 FROM persons p
        JOIN marriages m ON m.husband = p.father AND m.wife = p.mother
        JOIN divorces d ON d.marriage = m.registration_number WHERE p.birth_date >= d.date""",
    "a father who is not a man": """SELECT 1 FROM persons p JOIN persons f ON f.national_number = p.father
        WHERE f.sex <> 'male'""",
    "a mother who is not a woman": """SELECT 1 FROM persons p JOIN persons m ON m.national_number = p.mother
        WHERE m.sex <> 'female'""",
    "a name that is not the father's": """SELECT 1 FROM persons p
        JOIN persons f ON f.national_number = p.father
        WHERE p.father_name_ar <> f.given_name_ar OR p.family_name_ar <> f.family_name_ar
           OR p.father_name_en <> f.given_name_en OR p.family_name_en <> f.family_name_en""",
    "a mother's name that is not hers": """SELECT 1 FROM persons p
        JOIN persons m ON m.national_number = p.mother
        WHERE p.mother_name_ar <> m.given_name_ar || ' ' || m.family_name_ar""",
    "a parent under 17 or over 50": """SELECT 1 FROM persons p
        JOIN persons e ON e.national_number IN (p.father, p.mother)
        WHERE p.birth_date < date(e.birth_date, '+17 years')
        OR p.birth_date > date(e.birth_date, '+51 years')""",
    "brothers or sisters of the same name": """SELECT 1 FROM persons WHERE father IS NOT NULL
        GROUP BY father, given_name_ar HAVING count(*) > 1""",
    "siblings born less than nine months apart who are no twins": """SELECT 1 FROM persons a
        JOIN persons b ON a.mother = b.mother AND a.birth_date < b.birth_date
        WHERE b.birth_date < date(a.birth_date, '+270 days')""",
    "a birth that is missing or superfluous": """SELECT 1 FROM persons p LEFT JOIN births b
        ON b.child = p.national_number WHERE (p.father IS NULL) <> (b.child IS NULL)""",
    "a twin without a time": """SELECT 1 FROM persons p JOIN persons t ON t.mother = p.mother
        AND t.birth_date = p.birth_date AND t.national_number <> p.national_number
        JOIN births b ON b.child = p.national_number WHERE b.time IS NULL""",
    "twins of the very same minute": """SELECT 1 FROM persons p JOIN persons t ON t.mother = p.mother
        AND t.birth_date = p.birth_date AND t.national_number < p.national_number
        JOIN births a ON a.child = p.national_number JOIN births b ON b.child = t.national_number
        WHERE a.time = b.time""",
    "a marriage under eighteen": """SELECT 1 FROM marriages m
        JOIN persons p ON p.national_number IN (m.husband, m.wife)
        WHERE m.date < date(p.birth_date, '+18 years')""",
    "a marriage of two men or two women": """SELECT 1 FROM marriages m
        JOIN persons h ON h.national_number = m.husband JOIN persons w ON w.national_number = m.wife
        WHERE h.sex <> 'male' OR w.sex <> 'female'""",
    "a marriage of kin in the direct line or of siblings": """SELECT 1 FROM marriages m
        JOIN persons h ON h.national_number = m.husband JOIN persons w ON w.national_number = m.wife
        WHERE h.father = w.father OR h.mother = w.mother OR h.mother = m.wife OR w.father = m.husband""",
    "a wife with two husbands": """SELECT 1 FROM marriages a
        JOIN marriages b ON a.wife = b.wife AND a.date < b.date
        LEFT JOIN divorces d ON d.marriage = a.registration_number AND d.missing IS NULL
        LEFT JOIN deaths x ON x.person = a.husband
        WHERE min(coalesce(d.date, '9999'), coalesce(x.date, '9999')) >= b.date""",
    "a marriage, or a child's birth, after a death": """
        SELECT 1 FROM marriages m JOIN deaths x ON x.person IN (m.husband, m.wife) WHERE m.date >= x.date
        UNION ALL SELECT 1 FROM persons p JOIN deaths x ON x.person IN (p.father, p.mother)
        WHERE p.birth_date >= x.date
        UNION ALL SELECT 1 FROM divorces d JOIN marriages m ON m.registration_number = d.marriage
        JOIN deaths x ON x.person IN (m.husband, m.wife) WHERE d.date >= x.date
        UNION ALL SELECT 1 FROM employments e JOIN deaths x ON x.person = e.person""",
    "a death before birth": """SELECT 1 FROM deaths x JOIN persons p ON p.national_number = x.person
        WHERE x.date < p.birth_date""",
    "a divorce before its marriage": """SELECT 1 FROM divorces d
        JOIN marriages m ON m.registration_number = d.marriage WHERE d.date <= m.date""",
    "a marriage after an unfinished divorce": """SELECT 1 FROM divorces d
        JOIN marriages m ON m.registration_number = d.marriage
        JOIN marriages later ON (later.wife = m.wife OR later.husband = m.husband) AND later.date >= d.date
        WHERE d.missing IS NOT NULL""",
    "an event registered before it happened": """
        SELECT 1 FROM births b JOIN persons p ON p.national_number = b.child
        WHERE b.registered_on < p.birth_date
        UNION ALL SELECT 1 FROM deaths WHERE registered_on < date
        UNION ALL SELECT 1 FROM marriages WHERE document_date NOT BETWEEN date AND registered_on
        UNION ALL SELECT 1 FROM divorces WHERE document_date NOT BETWEEN date AND registered_on""",
    "an event after the reference date": """
        SELECT 1 FROM persons WHERE birth_date > '2026-06-30'
        UNION ALL SELECT 1 FROM births WHERE registered_on > '2026-06-30'
        UNION ALL SELECT 1 FROM marriages WHERE registered_on > '2026-06-30'
        UNION ALL SELECT 1 FROM divorces WHERE registered_on > '2026-06-30'
        UNION ALL SELECT 1 FROM deaths WHERE registered_on > '2026-06-30'
        UNION ALL SELECT 1 FROM employments WHERE started_on > '2026-06-30'
           OR coalesce(ended_on, started_on) NOT BETWEEN started_on AND '2026-06-30'""",
    "a wife or widow registered apart from her last husband": """SELECT 1 FROM persons w JOIN marriages m
        ON m.wife = w.national_number
        AND m.date = (SELECT max(date) FROM marriages WHERE wife = w.national_number)
        LEFT JOIN divorces d ON d.marriage = m.registration_number AND d.missing IS NULL
        JOIN persons h ON h.national_number = m.husband WHERE d.marriage IS NULL AND w.entry <> h.entry""",
    "a son or an unmarried daughter registered apart from the father": """SELECT 1 FROM persons p
        JOIN persons f ON f.national_number = p.father WHERE p.entry <> f.entry
        AND NOT EXISTS (SELECT 1 FROM marriages WHERE wife = p.national_number)""",
    "the same registration number in two books": """SELECT 1 FROM (
        SELECT registration_number FROM births UNION ALL
        SELECT registration_number FROM marriages UNION ALL SELECT registration_number FROM divorces
        UNION ALL SELECT registration_number FROM deaths) GROUP BY registration_number HAVING count(*) > 1""",
    "a child at work": """SELECT 1 FROM employments e JOIN persons p ON p.national_number = e.person
        WHERE e.started_on < date(p.birth_date, '+18 years')""",
}  # fmt: skip


@pytest.mark.parametrize("query", BROKEN.values(), ids=BROKEN.keys())
def test_the_register_nowhere_holds(whole: sqlite3.Connection, query: str) -> None:
    assert count(whole, query) == 0


def test_few_men_have_two_wives_at_once(whole: sqlite3.Connection) -> None:
    twice = """SELECT DISTINCT a.husband FROM marriages a JOIN marriages b ON a.husband = b.husband
        AND a.date < b.date
        LEFT JOIN divorces d ON d.marriage = a.registration_number AND d.missing IS NULL
        LEFT JOIN deaths x ON x.person = a.wife
        WHERE min(coalesce(d.date, '9999'), coalesce(x.date, '9999')) >= b.date"""
    husbands = count(whole, "SELECT DISTINCT husband FROM marriages")

    assert 0 < count(whole, twice) < husbands * 0.03


def test_every_name_fits_the_seal_code_and_has_its_english(whole: sqlite3.Connection) -> None:
    """The seal code writes Arabic as windows-1256."""
    for table in ("persons", "places", "offices", "entries", "marriages", "divorces", "employers"):
        columns = [row[1] for row in whole.execute(f"PRAGMA table_info({table})")]
        arabic = [name for name in columns if name.endswith("_ar")]
        for name in arabic:
            pairs = whole.execute(f"SELECT DISTINCT {name}, {name[:-3]}_en FROM {table}").fetchall()  # noqa: S608
            assert all(ar.encode("windows-1256") and en.replace("–", "-").isascii() for ar, en in pairs)
            spellings = Counter(ar for ar, _ in pairs)
            assert max(spellings.values()) == 1, "one Arabic name, one English spelling"


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for name in ("one", "other"):
        build_register(tmp_path / name, persons=1_000, seed=99)
        digests.append(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())

    assert digests[0] == digests[1]


def test_another_seed_gives_other_people(tmp_path: Path) -> None:
    people = []
    for seed in (1, 2):
        build_register(tmp_path / f"{seed}", persons=300, seed=seed)
        connection = sqlite3.connect(tmp_path / f"{seed}")
        people.append(connection.execute("SELECT given_name_ar, birth_date FROM persons").fetchall())
        connection.close()

    assert people[0] != people[1]


def test_this_seed_has_always_given_this_register(tmp_path: Path) -> None:
    """Documents made from it are compared from run to run; raise `FORMAT` when this must change."""
    build_register(tmp_path / "r", persons=300, seed=1)
    connection = sqlite3.connect(tmp_path / "r")
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    content = [(name, connection.execute(f"SELECT * FROM {name}").fetchall()) for name in sorted(tables)]  # noqa: S608  (our own names)
    connection.close()

    assert hashlib.sha256(repr(content).encode()).hexdigest()[:16] == "e05c07ea789861b1"
