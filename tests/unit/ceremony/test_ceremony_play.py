"""Ceremonies and their rehearsals, from plan to results."""

import json
import os
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from ca.ceremony.check import check_results
from ca.ceremony.earlier import load_earlier
from ca.ceremony.errors import (
    AlreadyThere,
    CeremonyError,
    PlanRefused,
    RequestRefused,
    ResultsRefused,
    SheetRefused,
)
from ca.ceremony.plan import load_plan
from ca.ceremony.play import perform, rehearse
from ca.ceremony.results import write_results
from ca.ceremony.room import EmptyRoom
from ca.ceremony.shares import new_secret, split
from ca.ceremony.transcript import compare
from ca.reasons import RevocationReason
from keys.key_file import ScryptCost

FIRST = ("issuing", "trust-list")
FAST = ScryptCost(n=2, p=1)


def performed(places: Any, plan: Any, room: Any = None, earlier: Any = None) -> Any:
    room = room or EmptyRoom()
    return perform(plan, room, clock=lambda: places.now, program="wathiqa test", earlier=earlier, cost=FAST)


def rehearsed(places: Any, plan: Any, earlier: Any = None) -> Any:
    return rehearse(plan, clock=lambda: places.now, program="wathiqa test", earlier=earlier)


def test_a_rehearsal_and_its_ceremony_agree_but_for_what_must_differ(places: Any) -> None:
    plan = places.root.plan(at=places.now, certify=FIRST)
    played = rehearsed(places, plan)
    places.later(days=1)
    done = performed(places, plan)

    found = compare(played.transcript.encode(), done.transcript.encode())
    assert found.agree
    assert found.marked > 20
    assert played.bundle.root.public_key() != done.bundle.root.public_key()


def test_another_plan_than_the_rehearsed_one_is_told(places: Any) -> None:
    plan = places.root.plan(at=places.now, certify=FIRST)
    other = places.root.plan(at=places.now, certify=("issuing",))

    played, done = rehearsed(places, plan), performed(places, other)
    assert not compare(played.transcript.encode(), done.transcript.encode()).agree


def test_a_later_ceremony_opens_the_root_with_some_of_the_sheets(places: Any) -> None:
    places.hold(certify=FIRST)
    places.take_in()
    old = places.root.last.bundle.certificates[1].certificate
    places.keyring.replace("issuing", at=places.later(days=10))
    acts = {
        "certify": ["issuing-2"],
        "revoke": [("issuing", old.serial_number, RevocationReason.KEY_COMPROMISE)],
    }
    plan, earlier = places.root.plan(at=places.now, **acts), places.root.earlier()
    played = rehearsed(places, plan, earlier)
    room = EmptyRoom(sheets=[places.root.room.sheets[2], places.root.room.sheets[0]])
    places.later(hours=1)
    done = performed(places, plan, room, earlier)

    assert compare(played.transcript.encode(), done.transcript.encode()).agree
    assert [each.name for each in done.bundle.certificates] == ["root", "issuing", "trust-list", "issuing-2"]
    assert done.bundle.root == earlier.bundle.root
    assert "أمل, Carim" in done.transcript.text() or "Carim, أمل" in done.transcript.text()
    crl = x509.load_der_x509_crl(done.bundle.crl)
    assert {entry.serial_number for entry in crl} == {old.serial_number}
    assert crl.next_update_utc == places.now + timedelta(days=365)


def test_a_list_that_ran_out_does_not_stop_the_ceremony_that_makes_the_next(places: Any) -> None:
    places.hold(certify=FIRST)
    places.later(days=366)

    crl = x509.load_der_x509_crl(places.hold().bundle.crl)
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 2


class Forgetful(EmptyRoom):
    """People who type what they should not, and give up when told so."""

    def __init__(self, typed: Any) -> None:
        super().__init__()
        self._typed = typed

    def hand_out(self, custodian: str, sheet: Any, *, count: int, check: Any) -> None:
        del custodian, count
        check(self._typed(sheet))

    def collect(self, custodians: Any, *, check: Any) -> Any:
        del custodians
        return check(self._typed(None))


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (lambda sheet: " ".join(sheet.words[:-1]), "32 words"),
        (lambda sheet: " ".join(["academic", *sheet.words[1:]]), "word 1"),
        (lambda sheet: " ".join([*sheet.words[:9], "acid", *sheet.words[10:]]), "word 10|checksum"),
        (lambda _: " ".join(split(new_secret(), threshold=2, count=3)[0].words), "word 1|word 2"),
    ],
    ids=["a word short", "a wrong word", "another wrong word", "another sheet"],
)
def test_no_key_is_used_before_every_sheet_was_typed_back(places: Any, typed: Any, why: str) -> None:
    plan = places.root.plan(at=places.now, certify=FIRST)
    room = Forgetful(typed)

    with pytest.raises(SheetRefused, match=why):
        performed(places, plan, room)
    assert not any("opened" in step.title for step in room.steps)


@pytest.mark.parametrize("case", ["foreign", "twice"])
def test_foreign_and_doubled_sheets_open_nothing(places: Any, case: str) -> None:
    places.hold(certify=FIRST)
    plan, earlier = places.root.plan(at=places.later(days=1)), places.root.earlier()
    sheets = {
        "foreign": list(split(new_secret(), threshold=2, count=3)),
        "twice": [places.root.room.sheets[1]],
    }[case]

    with pytest.raises(SheetRefused, match={"foreign": "belongs to set", "twice": "given before"}[case]):
        performed(places, plan, EmptyRoom(sheets=sheets), earlier)


def test_a_plan_for_another_root_opens_nothing(places: Any) -> None:
    places.hold(certify=FIRST)
    plan, earlier = places.root.plan(at=places.later(days=1)), places.root.earlier()
    another = replace(plan.root.earlier, certificate_sha256="0" * 64)
    for changed, field in (
        (replace(plan, root=replace(plan.root, earlier=another)), "certificate-sha256"),
        (replace(plan, threshold=3), "threshold"),
        (replace(plan, custodians=("a", "b", "c")), "custodians"),
    ):
        with pytest.raises(PlanRefused, match=field):
            performed(places, changed, places.root.room, earlier)


def test_the_number_of_the_list_is_the_one_that_is_due(places: Any) -> None:
    plan = places.root.plan(at=places.now, certify=FIRST)
    acts = (*plan.acts[:-1], replace(plan.acts[-1], number=7))

    with pytest.raises(PlanRefused, match="follows the last"):
        performed(places, replace(plan, acts=acts))


def test_a_request_for_another_subject_or_without_its_key_is_refused(places: Any) -> None:
    plan = places.root.plan(at=places.now, certify=FIRST)
    create, issuing, trust_list, issue = plan.acts
    tampered = bytearray(issuing.request)
    tampered[-60] ^= 1
    for act in (replace(issuing, subject=trust_list.subject), replace(issuing, request=bytes(tampered))):
        with pytest.raises(RequestRefused):
            performed(places, replace(plan, acts=(create, act, issue)))


def test_nothing_is_certified_beyond_the_root(places: Any) -> None:
    plan = places.root.plan(at=places.now, certify=FIRST)
    create, issuing, _, issue = plan.acts
    acts = (replace(create, valid_days=3650), replace(issuing, valid_days=3650), issue)
    performed(places, replace(plan, acts=acts))
    acts = (replace(create, valid_days=3649), *acts[1:])

    with pytest.raises(PlanRefused, match="not beyond the root"):
        performed(places, replace(plan, acts=acts))


# Results


def test_results_are_whole_private_and_never_overwritten(founded: Any, results: Path) -> None:
    before = {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}
    assert {stat.S_IMODE(path.stat().st_mode) for path in before} == {0o600}
    assert stat.S_IMODE(results.stat().st_mode) == 0o700

    with pytest.raises(AlreadyThere):
        write_results(results, founded.root.last.files)
    assert {path: path.read_bytes() for path in before} == before
    for path, data in before.items():
        assert not any(" ".join(sheet.words).encode() in data for sheet in founded.root.room.sheets), path


@pytest.mark.parametrize("broken", ["os.fsync", "os.open", "Path.rename"])
def test_a_ceremony_that_breaks_off_while_writing_leaves_nothing(
    places: Any, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    files, folder = places.hold(certify=FIRST).files, places.folder / "results"
    calls = 0
    module, _, name = broken.partition(".")
    target: Any = {"os": os, "Path": Path}[module]
    real = getattr(target, name)

    def fails_later(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == (6 if module == "os" else 1):
            raise OSError(28, "No space left on device")
        return real(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(target, name, fails_later)
        with pytest.raises(OSError, match="No space"):
            write_results(folder, files)
    assert not folder.exists()
    assert not list(places.folder.glob(".results*"))
    write_results(folder, files)
    assert list(check_results(folder))


def test_results_follow_their_transcript_and_their_plan(results: Path) -> None:
    sentences = list(check_results(results))
    assert len(sentences) == 7

    (results / "root.key.pem").unlink()  # it lies in its safe
    assert any("safe" in each for each in check_results(results))


@pytest.mark.parametrize(
    "name",
    [
        "plan.yaml", "requests/issuing.csr.pem", "transcript.txt", "transcript.json", "signatures.txt",
        "custody.json", "root.key.pem", "bundle/bundle.json", "bundle/root.crl", "certificate",
    ],
)  # fmt: skip
@pytest.mark.parametrize("where", [0.2, 0.5, 0.9])
def test_one_changed_byte_anywhere_is_found(results: Path, name: str, where: float) -> None:
    path = results / name if name != "certificate" else next((results / "bundle/certificates").iterdir())
    data = bytearray(path.read_bytes())
    data[int(len(data) * where)] ^= 1
    path.write_bytes(bytes(data))

    with pytest.raises(CeremonyError):
        list(check_results(results))


def test_a_rehearsal_is_not_taken_for_a_ceremony(places: Any, results: Path) -> None:
    played = rehearsed(places, load_plan(results / "plan.yaml"))
    (results / "transcript.txt").write_bytes(played.transcript.encode())
    (results / "transcript.json").write_bytes(played.transcript.to_json())

    with pytest.raises(ResultsRefused, match="rehearsal"):
        list(check_results(results))


def test_what_another_ceremony_signed_is_not_what_this_plan_states(places: Any, results: Path) -> None:
    """Each file right in itself, digests and all, and yet not this plan's."""
    other = performed(places, replace(load_plan(results / "plan.yaml"), threshold=3)).files
    for name in ("transcript.txt", "transcript.json", "custody.json", "signatures.txt", "root.key.pem"):
        (results / name).write_bytes(other[name])
    for path in (results / "bundle/certificates").iterdir():
        path.unlink()
    for name, data in other.items():
        if name.startswith("bundle/"):
            (results / name).write_bytes(data)

    with pytest.raises(ResultsRefused, match="custody"):
        list(check_results(results))


def test_the_results_of_one_ceremony_are_what_the_next_opens(founded: Any, results: Path) -> None:
    plan = founded.root.plan(at=founded.later(days=1))
    stated = replace(plan.root.earlier, results=results)
    plan = replace(plan, root=replace(plan.root, earlier=stated))
    earlier = load_earlier(plan)

    assert performed(founded, plan, founded.root.room, earlier).bundle.root == earlier.bundle.root
    (results / "custody.json").write_text(json.dumps({"format": "x"}))
    with pytest.raises(ResultsRefused, match="custody"):
        load_earlier(plan)
