"""Synthetic records of every kind, and one renderer for all tests of the page."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from issuance.rendering.renderer import Renderer
from signing.rendering.symbol import SealSymbol
from signing.rendering.template_set import packaged_set

Embedded = Callable[..., dict[str, Any]]
"""Makes the embedded JSON of a kind, its record changed at the top."""
Page = Callable[[dict[str, Any]], bytes]
"""Renders an embedded JSON."""

ORIGIN = "https://verify.wathiqa.example"
AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
CHECK_CODE = "7KQ2M9XA4RTB"
# As long as the seal code of a birth record with eleven fields: version 12, 65 modules.
DIGITS = (
    "1" + "27182818284590452353602874713526624977572470936999595749669676277240766303535475945713821785" * 7
)


def text(ar: str, en: str | None = None) -> dict[str, str]:
    return {"ar": ar} if en is None else {"ar": ar, "en": en}


def registration() -> dict[str, Any]:
    return {
        "governorate": "SY-DI",
        "civil_registry_office": text("أمانة دمشق", "Damascus Registry"),
        "registry_place": text("العمارة الجوانية", "Al-Amara al-Juwaniyya"),
        "registry_number": "123",
    }


def person(**changes: Any) -> dict[str, Any]:
    return {
        "national_number": "99010000017",
        "given_name": text("عبد الرحمن", "Abdulrahman"),
        "family_name": text("الحلبي", "Al-Halabi"),
        "father_name": text("محمد خير", "Muhammad Khair"),
        "mother_name": text("فاطمة الزهراء", "Fatima al-Zahra"),
        "sex": "male",
        "birth_date": "1990-03-14",
        "birth_place": text("دمشق", "Damascus"),
        "nationality": "SY",
        "registration": registration(),
    } | changes


def woman(**changes: Any) -> dict[str, Any]:
    return (
        person(
            national_number="99020000025",
            given_name=text("ليلى", "Layla"),
            family_name=text("النوري", "Al-Nuri"),
            father_name=text("جورية نورية", "Juriyya"),
            mother_name=text("سعاد", "Suad"),
            sex="female",
            birth_date="1993-07-02",
            birth_place=text("حمص", "Homs"),
        )
        | changes
    )


def event(**changes: Any) -> dict[str, Any]:
    return {
        "registration_number": "4417",
        "registered_on": "2019-05-06",
        "date": "2019-04-28",
        "place": text("دمشق – مشفى التوليد", "Damascus – Maternity Hospital"),
    } | changes


def deed(**changes: Any) -> dict[str, Any]:
    return event(
        place=text("دمشق", "Damascus"),
        authority=text("المحكمة الشرعية الأولى بدمشق", "First Sharia Court of Damascus"),
        document_number="802",
        document_date="2019-04-28",
        **changes,
    )


def children(count: int) -> list[dict[str, Any]]:
    names = [("محمد", "Muhammad"), ("نور", "Nour"), ("يوسف", "Youssef"), ("مريم", "Maryam"), ("عمر", "Omar")]
    return [
        person(
            national_number=f"9903000{index:04d}",
            given_name=text(*names[index % len(names)]),
            mother_name=text("ليلى", "Layla"),
            sex="female" if index % 2 else "male",
            birth_date=f"{2002 + index}-0{index % 9 + 1}-11",
            marital_status="single",
        )
        for index in range(count)
    ]


RECORDS: dict[str, dict[str, Any]] = {
    "individual-extract": {
        "person": person(),
        "marital_status": "married",
        "remarks": [text("نُقل قيده من خانة القنوات سنة 2011.", "Entry moved from Qanawat in 2011.")],
    },
    "family-extract": {
        "registration": registration(),
        "head": person(),
        "spouses": [woman(marriage_date="2019-04-28")],
        "children": children(4),
    },
    "birth": {
        "child": person(given_name=text("آدم", "Adam"), birth_date="2019-04-28"),
        "father": person(),
        "mother": woman(),
        "event": event(time="03:17", remarks=[text("توأم أول.", "First of twins.")]),
    },
    "marriage": {"husband": person(), "wife": woman(), "event": deed()},
    "divorce": {
        "husband": person(),
        "wife": woman(),
        "event": deed(type=text("مخالعة", "Khulʿ"), marriage_date="2016-02-01"),
    },
    "death": {"person": person(), "event": event(time="22:05", cause=text("قصور قلبي", "Heart failure"))},
    "non-employment": {"person": person(), "statement": {"as_of": "2026-11-21", "result": "not-employed"}},
    "refusal-notice": {
        "request_number": "R-26-0000000017",
        "service": text("بيان طلاق", "Divorce extract"),
        "applicant": {
            "full_name": text("عبد الرحمن الحلبي", "Abdulrahman Al-Halabi"),
            "national_number": "99010000017",
        },
        "subject": {"full_name": text("ليلى النوري", "Layla Al-Nuri"), "national_number": "99020000025"},
        "reason": {
            "code": "divorce-not-complete",
            "ar": "واقعة الطلاق لم يكتمل تثبيتها في السجل المدني بعد.",
            "en": "The divorce is not yet completely entered in the civil register.",
        },
        "refund": {"minor": 1_500_000, "currency": "SYP"},
        "remedy": text(
            "راجع المحكمة التي نظرت في الدعوى لإتمام التثبيت، ثم قدّم طلباً جديداً.",
            "Ask the court that heard the case to complete the registration, then apply again.",
        ),
    },
}


def embed(kind: str, **changes: Any) -> dict[str, Any]:
    """The whole embedded JSON of a sample, its record changed at the top."""
    agency = "workers-register" if kind == "non-employment" else "civil-registry"
    return {
        "$schema": f"{ORIGIN}/schemas/{kind}-1.json",
        "kind": kind,
        "document": {
            "number": "260000000017",
            "issued_on": "2026-11-22",
            "valid_until": "2027-02-20",
            "agency": agency,
            "service": kind,
            "service_version": 1,
            "issued_at_office": text("مركز خدمة المواطن – المزة", "Citizen Service Centre – Mezzeh"),
            "request_number": "R-26-0000000017",
            "purpose": text("تقديمه إلى جامعة دمشق", "For Damascus University"),
            "template": packaged_set().digest,
            "check_code": CHECK_CODE,
        },
        "record": deepcopy(RECORDS[kind]) | changes,
    }


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    return Renderer()


@pytest.fixture(scope="session")
def seal() -> SealSymbol:
    return SealSymbol(prefix=f"{ORIGIN}/#", digits=DIGITS[:590])


@pytest.fixture(scope="session")
def embedded() -> Embedded:
    return embed


@pytest.fixture(scope="session")
def page(renderer: Renderer, seal: SealSymbol) -> Page:
    """Renders an embedded JSON with the session's seal."""
    return lambda value: renderer.render(value, seal, at=AT)
