"""Every case of NIST's PKITS through the certificate-path code that the verifier uses.

`WATHIQA_WRITE_PKITS=1 pytest tests/unit/pkits` writes the table in docs/pkits.md anew.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from pkits_suite import (
    DEVIATIONS,
    SUITE_LIMITS,
    Case,
    load_cases,
    load_certificates,
    load_crls,
    make_judge,
    refusal,
)

from verify.errors import NotVerified
from verify.signatures.chain import ChainJudge
from verify.signatures.paths import OUR_LIMITS

# 4.4.15: a negative serial number. The library warns of it; our verifier refuses it.
pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")

DOCUMENT = Path(__file__).parents[3] / "docs" / "pkits.md"
_TABLES = re.compile(r"(<!-- tables: begin -->\n).*(<!-- tables: end -->)", re.DOTALL)


@pytest.fixture(scope="module")
def judge() -> ChainJudge:
    return make_judge()


def test_no_case_is_missing() -> None:
    """The numbers of PKITS 1.0.1 §4: cases of each section, without gaps."""
    sections: dict[int, set[int]] = {}
    for case in load_cases():
        _, section, number = case.number.split(" ")[0].split(".")
        sections.setdefault(int(section), set()).add(int(number))
    counts = [6, 8, 11, 21, 8, 17, 5, 20, 8, 14, 11, 10, 38, 35, 10, 2]
    assert sections == {section: set(range(1, count + 1)) for section, count in enumerate(counts, start=1)}
    assert len({case.number for case in load_cases()}) == len(load_cases()) == 249


def test_everything_but_one_pair_of_certificates_can_be_read() -> None:
    """4.1.5: a DSA key whose parameters stand in its issuer's certificate."""
    unread = {case.leaf for case in load_cases()} - set(load_certificates())
    assert unread == {"ValidDSAParameterInheritanceTest5EE"}
    assert (len(load_certificates()), len(load_crls())) == (403, 173)


@pytest.mark.parametrize("case", load_cases(), ids=lambda case: case.number)
def test_a_case_ends_as_the_table_says(judge: ChainJudge, case: Case) -> None:
    refused = refusal(judge, case)
    assert (refused is None) == (case.ours in {"accepted", "not-asked"}), refused
    if isinstance(refused, NotVerified) and case.ours != "refused":
        assert refused.sub_indication in DEVIATIONS[case.ours].answers


@pytest.mark.parametrize("case", load_cases(), ids=lambda case: case.number)
def test_no_invalid_path_is_accepted(judge: ChainJudge, case: Case) -> None:
    """The one rule without exception; a deviation is always a refusal, and has a stated reason."""
    if not case.is_valid and not case.settings:
        assert refusal(judge, case) is not None
    if case.is_valid:
        assert case.ours == "accepted" or case.ours in DEVIATIONS
    else:
        assert case.ours == "refused" or (case.ours == "not-asked" and case.settings)


def test_what_is_accepted_with_settings_left_out_is_valid_without_them() -> None:
    """`not-asked` hides no wrong answer: the same certificate, asked about as we can, is valid to NIST.

    4.8.1 and 4.8.20 pose no such row. Their certificates all state one policy and constrain nothing, and
    NIST calls the paths valid even with the stricter settings.
    """
    unset = {case.leaf for case in load_cases() if case.is_valid and not case.settings}
    stricter = {"CPSPointerQualifierTest20EE"}
    for case in load_cases():
        if case.ours == "not-asked":
            assert case.leaf in unset | stricter


def test_the_limits_of_production_refuse_the_whole_suite() -> None:
    """No key of it is as long as we ask for."""
    judge = make_judge(OUR_LIMITS)
    assert all(refusal(judge, case) is not None for case in load_cases())


@pytest.mark.parametrize(
    "left_out",
    # The suite holds the root's own list twice: 4.4.6 hands it out as another authority's.
    [("GoodCACRL",), ("TrustAnchorRootCRL", "WrongCRLCACRL")],
    ids=["the issuer's", "the root's"],
)
def test_a_path_needs_every_crl_on_its_way(left_out: tuple[str, ...]) -> None:
    certificates = load_certificates()
    judge = ChainJudge(
        roots=[certificates["TrustAnchorRootCertificate"]],
        certificates=certificates.values(),
        crls=[crl for name, crl in load_crls().items() if name not in left_out],
        limits=SUITE_LIMITS,
    )
    assert refusal(judge, load_cases()[0]) is not None


def test_the_table_in_the_documentation_is_what_the_verifier_answers() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    tables = "\n".join(_write_tables())
    written = _TABLES.sub(lambda found: f"{found[1]}{tables}\n{found[2]}", text)
    if os.environ.get("WATHIQA_WRITE_PKITS"):
        DOCUMENT.write_text(written, encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == written


def _write_tables() -> Iterator[str]:
    judge = make_judge()
    cases = load_cases()
    yield "| NIST says | Our verifier | Cases |"
    yield "|---|---|---|"
    for (nist, ours), count in sorted(Counter((_nist(case), _ours(case)) for case in cases).items()):
        yield f"| {nist} | {ours} | {count} |"
    yield ""
    yield "| Deviation | Why | Cases |"
    yield "|---|---|---|"
    for code, deviation in DEVIATIONS.items():
        numbers = ", ".join(case.number.replace(" / ", "/") for case in cases if case.ours == code)
        yield f"| {deviation.title} | {deviation.reason} | {numbers} |"
    yield ""
    yield "| Case | | Settings | NIST | Ours | Answer |"
    yield "|---|---|---|---|---|---|"
    for case in cases:
        cells = (
            case.number,
            case.name,
            case.settings,
            _nist(case),
            _ours(case),
            _answer(judge, case),
        )
        yield f"| {' | '.join(cells)} |"


def _nist(case: Case) -> str:
    return "valid" if case.is_valid else "invalid"


def _ours(case: Case) -> str:
    match case.ours:
        case "accepted" | "refused":
            return case.ours
        case "not-asked":
            return "not asked"
        case code:
            return f"refused: {DEVIATIONS[code].title}"


def _answer(judge: ChainJudge, case: Case) -> str:
    refused = refusal(judge, case)
    if isinstance(refused, NotVerified):
        rule = refused.facts.get("rule") or refused.facts.get("reason")
        return f"`{refused.sub_indication}`" + (f" {rule}" if rule else "")
    return refused or "passed"


def test_the_suite_is_whole_in_the_package() -> None:
    """A certificate from it, so that an empty folder is not taken for success."""
    leaf = load_certificates()["ValidCertificatePathTest1EE"]
    assert leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value == (
        "Valid EE Certificate Test1"
    )
