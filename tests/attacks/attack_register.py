"""The register of attacks: what a forger does, where it was described, and what must come of it.

An attack is a generator: it gets a `Scene` and gives back what the forger would show us, as a file judged
by the scene's own office, or as an `Attempt` with trust, instant or seal code of its choice; or it ends in
what the verifier would not take (`TrustError`). Its docstring says what is done; `verdict` and `because`
are what is required.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias
from unittest.mock import patch

from attack_scene import LOOKED_AT_AFTER, Attempt, Scene

from signing.rendering.template_set import this_compiler
from verify.bundle.problems import BundleError
from verify.documents import DocumentJudge
from verify.pages import judge as pages
from verify.seal import SealReport, validate_seal_code
from verify.trust import TrustError, TrustRefused
from verify.verdict import Agreement, Check, Indication, Outcome, ValidationReport, Verdict

FORM = "structure: FORMAT_FAILURE"


class Source(StrEnum):
    """Where an attack was described."""

    CCS19 = "[1]"
    NDSS21 = "[2]"
    SP21 = "[3]"
    SITE = "[4]"
    INCREMENTAL = "[5]"
    POLYGLOT = "[6]"
    ISO32000 = "[7]"
    PADES = "[8]"
    CADES = "[9]"
    CHAIN = "[10]"
    OURS = "[11]"


REFERENCES: dict[Source, str] = {
    Source.CCS19: "V. Mladenov, C. Mainka, K. Meyer zu Selhausen, M. Grothe, J. Schwenk: *1 Trillion Dollar"
    " Refund – How To Spoof PDF Signatures*, ACM CCS 2019",
    Source.NDSS21: "C. Mainka, V. Mladenov, S. Rohlmann: *Shadow Attacks: Hiding and Replacing Content in"
    " Signed PDFs*, NDSS 2021",
    Source.SP21: "S. Rohlmann, V. Mladenov, C. Mainka, J. Schwenk: *Breaking the Specification: PDF"
    " Certification*, IEEE S&P 2021",
    Source.SITE: "pdf-insecurity.org, the collection of the same authors, and variants of what it holds",
    Source.INCREMENTAL: "ISO 32000-2:2020 §7.5.6 (incremental updates), §12.8.2.2 (DocMDP)",
    Source.POLYGLOT: "Files of two formats at once; ISO 32000-2 §7.5.2, and readers that look for the header"
    " anywhere in the first kilobyte",
    Source.ISO32000: "ISO 32000-2:2020 §7.5.4, §7.5.7, §7.5.8 (tables, object streams, table streams)",
    Source.PADES: "ETSI EN 319 142-1 §5.4, §5.5, §6.3; EN 319 102-1 §5.6",
    Source.CADES: "RFC 5652 §5, §11; RFC 5035 §1.1 (certificate substitution); RFC 3161 §2.4, §4",
    Source.CHAIN: "RFC 5280 §6; RFC 6960 §4.2.2.2; EN 319 102-1 §5.2.6",
    Source.OURS: "This service's own formats: [seal code](formats/seal-code.md),"
    " [status list](formats/status-list.md), [trust list](formats/trust-list.md)",
}


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The verifier did not take what it should rely on, and judged nothing: exit status 3."""

    reason: str
    verdict: Verdict = Verdict.UNDECIDED


Report: TypeAlias = ValidationReport | SealReport | Refused
Made: TypeAlias = bytes | Attempt | Refused
Generator: TypeAlias = Callable[[Scene], Made]


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One attack and what must come of it."""

    room: str  # the module that holds it
    family: str
    name: str
    story: str  # what the forger does, one sentence
    source: Source
    make: Generator
    verdict: Verdict
    because: str

    def judge(self, scene: Scene) -> Report:
        """The verifier's answer."""
        try:
            made = self.make(scene)
        except TrustError as reason:
            return Refused(reason=_named(reason))
        if isinstance(made, Refused):
            return made
        if isinstance(made, bytes):
            made = Attempt(pdf=made, trust=scene.office.trust(), at=scene.office.now + LOOKED_AT_AFTER)
        if made.pdf is not None:
            compiler = made.compiler or this_compiler()
            with patch.object(pages, "this_compiler", lambda: compiler):
                return DocumentJudge(made.trust).validate(made.pdf, at=made.at)
        assert made.code is not None
        return validate_seal_code(made.code, trust=made.trust, at=made.at)


ATTACKS: list[Attack] = []


def attack(
    family: str,
    source: Source,
    *,
    verdict: Verdict = Verdict.NOT_GENUINE,
    because: str = FORM,
    each: Iterable[tuple[str, Any]] | None = None,
) -> Callable[[Callable[..., Made]], Callable[..., Made]]:
    """Registers a generator; with `each`, once for each named variant, which it gets as second argument."""

    def register(make: Callable[..., Made]) -> Callable[..., Made]:
        name = make.__name__.replace("_", " ")
        story = (make.__doc__ or "").strip().splitlines()[0].strip()
        assert story, name
        named = (
            [(name, make)]
            if each is None
            else [(f"{name}: {variant}", _bound(make, value)) for variant, value in each]
        )
        for title, generator in named:
            entry = Attack(
                room=make.__module__,
                family=family,
                name=title,
                story=story,
                source=source,
                make=generator,
                verdict=verdict,
                because=because,
            )
            ATTACKS.append(entry)
        return make

    return register


def _bound(make: Callable[..., Made], value: Any) -> Generator:
    return lambda scene: make(scene, value)


def because(report: Report) -> str:
    """What decided, in one line: the check, and ETSI's sub-indication where the signature did not pass."""
    if isinstance(report, SealReport | Refused):
        return str(report.reason)
    found = [check for check in report.checks if check.outcome is not Outcome.PASSED]
    if report.indication is not Indication.TOTAL_PASSED:
        return f"{_decisive(found)}: {report.sub_indication}"
    if report.agreement is not Agreement.AGREES:
        worst = Outcome.FAILED if report.agreement is Agreement.DIFFERS else Outcome.UNDECIDED
        return ", ".join(check.code for check in found if check.outcome is worst)
    return str(_reason_of_code(report)) if report.verdict is not Verdict.GENUINE else "nothing"


def _reason_of_code(report: ValidationReport) -> str:
    """What the register says, where all else is right."""
    (check,) = [check for check in report.checks if check.code == "seal-code"]
    return check.facts["reason"]


def _named(reason: TrustError) -> str:
    if isinstance(reason, BundleError):
        return reason.code
    return f"{'refused' if isinstance(reason, TrustRefused) else 'not there'}: {reason.artefact}"


def _decisive(found: list[Check]) -> str:
    """The check of the signature that stopped: they come first, those of the agreement behind them."""
    return found[0].code if found else "nothing"
