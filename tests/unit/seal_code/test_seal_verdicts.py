"""Every reason of a verdict, reached by what an attacker or a careless operator would do."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import Page

from keys.signer import Purpose
from signing.formats.cbor import encode_cbor, parse_cbor
from signing.formats.codes import CODE_TABLES
from signing.formats.cose import encode_sign1, parse_sign1, raw_signature, to_be_signed
from signing.formats.profiles import PROFILES
from signing.formats.status_list import Status, StatusList
from signing.formats.trust_list import KeyState
from signing.seal_codes import SealCodeSigner
from verify.reasons import MEANINGS, REMEMBERED, Reason
from verify.seal import SealReport, validate_seal_code
from verify.verdict import DocumentStatus, Indication, Outcome, SubIndication, Verdict


def _judge(world: Any, text: str | None = None, *, after: timedelta = timedelta(hours=6)) -> SealReport:
    at: datetime = world.claims().issued_at + after
    return validate_seal_code(text or world.seal_text(), trust=world.trust(at=at), at=at)


def test_a_document_in_force(world: Any) -> None:
    report = _judge(world)
    assert report.reason is Reason.IN_FORCE
    assert report.verdict is Verdict.GENUINE
    assert report.claims == world.claims()
    assert report.document.agency == "civil-registry"
    assert report.document.kind == "birth"
    assert report.check.outcome is Outcome.PASSED
    shown = {field.label.en: field.value for field in report.fields}
    assert shown["Given name"] == "فاطمة"
    assert shown["National number"] == "99010000123"
    assert shown["Time of birth"] == "04:05"
    assert shown["Sex"] == "أنثى / Female"


def _stolen_key(world: Any) -> str:
    """The thief seals what was never issued: its index still says so."""
    text: str = world.seal_text(world.claims(status_index=1, issued_at=world.claims().issued_at))
    return text


def _revoke(world: Any, status: Status) -> str:
    world.publish_status(status)
    text: str = world.seal_text()
    return text


def _with_trust(**changes: Any) -> Callable[[Any], str]:
    def arrange(world: Any) -> str:
        world.publish_trust_list(**changes)
        text: str = world.seal_text()
        return text

    return arrange


def _with_key(**changes: Any) -> Callable[[Any], str]:
    def arrange(world: Any) -> str:
        world.publish_trust_list(seal_keys=(world.seal_key(**changes),))
        text: str = world.seal_text()
        return text

    return arrange


def _another_key(world: Any) -> str:
    """The identifier is ours, the key is not."""
    kid = world.kid
    thief = replace(world.seal, key=ec.generate_private_key(ec.SECP256R1()))
    signer = SealCodeSigner(signer=thief, kid=kid, verify_origin="https://verify.wathiqa.example")
    return signer.sign(world.claims()).text


def _drop_status(world: Any) -> str:
    (world.public / "status/1.cwt").unlink()
    text: str = world.seal_text()
    return text


def _empty_status(world: Any) -> str:
    world.entries = StatusList.not_issued()
    world.publish_status()
    text: str = world.seal_text()
    return text


def _strange_status(world: Any) -> str:
    """A later register says what this verifier never heard of: anything but in force."""
    packed = bytearray(StatusList.not_issued().compress())
    packed = bytearray(zlib.decompress(packed))
    index = world.claims().status_index
    packed[index // 2] = 0x77
    world.entries = StatusList(packed)
    world.publish_status()
    text: str = world.seal_text()
    return text


def _lasting_status(world: Any) -> str:
    """Whoever stole a status key dates a list back and would have it count for ever."""
    world.publish_status(Status.VALID)
    path = world.public / "status/1.cwt"
    message = parse_sign1(path.read_bytes())
    claims = parse_cbor(message.content)
    assert isinstance(claims, Mapping)
    issued_at = claims[6]
    assert isinstance(issued_at, int)
    content = encode_cbor({**claims, 4: issued_at + 8 * 86_400})
    signature = world.status.sign(to_be_signed(message.protected, content), purpose=Purpose.STATUS)
    path.write_bytes(encode_sign1(message.protected, content, raw_signature(signature)))
    text: str = world.seal_text()
    return text


CASES: dict[str, tuple[Reason, Callable[[Any], str]]] = {
    "revoked": (Reason.REVOKED, lambda world: _revoke(world, Status.REVOKED)),
    "issued in error": (
        Reason.REVOKED_ISSUED_IN_ERROR,
        lambda world: _revoke(world, Status.REVOKED_ISSUED_IN_ERROR),
    ),
    "record corrected": (
        Reason.REVOKED_RECORD_CORRECTED,
        lambda world: _revoke(world, Status.REVOKED_RECORD_CORRECTED),
    ),
    "fraud": (Reason.REVOKED_FRAUD, lambda world: _revoke(world, Status.REVOKED_FRAUD)),
    "court order": (Reason.REVOKED_COURT_ORDER, lambda world: _revoke(world, Status.REVOKED_COURT_ORDER)),
    "suspended": (Reason.SUSPENDED, lambda world: _revoke(world, Status.SUSPENDED)),
    "a status of another age": (Reason.STATUS_NOT_UNDERSTOOD, _strange_status),
    "superseded": (Reason.SUPERSEDED, lambda world: _revoke(world, Status.SUPERSEDED)),
    "sealed with a stolen key": (Reason.NOT_ISSUED, _stolen_key),
    "taken back from the list": (Reason.NOT_ISSUED, _empty_status),
    "no status list": (Reason.STATUS_MISSING, _drop_status),
    "an index outside the list": (
        Reason.STATUS_MISSING,
        lambda world: world.seal_text(world.claims(status_index=1 << 30)),
    ),
    "not a seal code": (Reason.UNREADABLE, lambda _: "https://verify.wathiqa.example/#12345"),
    "another service's origin": (
        Reason.WRONG_ORIGIN,
        lambda world: world.seal_text(origin="https://verify.wathiqa.example.evil.example"),
    ),
    "made for another origin, then moved": (
        Reason.BAD_SIGNATURE,
        lambda world: world.seal_text(origin="https://verify.other.example").replace("other", "wathiqa"),
    ),
    "sealed with another key under our identifier": (Reason.BAD_SIGNATURE, _another_key),
    "an unknown key, older than the trust list": (
        Reason.UNKNOWN_KEY,
        lambda world: _resealed_before(world, timedelta(days=3)),
    ),
    "an unknown key, newer than the trust list": (
        Reason.KEY_TOO_NEW,
        lambda world: _resealed_before(world, timedelta(0)),
    ),
    "a stolen key, after it was stopped": (
        Reason.KEY_NOT_PERMITTED,
        lambda world: _with_key(
            state=KeyState.COMPROMISED, not_after=world.claims().issued_at - timedelta(seconds=1)
        )(world),
    ),
    "a status list that lives for years": (Reason.STATUS_MISSING, _lasting_status),
    "an unknown key, as old as the trust list": (
        Reason.KEY_TOO_NEW,
        lambda world: _resealed_before(world, world.claims().issued_at - world.trust_list().issued_at),
    ),
    "a compromised key": (Reason.KEY_COMPROMISED, _with_key(state=KeyState.COMPROMISED)),
    "a retired key, within its window": (Reason.IN_FORCE, _with_key(state=KeyState.RETIRED)),
    "another agency's key": (Reason.KEY_NOT_PERMITTED, _with_key(agency=2)),
    "a key for other kinds": (Reason.KEY_NOT_PERMITTED, _with_key(profiles=(7,))),
    "a key whose window had closed": (
        Reason.KEY_NOT_PERMITTED,
        lambda world: _with_key(not_after=world.claims().issued_at - timedelta(seconds=1))(world),
    ),
    "a kind the list does not know": (Reason.UNKNOWN_PROFILE, _with_trust(profiles=PROFILES[:2])),
    "one field too few": (
        Reason.FIELDS_MALFORMED,
        lambda world: world.seal_text(world.claims(fields=world.claims().fields[:-1])),
    ),
    "a number where text belongs": (
        Reason.FIELDS_MALFORMED,
        lambda world: world.seal_text(world.claims(fields=(1, *world.claims().fields[1:]))),
    ),
    "a code that means nothing": (
        Reason.FIELDS_MALFORMED,
        _with_trust(tables={**CODE_TABLES, "sex": CODE_TABLES["sex"][:1]}),
    ),
    "issued tomorrow": (
        Reason.CLOCK_WRONG,
        lambda world: world.seal_text(world.claims(issued_at=world.claims().issued_at + timedelta(days=1))),
    ),
    "a later version": (Reason.UNKNOWN_VERSION, lambda world: world.seal_text().replace("#1", "#7")),
    "two keys share an identifier": (
        Reason.IN_FORCE,
        lambda world: _with_trust(
            seal_keys=(world.seal_key(public_key=world.status.public_key), world.seal_key())
        )(world),
    ),
}


def _resealed_before(world: Any, earlier: timedelta) -> str:
    claims = world.claims(issued_at=world.claims().issued_at - earlier)
    world.publish_trust_list(seal_keys=())
    text: str = world.seal_text(claims)
    return text


@pytest.mark.parametrize("name", CASES)
def test_reason(world: Any, name: str) -> None:
    reason, arrange = CASES[name]
    report = _judge(world, arrange(world))
    assert report.reason is reason
    if report.indication is Indication.TOTAL_FAILED:
        assert report.claims is None, "what no key of ours signed is never shown"
        assert report.fields == ()


def test_the_page_gives_the_same_reasons(world: Any, page: Page) -> None:
    """Each case has a root of its own, so nothing the page kept from the one before is believed."""
    for name, (reason, arrange) in CASES.items():
        another = type(world)(public=world.public)
        another.publish()
        text = arrange(another)
        another.publish_page()
        page.goto("about:blank")
        page.goto(f"{world.origin}/")
        page.locator("summary").first.click()
        page.locator("#text").fill(text)
        page.locator("#check").click()
        page.locator("#verdict").wait_for()
        assert page.locator("#verdict").get_attribute("data-reason") == reason.value, name
        is_believed = MEANINGS[reason].indication is Indication.TOTAL_PASSED
        assert page.locator("#fields").is_visible() == is_believed, name


def test_after_its_time_a_document_is_expired(world: Any) -> None:
    world.publish_trust_list(
        issued_at=world.claims().expires_at, expires_at=world.claims().expires_at + timedelta(days=9)
    )
    report = _judge(world, after=timedelta(days=91))
    assert (report.reason, report.status) == (Reason.EXPIRED, DocumentStatus.EXPIRED)
    world.publish_status(Status.REVOKED)
    assert _judge(world, after=timedelta(days=91)).reason is Reason.REVOKED


def test_an_expired_status_list_cannot_say_in_force(world: Any) -> None:
    assert _judge(world, after=timedelta(days=4)).reason is Reason.STATUS_STALE
    assert _judge(world, after=timedelta(days=4)).verdict is Verdict.UNDECIDED


def test_an_expired_trust_list_decides_nothing(world: Any) -> None:
    report = _judge(world, after=timedelta(days=29))
    assert (report.reason, report.sub_indication) == (Reason.TRUST_STALE, SubIndication.TRY_LATER)


def test_a_list_older_than_the_document_cannot_call_it_not_issued(world: Any) -> None:
    """The list a counter fetched this morning does not know what was issued at noon."""
    claims = world.claims(status_index=5, issued_at=world.claims().issued_at + timedelta(hours=5))
    report = _judge(world, world.seal_text(claims))
    assert (report.reason, report.verdict) == (Reason.STATUS_STALE, Verdict.UNDECIDED)


def test_every_single_flipped_digit_is_refused(world: Any) -> None:
    trust, text = world.trust(), world.seal_text()
    at = world.claims().issued_at + timedelta(hours=6)
    start = text.index("#") + 1
    for position in range(start, len(text)):
        flipped = str((int(text[position]) + 1 + position % 9) % 10)
        changed = text[:position] + flipped + text[position + 1 :]
        report = validate_seal_code(changed, trust=trust, at=at)
        assert report.verdict in {Verdict.NOT_GENUINE, Verdict.UNDECIDED}
        assert report.claims is None
        assert report.reason in {
            Reason.UNREADABLE,
            Reason.UNKNOWN_VERSION,
            Reason.UNKNOWN_KEY,
            Reason.KEY_TOO_NEW,
            Reason.BAD_SIGNATURE,
        }


def test_every_reason_has_words_and_a_verdict() -> None:
    assert set(MEANINGS) == set(Reason)
    for meaning in MEANINGS.values():
        assert meaning.words.ar
        assert meaning.words.en
    tested = {reason for reason, _ in CASES.values()}
    by_name = {Reason.EXPIRED, Reason.STATUS_STALE, Reason.TRUST_STALE, *REMEMBERED}
    assert set(Reason) - tested == by_name, "tested by name"
