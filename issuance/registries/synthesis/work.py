"""Who works for the state: employers and employments of the workers' register."""

from collections.abc import Iterable

from issuance.registries.synthesis.dice import Dice
from issuance.registries.synthesis.lives import REFERENCE, YEAR, Life
from issuance.registries.synthesis.names import Name
from issuance.registries.synthesis.places import GOVERNORATES
from issuance.registries.synthesis.rows import Row, day_text

_DIRECTORATES: tuple[Name, ...] = (
    ("مديرية التربية", "Directorate of Education"),
    ("مديرية الصحة", "Directorate of Health"),
    ("مديرية الزراعة", "Directorate of Agriculture"),
    ("مؤسسة المياه", "Water Establishment"),
    ("شركة الكهرباء", "Electricity Company"),
)
_YOUNGEST, _RETIRES = 18, 60
_EMPLOYED = {"male": 0.38, "female": 0.2}
_ONCE_EMPLOYED = 0.1


def employer_rows() -> list[Row]:
    """Five public bodies in each governorate."""
    return [
        {"id": number, "name_ar": f"{body[0]} في {seat[0]}", "name_en": f"{body[1]} of {seat[1]}"}
        for number, (seat, body) in enumerate(
            ((governorate.name, body) for governorate in GOVERNORATES for body in _DIRECTORATES), start=1
        )
    ]


def employment_rows(dice: Dice, lives: Iterable[Life]) -> list[Row]:
    """Employments of living adults: some present, some ended, most people none."""
    rows: list[Row] = []
    for life in lives:
        if life.dies <= REFERENCE or not life.aged(_YOUNGEST) < REFERENCE < life.aged(_RETIRES):
            continue
        present = dice.chance(_EMPLOYED[life.sex])
        if present or dice.chance(_ONCE_EMPLOYED):
            rows.append(_employment(dice, len(rows) + 1, life, present=present))
    return rows


def _employment(dice: Dice, number: int, life: Life, *, present: bool) -> Row:
    first = life.aged(_YOUNGEST)
    started = dice.between(first, min(REFERENCE - 1, first + int(15 * YEAR)))
    ended = None if present else day_text(dice.between(started + 1, REFERENCE))
    bodies = len(_DIRECTORATES)
    return {
        "reference": f"W{number:06}",
        "person": life.national_number,
        "employer": life.home.governorate * bodies + dice.between(1, bodies),
        "started_on": day_text(started),
        "ended_on": ended,
    }
