"""Games with dates: claimed times, codes of tomorrow, and verifiers that are asked about another day."""

from datetime import timedelta
from typing import Any

from attack_register import Source, attack
from attack_scene import LATER, Attempt, Scene, judged, published
from attack_writing import matched
from sealing_forgery import without_time_stamp
from sealing_office import birth
from sealing_pki import NOW, Revocation

from signing.formats.document_number import make_document_number
from signing.formats.pades_level import Level
from signing.formats.status_list import Status
from verify.verdict import Verdict

DATES = "Dates"
OPEN = Verdict.UNDECIDED
RECORD = birth(make_document_number(2026, 1))


def _revoked(office: Any, at: Any) -> None:
    office.authority.revoked[office.authority.seal.certificate.serial_number] = Revocation(at)


@attack(DATES, Source.PADES, verdict=OPEN, because="seal-certificate: REVOKED_NO_POE")
def dated_back_before_the_revocation(scene: Scene) -> Attempt:
    """A thief seals after the revocation, claims a time before it, and leaves the time-stamp out."""
    office = scene.fresh()
    _revoked(office, NOW + timedelta(hours=1))
    pdf = without_time_stamp(office.document())
    return judged(office, pdf, LATER, crls=published(office, LATER))


@attack(DATES, Source.PADES, verdict=OPEN, because="seal-certificate: REVOKED_NO_POE")
def dated_back_with_a_genuine_time_stamp(scene: Scene) -> Attempt:
    """The same with a genuine time-stamp from after the revocation, as near as a claim may be."""
    office = scene.fresh()
    _revoked(office, NOW + timedelta(minutes=30))
    stamp = office.authority.time_stamp(lambda: NOW + timedelta(hours=1))
    pdf = office.document(time_stamp=stamp)
    return judged(office, pdf, LATER, crls=published(office, LATER))


@attack(
    DATES,
    Source.PADES,
    each=[
        ("no time", b"/M ()"),
        ("local time", b"/M (D:20261122090000+03'00')"),
        ("no seconds", b"/M (D:2026)"),
        ("no such day", b"/M (D:20260231090000Z)"),
        ("words", b"/M (yesterday)"),
    ],
)
def claimed_time_written_otherwise(scene: Scene, entry: bytes) -> bytes:
    """The claimed time is written in another way than UTC, or not at all."""
    return (
        matched(scene.bare, rb"/M \(.*?\) ?\n", entry + b"\n") if len(entry) < 24 else _longer(scene, entry)
    )


def _longer(scene: Scene, entry: bytes) -> bytes:
    """Room is taken from the white space behind the byte range."""
    room = matched(scene.bare, rb"\] {30}", b"]")
    start = room.index(b"/M (D")
    end = room.index(b"\n", start)
    grown = len(entry) - (end - start)
    place = room.index(b" " * grown, room.index(b"/ByteRange"))
    moved = room[:place] + room[place + grown : start] + entry + room[end:]
    return moved if len(moved) == len(room) else room


@attack(DATES, Source.OURS, verdict=OPEN, because="time-stamp: TIMESTAMP_ORDER_FAILURE")
def asked_about_a_day_before_the_document(scene: Scene) -> Attempt:
    """The verifier is asked about yesterday: the document did not exist."""
    return judged(scene.office, scene.sealed, NOW - timedelta(days=1))


@attack(DATES, Source.OURS, verdict=OPEN, because="status-stale")
def asked_about_a_day_long_after_the_lists(scene: Scene) -> Attempt:
    """The verifier is asked about a day for which no list speaks yet."""
    return judged(scene.office, scene.sealed, NOW + timedelta(days=20))


@attack(DATES, Source.OURS, verdict=OPEN, because="status-of-later")
def asked_about_the_day_before_the_withdrawal(scene: Scene) -> Attempt:
    """The verifier is asked about an instant before the list that says withdrawn: nobody knows since when."""
    office = scene.fresh()
    pdf = office.document()
    office.statuses[7] = Status.REVOKED
    return judged(office, pdf, NOW + timedelta(minutes=30))


@attack(DATES, Source.OURS, verdict=Verdict.NOT_IN_FORCE, because="expired")
def shown_after_its_own_end(scene: Scene) -> Attempt:
    """The document's own date has passed; nobody withdrew it."""
    office = scene.fresh()
    code = office.seal_code(office.claims(RECORD, expires_at=NOW + timedelta(hours=1)))
    return judged(office, office.document(record=RECORD, url=code))


@attack(DATES, Source.OURS, verdict=OPEN, because="time-stamp: TIMESTAMP_ORDER_FAILURE")
def code_of_tomorrow(scene: Scene) -> Attempt:
    """The code says that it is issued a day later than now, and the seal is as young."""
    office = scene.fresh()
    office.now = NOW + timedelta(days=1)
    pdf = office.document(level=Level.B_B)
    office.now = NOW
    return judged(office, pdf)


@attack(DATES, Source.OURS, because="record")
def code_younger_than_the_seal(scene: Scene) -> Attempt:
    """The file was sealed an hour before its code was issued: something was put under an old seal."""
    office = scene.fresh()
    code = office.seal_code(office.claims(RECORD, issued_at=NOW + timedelta(hours=1)))
    return judged(office, office.document(record=RECORD, url=code))
