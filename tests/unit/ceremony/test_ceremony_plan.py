from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from yaml import MappingNode, ScalarNode

from ca.ceremony.errors import PlanRefused, RequestRefused
from ca.ceremony.plan import CreateRoot, IssueCrl, ceremony_profile, load_plan, parse_plan
from ca.ceremony.requests import Gathering, draft_plan, root_subject
from ca.ceremony.strict_yaml import _Loader
from ca.names import Operator
from ca.profiles import ProfileName

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
GATHERING = Gathering(
    ceremony="root-2026",
    purpose="First",
    place="دمشق",
    people=[("witness", "هند المثال")],
    custodians=["أمل", "Basil", "Carim"],
)


@pytest.fixture(scope="module")
def draft(tmp_path_factory: pytest.TempPathFactory, offline_root: Any, open_keyring: Any) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("plan")
    root = offline_root(open_keyring(folder, lambda: AT), engine=None)
    requests = [root.request(key, at=AT) for key in ("issuing", "trust-list")]
    (folder / "requests").mkdir()
    for request in requests:
        (folder / request.file).write_bytes(request.pem)
    origin = "http://pki.wathiqa.example"
    source = draft_plan(GATHERING, root=root_subject(Operator()), origin=origin, requests=requests)
    return folder, source.decode()


def test_a_drafted_plan_is_read_as_it_was_meant(draft: tuple[Path, str]) -> None:
    folder, source = draft
    plan = parse_plan(source.encode(), folder=folder)

    assert (plan.ceremony, plan.threshold, plan.custodians) == ("root-2026", 2, ("أمل", "Basil", "Carim"))
    assert isinstance(plan.acts[0], CreateRoot)
    assert plan.acts[-1] == IssueCrl(number=1, valid_days=365)
    assert plan.root.earlier is None


def test_what_nobody_filled_in_is_refused(draft: tuple[Path, str]) -> None:
    folder, source = draft
    unfilled = source.replace("دمشق", "CHANGE-ME")

    with pytest.raises(PlanRefused, match="CHANGE-ME"):
        parse_plan(unfilled.encode(), folder=folder)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("purpose:", "colour: red\npurpose:", "no such field"),
        ("  threshold: 2", "  threshold: 2\n  treshold: 2", "no such field"),
        ("    valid-days: 7300", "    valid-days: 7300\n    key: root", "no such field"),
        ("place:", "place: elsewhere\nplace:", "stands twice"),
        ('place: "دمشق"\n', "", "must be stated"),
        ('"دمشق"', '""', "not empty"),
        ('"دمشق"', '"a [[key: b]]"', "one line"),
        ('"دمشق"', '"' + "x" * 201 + '"', "at most 200"),
        ('"دمشق"', "&here x\npeople: *here", "anchors"),
        ('"دمشق"', '"a\u202eb"', "invisible character"),
        ("threshold: 2", "threshold: 1", "from 2 to 16"),
        ("threshold: 2", "threshold: 02", "whole number"),
        ("threshold: 2", "threshold: 4", "no more than there are"),
        ('- name: "Basil"', '- name: "أمل"', "somebody else"),
        ("ceremony: root-2026", "ceremony: ../root", "small letters"),
        ("algorithm: P-384", "algorithm: Ed25519", "one of"),
        ("valid-days: 7300", "valid-days: 7301", "from 1 to 7300"),
        ("valid-days: 7300", "valid-days: 1e3", "whole number"),
        ("valid-days: 7300", "valid-days: yes", "whole number"),
        ("valid-days: 365\n", "valid-days: 401\n", "from 1 to 400"),
        ("act: create-root", "act: destroy-root", "create-root, certify"),
        ("key: issuing", "key: seal-civil-registry", "a key of"),
        ("key: issuing", "key: issuing-1", "a key of"),
        ("key: trust-list", "key: issuing", "for the key issuing"),
        ("requests/issuing", "../requests/issuing", "beside the plan"),
        ("requests/issuing", "/etc/issuing", "beside the plan"),
        ("SY-WATHIQA", "nonsense", "EN 319 412-1"),
        ('country: "SY"', 'country: "SYR"', "1 to 2"),
        ("http://pki", "ftp://pki", "http"),
        ("wathiqa-ceremony-plan-1", "wathiqa-ceremony-plan-2", "plan-1"),
        ("  - act: issue-crl\n    number: 1\n    valid-days: 365\n", "", "issue-crl last"),
        (
            "  - act: issue-crl",
            "  - act: create-root\n    valid-days: 1\n  - act: issue-crl",
            "create-root first",
        ),
        (
            "  - act: issue-crl",
            "  - act: revoke\n    key: issuing\n    serial: 1f\n    reason: unspecified\n  - act: issue-crl",
            "say precisely why",
        ),
        ("acts:", "nothing:", "must be stated"),
    ],
)
def test_a_plan_that_is_not_strictly_one_is_refused(
    draft: tuple[Path, str], old: str, new: str, why: str
) -> None:
    folder, source = draft
    changed = source.replace(old, new, 1)
    assert changed != source

    with pytest.raises(PlanRefused, match=why.replace("(", r"\(")):
        parse_plan(changed.encode(), folder=folder)


class _Counted(str):
    """A key that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        _Counted.compared += 1
        return super().__eq__(other)

    __hash__ = str.__hash__


def test_many_keys_are_compared_no_more_often_than_they_are_many() -> None:
    """The attack: a plan of 40,000 names keeps the ceremony's machine busy for hours."""
    keys = [_Counted(f"k{number}") for number in range(300)]
    pairs = [(ScalarNode("", key), ScalarNode("", "a")) for key in keys]
    _Loader("").construct_mapping(MappingNode("", pairs))

    assert _Counted.compared < 10 * len(keys)


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"[",
        b"a",
        b"- a",
        b"\xff",
        b"{a: {",
        b"? [a]\n: b",
        b"? {a: b}\n: c",
        b"x" * 300_000,
        b"[" * 5000,
    ],
)
def test_what_is_no_plan_at_all_is_refused(tmp_path: Path, source: bytes) -> None:
    with pytest.raises(PlanRefused):
        parse_plan(source, folder=tmp_path)


def test_a_request_that_was_exchanged_is_refused(draft: tuple[Path, str], tmp_path: Path) -> None:
    folder, source = draft
    (tmp_path / "requests").mkdir()
    other = (folder / "requests/trust-list.csr.pem").read_bytes()
    (tmp_path / "requests/issuing.csr.pem").write_bytes(other)
    (tmp_path / "plan.yaml").write_text(source, encoding="utf-8")

    with pytest.raises(RequestRefused, match="another SHA-256"):
        load_plan(tmp_path / "plan.yaml")
    (tmp_path / "requests/issuing.csr.pem").unlink()
    with pytest.raises(RequestRefused, match="can be read"):
        load_plan(tmp_path / "plan.yaml")


def test_generations_of_a_line_are_what_the_line_is() -> None:
    assert ceremony_profile("issuing") is ceremony_profile("issuing-2") is ProfileName.ISSUING
    assert ceremony_profile("trust-list-12") is ProfileName.TRUST_LIST
    for name in ("root", "seal-x", "issuing-1", "issuing-02", "issuing-", "issuing-x", "trust"):
        assert ceremony_profile(name) is None
