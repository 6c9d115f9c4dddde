"""The preparation is frozen: what a template is given for a record may never change under its number.

A verifier composes pages again years later. Whoever changes an expected digest below makes every page by an
older template set *not genuine*: raise `PREPARATION` instead, and keep the old one for the sets that name it.
"""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256

from issuance.agencies import AGENCIES
from signing.formats.canonical_json import JsonValue, encode_canonical_json
from signing.rendering.amounts import amount_on_page
from signing.rendering.composer import STANDARDS, main_file
from signing.rendering.dates import date_on_page
from signing.rendering.symbol import MAX_MODULES, SealSymbol, draw
from signing.rendering.template_set import AGENCIES as AGENCIES_FILE
from signing.rendering.template_set import PREPARATION, packaged_set, parse_template_set
from signing.rendering.template_set import encode_template_set as encode
from signing.rendering.view import parse_agencies, view_of
from signing.rendering.words import groups_in_words

from .conftest import ORIGIN, RECORDS, embed

FIRST_DAY = date(1890, 1, 1)


def digest_of(values: Iterator[JsonValue]) -> str:
    digest = sha256()
    for value in values:
        digest.update(encode_canonical_json(value))
    return digest.hexdigest()[:16]


def dates() -> Iterator[JsonValue]:
    """Every day of a year and a day of each of 250 years."""
    yield from (date_on_page(FIRST_DAY + timedelta(days=day)) for day in range(366))
    yield from (date_on_page(FIRST_DAY + timedelta(days=366 * year)) for year in range(250))


def numbers() -> Iterator[JsonValue]:
    yield from (groups_in_words(f"{number:04d}{9999 - number:04d}0017") for number in range(0, 10_000, 7))


def amounts() -> Iterator[JsonValue]:
    for currency in ("SYP", "SYP-OLD", "USD", "EUR"):
        yield from (
            amount_on_page(minor, currency) for minor in (*range(1300), *range(10**4, 10**9, 10**7 - 7))
        )


def symbols() -> Iterator[JsonValue]:
    """From the smallest symbol that a document has to the largest that is printed."""
    for count in range(200, 2300, 300):
        digits = str(3 ** (2 * count))[:count]
        drawing = draw(SealSymbol(prefix=f"{ORIGIN}/#", digits=digits))
        assert drawing.modules <= MAX_MODULES
        yield [drawing.modules, drawing.svg]


def views() -> Iterator[JsonValue]:
    """All that a template is given for a record of each kind, and the file the compiler starts from."""
    agencies = parse_agencies(packaged_set().files[AGENCIES_FILE])
    seal = SealSymbol(prefix=f"{ORIGIN}/#", digits="1" + "7" * 590)
    for kind in RECORDS:
        embedded = embed(kind)
        embedded["document"]["template"] = "0" * 64
        view = view_of(embedded, seal, agencies)
        yield [view, main_file(kind, view, embedded).decode()]


def test_the_preparation_is_what_it_always_was() -> None:
    assert PREPARATION == 1
    assert STANDARDS == ["a-3a", "ua-1"]
    found = {each.__name__: digest_of(each()) for each in (dates, numbers, amounts, symbols, views)}
    assert found == {
        "dates": "a4035e9979fdbecd",
        "numbers": "0e65116b09d164e6",
        "amounts": "cd9e8ceef1d4ed34",
        "symbols": "4e7095accae63740",
        "views": "81fc14e19ed0ff5b",
    }


def test_the_set_names_the_agencies_that_issue_documents() -> None:
    table = json.loads(packaged_set().files[AGENCIES_FILE])
    assert table == {agency.id: {"ar": agency.ar, "en": agency.en} for agency in AGENCIES}


def test_the_set_is_whole() -> None:
    """Templates, fonts with their licence, names; and reads back from its octets."""
    names = packaged_set().files.keys()
    assert {f"templates/{kind}.typ" for kind in RECORDS} <= names
    assert {"fonts/Amiri-Regular.ttf", "fonts/Amiri-Bold.ttf", "fonts/Amiri-OFL.txt"} <= names
    assert parse_template_set(encode(packaged_set()), digest=packaged_set().digest) == packaged_set()


def test_a_template_reads_nothing_from_outside_its_set() -> None:
    for name, octets in packaged_set().files.items():
        if name.endswith(".typ"):
            assert b"@preview" not in octets
            assert b"sys.inputs" not in octets
            assert b"datetime.today" not in octets
