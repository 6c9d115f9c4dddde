"""The status of a certificate over time, as the books, their history and the lists say it."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool

from ca.certificates import issue
from ca.crl import SCHEDULES, current_crl, issue_crl
from ca.errors import CrlNotMonotone, NotRevocable
from ca.profiles import ProfileName
from ca.reasons import RevocationReason
from ca.revocation import release, revoke, revoke_authority, suspend
from ca.store import Change, find_status_changes, load_certificate, load_last_crl, prepare_books
from ca.tables import crl_numbers

sys.path.insert(0, str(Path(__file__).parent))
from authority_by_hand import NOW, URLS, issuing, request, root

HOUR = timedelta(hours=1)
COMPROMISE = RevocationReason.KEY_COMPROMISE


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    prepare_books(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def serial(engine: Engine) -> int:
    return issue(engine, issuing(), request(ProfileName.SEAL), at=NOW, urls=URLS).serial_number


def entry(engine: Engine, serial: int, at: datetime) -> x509.RevokedCertificate | None:
    """What the list says that is current at `at`."""
    crl = current_crl(engine, issuing(), at=at)
    return x509.load_der_x509_crl(crl.der).get_revoked_certificate_by_serial_number(serial)


def reason_of(found: x509.RevokedCertificate | None) -> str:
    assert found is not None
    return found.extensions.get_extension_for_class(x509.CRLReason).value.reason.value


def test_a_suspended_certificate_is_listed_as_on_hold_at_once(engine: Engine, serial: int) -> None:
    current_crl(engine, issuing(), at=NOW)
    with engine.begin() as connection:
        held = suspend(connection, serial, at=NOW + HOUR, by="officer-1")

    found = entry(engine, serial, NOW + HOUR)
    assert reason_of(found) == "certificateHold"
    assert found is not None
    assert found.revocation_date_utc == NOW + HOUR
    assert held.is_on_hold
    assert not held.is_revoked


def test_a_released_certificate_is_off_the_next_list_and_its_history_stays(
    engine: Engine, serial: int
) -> None:
    with engine.begin() as connection:
        suspend(connection, serial, at=NOW + HOUR, by="officer-1")
    assert entry(engine, serial, NOW + HOUR) is not None
    with engine.begin() as connection:
        released = release(connection, serial, at=NOW + 2 * HOUR, by="officer-2")

    assert released.revoked_at is None
    assert entry(engine, serial, NOW + 2 * HOUR) is None
    with engine.connect() as connection:
        history = find_status_changes(connection, serial)
    assert [(each.change, each.changed_at, each.changed_by, each.reason) for each in history] == [
        (Change.HELD, NOW + HOUR, "officer-1", RevocationReason.CERTIFICATE_HOLD),
        (Change.RELEASED, NOW + 2 * HOUR, "officer-2", None),
    ]


def test_what_is_revoked_while_on_hold_is_revoked_as_of_its_suspension(engine: Engine, serial: int) -> None:
    """ITU-T X.509: the date on which it was put on hold; else a signature of the days between would pass."""
    with engine.begin() as connection:
        suspend(connection, serial, at=NOW + HOUR)
        release(connection, serial, at=NOW + 2 * HOUR)
        suspend(connection, serial, at=NOW + 3 * HOUR)
    assert reason_of(entry(engine, serial, NOW + 3 * HOUR)) == "certificateHold"
    with engine.begin() as connection:
        revoked = revoke(connection, serial, reason=COMPROMISE, at=NOW + 9 * HOUR, by="officer-3")

    found = entry(engine, serial, NOW + 9 * HOUR)
    assert reason_of(found) == "keyCompromise"
    assert found is not None
    assert found.revocation_date_utc == revoked.revoked_at == NOW + 3 * HOUR
    with engine.connect() as connection:
        last = find_status_changes(connection, serial)[-1]
    assert (last.changed_at, last.changed_by) == (NOW + 9 * HOUR, "officer-3"), "when it was done is kept too"


def test_an_invalidity_date_stands_in_the_entry_and_in_the_history(engine: Engine, serial: int) -> None:
    """RFC 5280 §5.3.2."""
    since = NOW + HOUR / 2
    with engine.begin() as connection:
        revoke(connection, serial, reason=COMPROMISE, at=NOW + 5 * HOUR, invalid_since=since)
        history = find_status_changes(connection, serial)

    found = entry(engine, serial, NOW + 5 * HOUR)
    assert found is not None
    assert found.revocation_date_utc == NOW + 5 * HOUR
    extension = found.extensions.get_extension_for_class(x509.InvalidityDate)
    assert extension.value.invalidity_date_utc == since
    assert not extension.critical
    assert history[-1].invalidity_date == since


@pytest.mark.parametrize(
    ("since", "held_at"),
    [
        pytest.param(NOW - timedelta(seconds=1), None, id="before its issue"),
        pytest.param(NOW + 5 * HOUR + timedelta(seconds=1), None, id="after its revocation"),
        pytest.param(NOW + 4 * HOUR, NOW + 3 * HOUR, id="after its suspension"),
    ],
)
def test_an_invalidity_date_that_makes_no_sense_is_refused(
    engine: Engine, serial: int, since: datetime, held_at: datetime | None
) -> None:
    with engine.begin() as connection:
        if held_at is not None:
            suspend(connection, serial, at=held_at)
        with pytest.raises(NotRevocable, match="invalidity date"):
            revoke(connection, serial, reason=COMPROMISE, at=NOW + 5 * HOUR, invalid_since=since)


def test_acts_that_do_not_fit_the_status_are_refused_and_leave_no_trace(engine: Engine, serial: int) -> None:
    at = NOW + HOUR
    with engine.begin() as connection:
        with pytest.raises(NotRevocable, match="not suspended"):
            release(connection, serial, at=at)
        with pytest.raises(NotRevocable, match="suspension"):
            revoke(connection, serial, reason=RevocationReason.CERTIFICATE_HOLD, at=at)
        assert find_status_changes(connection) == []
        suspend(connection, serial, at=at)
        with pytest.raises(NotRevocable, match="it is suspended"):
            suspend(connection, serial, at=at)
        for before in (release, suspend):
            with pytest.raises(NotRevocable, match="not yet suspended"):
                before(connection, serial, at=NOW)
        revoke(connection, serial, reason=COMPROMISE, at=at)
        for act in (release, suspend):
            with pytest.raises(NotRevocable, match="revoked on"):
                act(connection, serial, at=at)
        assert len(find_status_changes(connection)) == 2


def test_an_authority_is_revoked_by_nothing_but_its_own_act(engine: Engine) -> None:
    wanted = request(ProfileName.ISSUING, issuing().signer.public_key)
    authority = issue(engine, root(), wanted, at=NOW, urls=URLS).serial_number
    seal = issue(engine, issuing(), request(ProfileName.SEAL), at=NOW, urls=URLS).serial_number
    itself = issue(
        engine,
        replace(root(), certificate=None),
        request(ProfileName.ROOT, root().signer.public_key),
        at=NOW,
        urls=URLS,
    )
    with engine.begin() as connection:
        with pytest.raises(NotRevocable, match="authority's"):
            revoke(connection, authority, reason=COMPROMISE, at=NOW)
        with pytest.raises(NotRevocable, match="authority's"):
            suspend(connection, authority, at=NOW)
        with pytest.raises(NotRevocable, match="not an authority's"):
            revoke_authority(connection, seal, reason=COMPROMISE, at=NOW)
        with pytest.raises(NotRevocable, match="a root's"):
            revoke_authority(connection, itself.serial_number, reason=COMPROMISE, at=NOW)
        revoke_authority(connection, authority, reason=RevocationReason.CA_COMPROMISE, at=NOW)
    listed = x509.load_der_x509_crl(issue_crl(engine, root(), at=NOW).der)
    assert reason_of(listed.get_revoked_certificate_by_serial_number(authority)) == "cACompromise"


def test_a_time_stamping_unit_is_not_revoked_without_a_precise_reason(engine: Engine) -> None:
    """RFC 3161 §4: an entry without a reason code voids every token, those from before it too."""
    unit = issue(engine, issuing(), request(ProfileName.TIMESTAMP), at=NOW, urls=URLS).serial_number
    below = issue(engine, root(), request(ProfileName.ISSUING), at=NOW, urls=URLS).serial_number
    vague, precise = RevocationReason.UNSPECIFIED, RevocationReason.SUPERSEDED
    for revoke_it, which in ((revoke, unit), (revoke_authority, below)):
        with engine.begin() as connection:
            with pytest.raises(NotRevocable, match="say precisely why"):
                revoke_it(connection, which, reason=vague, at=NOW + HOUR)
            assert load_certificate(connection, which).revoked_at is None
            assert revoke_it(connection, which, reason=precise, at=NOW + HOUR).is_revoked


def test_a_seal_may_be_revoked_without_a_reason(engine: Engine, serial: int) -> None:
    with engine.begin() as connection:
        assert revoke(connection, serial, reason=RevocationReason.UNSPECIFIED, at=NOW + HOUR).is_revoked


def test_a_change_that_the_audit_cannot_hold_does_not_happen(engine: Engine, serial: int) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for act in (suspend, release, revoke):
        more = {"reason": COMPROMISE} if act is revoke else {}
        with engine.connect() as connection:
            if act is release:
                suspend(connection, serial, at=NOW)
            with pytest.raises(OSError, match="No space"):
                act(connection, serial, at=NOW, audit=full_disk, **more)  # type: ignore[operator]
            changes = find_status_changes(connection)
            assert [each.change for each in changes] == ([Change.HELD] if act is release else [])
    with engine.connect() as connection:
        assert load_certificate(connection, serial).revoked_at is None
        assert find_status_changes(connection) == []


def test_a_clock_that_was_set_back_numbers_and_signs_nothing(engine: Engine, serial: int) -> None:
    issue_crl(engine, issuing(), at=NOW + HOUR)
    with engine.begin() as connection:
        revoke(connection, serial, reason=COMPROMISE, at=NOW)
    with engine.connect() as connection:
        before = connection.execute(crl_numbers.select()).all()

    for at in (NOW, NOW + HOUR - timedelta(seconds=1)):
        with pytest.raises(CrlNotMonotone, match="not newer"):
            current_crl(engine, issuing(), at=at)

    with engine.connect() as connection:
        assert connection.execute(crl_numbers.select()).all() == before
    assert entry(engine, serial, NOW + HOUR) is not None


def test_a_list_that_is_looked_after_each_hour_is_never_older_than_a_day(engine: Engine) -> None:
    at = NOW
    for _ in range(24 * 3):
        crl = current_crl(engine, issuing(), at=at)
        assert at - crl.this_update <= timedelta(days=1) - HOUR
        assert crl.next_update - at >= timedelta(days=1), "a day in which the authority may stand still"
        at += HOUR
    assert SCHEDULES[ProfileName.ISSUING].lasts <= timedelta(days=2)


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["suspend", "release", "revoke", "list"]),
        st.integers(min_value=0, max_value=1),
        st.integers(min_value=0, max_value=90),
    ),
    max_size=14,
)


@pytest.fixture(scope="module")
def two_seals() -> tuple[bytes, list[int]]:
    """Books in which two certificates were issued, and their serial numbers."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    prepare_books(engine)
    numbers = [
        issue(engine, issuing(), request(ProfileName.SEAL, name=f"seal-{n}"), at=NOW, urls=URLS).serial_number
        for n in range(2)
    ]
    with engine.connect() as connection:
        books = connection.connection.dbapi_connection.serialize()  # type: ignore[union-attr]
    engine.dispose()
    return books, numbers


@settings(max_examples=25, deadline=None)
@given(acts=ACTS)
def test_books_history_and_list_agree_whatever_happens(
    two_seals: tuple[bytes, list[int]], acts: list[tuple[str, int, int]]
) -> None:
    books, numbers = two_seals
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.connect() as connection:
        connection.connection.dbapi_connection.deserialize(books)  # type: ignore[union-attr]
    at = NOW
    expected: dict[int, tuple[datetime, str]] = {}
    allowed = {"suspend": (None,), "release": ("certificateHold",), "revoke": (None, "certificateHold")}
    for act, which, minutes in acts:
        at += timedelta(minutes=minutes)
        serial = numbers[which]
        if act == "list":
            current_crl(engine, issuing(), at=at)
            continue
        since, status = expected.get(serial, (at, None))
        try:
            with engine.begin() as connection:
                match act:
                    case "suspend":
                        suspend(connection, serial, at=at)
                        expected[serial] = (at, "certificateHold")
                    case "release":
                        release(connection, serial, at=at)
                        del expected[serial]
                    case _:
                        revoke(connection, serial, reason=COMPROMISE, at=at)
                        expected[serial] = (since, "keyCompromise")
            assert status in allowed[act]
        except NotRevocable:
            assert status not in allowed[act]
    listed = x509.load_der_x509_crl(current_crl(engine, issuing(), at=at).der)
    assert {each.serial_number: (each.revocation_date_utc, reason_of(each)) for each in listed} == expected
    with engine.connect() as connection:
        last = load_last_crl(connection, "issuing")
        for serial in numbers:
            history = find_status_changes(connection, serial)
            found = load_certificate(connection, serial)
            assert [each.changed_at for each in history] == sorted(each.changed_at for each in history)
            assert (found.revoked_at is None) is (not history or history[-1].change is Change.RELEASED)
            assert sum(each.change is Change.REVOKED for each in history) <= 1
    assert last is not None
    assert last.this_update <= at
    engine.dispose()
