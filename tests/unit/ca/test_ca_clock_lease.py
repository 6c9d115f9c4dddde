import dataclasses
import struct
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ca.clock_kernel import STA_UNSYNC, TIME_ERROR, TIME_OOP, KernelAttestor, KernelClock, ask_kernel
from ca.clock_lease import (
    ACCURACY,
    DRIFT,
    LASTS,
    MAX_ERROR,
    RETRY_AFTER,
    STEP_TOLERANCE,
    Attestation,
    LeasedClock,
    OperatorStatement,
    Reading,
    read_clocks,
    signs_under_lease,
)
from ca.clock_references import Offset, ReferenceAttestor, ask_server
from ca.errors import ClockNotTrusted

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Machine:
    """Three clocks that a test moves, and an attestor that it silences."""

    name, survives_steps = "test", True

    def __init__(self) -> None:
        self.reading = Reading(wall=NOON, elapsed=timedelta(hours=1), awake=timedelta(hours=1))
        self.error, self.asked, self.silent = timedelta(milliseconds=5), 0, False

    def read(self) -> Reading:
        return self.reading

    def __call__(self) -> Attestation:
        self.asked += 1
        if self.silent:
            raise ClockNotTrusted(reason="nobody answers")
        return Attestation(words="well", error=self.error)

    def moves(self, *, wall: timedelta, elapsed: timedelta, awake: timedelta) -> None:
        now = self.reading
        self.reading = Reading(wall=now.wall + wall, elapsed=now.elapsed + elapsed, awake=now.awake + awake)

    def passes(self, time: timedelta) -> None:
        self.moves(wall=time, elapsed=time, awake=time)

    def is_set(self, by: timedelta) -> None:
        self.moves(wall=by, elapsed=timedelta(0), awake=timedelta(0))

    def sleeps(self, time: timedelta) -> None:
        self.moves(wall=time, elapsed=time, awake=timedelta(0))


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_what_is_promised_is_the_sum_of_what_is_allowed() -> None:
    """EN 319 421 §7.7.1."""
    assert MAX_ERROR + DRIFT + STEP_TOLERANCE <= ACCURACY <= SECOND


def test_a_leased_clock_answers_and_asks_once(machine: Machine) -> None:
    clock = LeasedClock(machine, read=machine.read)
    for _ in range(100):
        assert clock() == machine.reading.wall
        machine.passes(SECOND)

    assert machine.asked == 1


def test_a_lease_is_renewed_before_it_ends(machine: Machine) -> None:
    clock = LeasedClock(machine, read=machine.read)
    for _ in range(60):
        clock()
        machine.passes(timedelta(minutes=1))

    assert 20 <= machine.asked <= 30


def test_no_lease_is_granted_where_the_attestor_fails_and_then_it_recovers(machine: Machine) -> None:
    machine.silent = True
    clock = LeasedClock(machine, read=machine.read)
    with pytest.raises(ClockNotTrusted, match="nobody answers"):
        clock()
    machine.silent = False
    machine.passes(RETRY_AFTER)

    assert clock() == machine.reading.wall


def test_an_attestor_that_failed_is_let_be_for_a_while(machine: Machine) -> None:
    machine.silent = True
    clock = LeasedClock(machine, read=machine.read)
    for _ in range(50):
        with pytest.raises(ClockNotTrusted):
            clock()

    assert machine.asked == 1


def test_a_lease_outlives_its_attestors_silence_by_no_more_than_its_term(machine: Machine) -> None:
    clock = LeasedClock(machine, read=machine.read)
    clock()
    machine.silent = True
    machine.passes(LASTS - SECOND)
    assert clock() == machine.reading.wall
    machine.passes(SECOND)
    with pytest.raises(ClockNotTrusted, match="nobody answers"):
        clock()


@pytest.mark.parametrize("by", [timedelta(hours=-1), -SECOND, SECOND, timedelta(days=400)], ids=str)
def test_a_clock_that_was_set_voids_the_lease(machine: Machine, by: timedelta) -> None:
    clock = LeasedClock(machine, read=machine.read)
    clock()
    machine.silent = True
    machine.is_set(by)
    with pytest.raises(ClockNotTrusted):
        clock()
    # Setting it back again does not bring the lease back.
    machine.is_set(-by)
    with pytest.raises(ClockNotTrusted):
        clock()
    machine.silent = False
    machine.passes(RETRY_AFTER)
    assert clock() == machine.reading.wall


def test_a_clock_that_is_slewed_within_the_tolerance_keeps_its_lease(machine: Machine) -> None:
    clock = LeasedClock(machine, read=machine.read)
    clock()
    machine.is_set(STEP_TOLERANCE / 2)
    clock()

    assert machine.asked == 1


def test_a_machine_that_slept_needs_a_new_lease(machine: Machine) -> None:
    clock = LeasedClock(machine, read=machine.read)
    clock()
    machine.sleeps(timedelta(minutes=1))
    clock()

    assert machine.asked == 2


def test_the_operators_word_does_not_survive_a_step(machine: Machine) -> None:
    """Who said at the start that the clock was right did not say so of the clock as it was set later."""
    clock = LeasedClock(OperatorStatement(), read=machine.read)
    clock()
    machine.passes(timedelta(days=3))
    assert clock() == machine.reading.wall
    machine.is_set(timedelta(minutes=-10))
    for _ in range(3):
        with pytest.raises(ClockNotTrusted, match="set back"):
            clock()
        machine.passes(timedelta(hours=1))


@pytest.mark.parametrize("way", ["back", "forward"])
def test_small_steps_do_not_add_up_under_the_operators_word(machine: Machine, way: str) -> None:
    """The attack: a quarter of a second with each lease, and in an afternoon the stamps are minutes off."""
    clock = LeasedClock(OperatorStatement(), read=machine.read)
    clock()
    step = STEP_TOLERANCE * 0.96 * (-1 if way == "back" else 1)
    machine.is_set(step)
    machine.passes(LASTS / 2)
    assert clock() == machine.reading.wall, "once is within the tolerance"
    machine.is_set(step)
    machine.passes(LASTS / 2)
    for _ in range(2):
        with pytest.raises(ClockNotTrusted, match=f"set {way}; start again"):
            clock()
        machine.passes(timedelta(hours=1))


def test_a_step_after_a_lease_ran_out_is_seen_under_the_operators_word(machine: Machine) -> None:
    clock = LeasedClock(OperatorStatement(), read=machine.read)
    clock()
    machine.passes(LASTS * 3)
    assert clock() == machine.reading.wall
    machine.is_set(-SECOND)
    machine.passes(LASTS * 3)
    with pytest.raises(ClockNotTrusted, match="set back"):
        clock()


def test_small_steps_are_measured_anew_by_who_can_measure(machine: Machine) -> None:
    clock = LeasedClock(machine, read=machine.read)
    for _ in range(10):
        assert clock() == machine.reading.wall
        machine.is_set(STEP_TOLERANCE * 0.96)
        machine.passes(LASTS / 2)


def test_a_new_process_asks_anew(machine: Machine) -> None:
    LeasedClock(machine, read=machine.read)()
    LeasedClock(machine, read=machine.read)()

    assert machine.asked == 2


def test_a_clock_that_may_be_too_wrong_gets_no_lease(machine: Machine) -> None:
    machine.error = MAX_ERROR + timedelta(milliseconds=1)
    with pytest.raises(ClockNotTrusted, match=r"may be wrong by 0\.6"):
        LeasedClock(machine, read=machine.read)()


def test_a_clock_that_is_set_while_the_attestor_looks_gets_no_lease(machine: Machine) -> None:
    class Slow(Machine):
        def __call__(self) -> Attestation:
            machine.is_set(timedelta(hours=2))
            return super().__call__()

    with pytest.raises(ClockNotTrusted, match="set forward"):
        LeasedClock(Slow(), read=machine.read)()


def test_many_threads_share_one_lease(machine: Machine) -> None:
    clock, answers = LeasedClock(machine, read=machine.read), []
    threads = [threading.Thread(target=lambda: answers.append(clock())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (machine.asked, len(answers)) == (1, 16)


def test_the_machines_own_clocks_go_forward_together() -> None:
    first, second = read_clocks(), read_clocks()

    assert second.wall.tzinfo is not None
    assert second.elapsed >= second.awake - SECOND
    assert second.elapsed >= first.elapsed


# The kernel's account.

KEPT = KernelClock(
    state=0, status=0, max_error=timedelta(milliseconds=20), estimated_error=timedelta(milliseconds=1)
)


def test_the_kernels_maximum_error_is_what_is_attested() -> None:
    assert KernelAttestor(lambda: KEPT)().error == timedelta(milliseconds=20)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        pytest.param({"status": STA_UNSYNC}, "nothing keeps it", id="unsynchronised by status"),
        pytest.param({"state": TIME_ERROR}, "nothing keeps it", id="unsynchronised by state"),
        pytest.param({"state": TIME_OOP}, "leap second", id="in a leap second"),
    ],
)
def test_what_the_kernel_does_not_vouch_for_is_not_believed(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(ClockNotTrusted, match=why):
        KernelAttestor(lambda: dataclasses.replace(KEPT, **changed))()


def test_a_kernel_that_does_not_answer_vouches_for_nothing() -> None:
    def forbidden() -> KernelClock:
        raise PermissionError(1, "Operation not permitted")

    with pytest.raises(ClockNotTrusted, match="Operation not permitted"):
        KernelAttestor(forbidden)()


def test_the_real_kernel_answers_or_says_why_not() -> None:
    try:
        found = ask_kernel()
    except OSError as error:
        pytest.skip(f"adjtimex: {error}")
    assert found.max_error >= timedelta(0)
    assert 0 <= found.state <= TIME_ERROR


# References.


def server(
    clock: Callable[[], datetime], *, head: int = 0x24, stratum: int = 2, cookie: int | None = None
) -> Callable[[str, bytes], bytes]:
    """An NTP server whose clock is `clock`."""

    def answers(_: str, request: bytes) -> bytes:
        asked = request[40:48] if cookie is None else struct.pack("!Q", cookie)
        seconds = (clock() - datetime(1900, 1, 1, tzinfo=UTC)).total_seconds()
        stamp = struct.pack("!II", int(seconds) % (1 << 32), int(seconds % 1 * (1 << 32)))
        return struct.pack("!BBbbII4x8x", head, stratum, 6, -20, 0, 0) + asked + stamp + stamp

    return answers


@pytest.mark.parametrize("ahead", [0, 0.25, -0.25, 3600, -3600], ids=lambda value: f"{value} s")
@pytest.mark.parametrize("year", [2026, 2035, 2037, 2060])
def test_a_server_says_how_far_it_is_ahead(ahead: float, year: int) -> None:
    """RFC 5905 §6: also past the end of the first era, in February 2036."""
    now = NOON.replace(year=year)
    exchange = server(lambda: now + timedelta(seconds=ahead))
    offset = ask_server("ntp.example", clock=lambda: now, exchange=exchange)

    assert abs(offset.ahead - timedelta(seconds=ahead)) < timedelta(microseconds=10)


def test_a_slow_way_makes_the_answer_less_exact() -> None:
    times = iter([NOON, NOON + timedelta(seconds=2)])
    exchange = server(lambda: NOON + SECOND)
    offset = ask_server("ntp.example", clock=lambda: next(times), exchange=exchange)

    assert abs(offset.ahead) < timedelta(milliseconds=1)
    assert offset.error >= SECOND


@pytest.mark.parametrize(
    "exchange",
    [
        pytest.param(lambda *_: b"\x24" * 20, id="cut short"),
        pytest.param(server(lambda: NOON, cookie=7), id="an answer to another question"),
        pytest.param(server(lambda: NOON, head=0x23), id="not from a server"),
        pytest.param(server(lambda: NOON, head=0xE4), id="unsynchronised"),
        pytest.param(server(lambda: NOON, stratum=0), id="kiss of death"),
        pytest.param(server(lambda: NOON, stratum=16), id="stratum 16"),
    ],
)
def test_an_answer_that_proves_nothing_is_refused(exchange: Callable[[str, bytes], bytes]) -> None:
    with pytest.raises(ValueError, match=r"ntp\.example"):
        ask_server("ntp.example", clock=lambda: NOON, exchange=exchange)


def references(*offsets: float | None) -> ReferenceAttestor:
    """Servers that are ahead by so many seconds; None: it does not answer."""
    known = {f"ntp{number}.example": offset for number, offset in enumerate(offsets)}

    def ask(name: str) -> Offset:
        offset = known[name]
        if offset is None:
            raise TimeoutError
        return Offset(ahead=timedelta(seconds=offset), error=timedelta(milliseconds=10))

    return ReferenceAttestor(tuple(known), ask)


@pytest.mark.parametrize("offsets", [(0, 0.1, -0.1), (0, 0.1, 9), (0, 0, None), (0.1, 0.2, 0.3, 99, None)])
def test_most_references_agree(offsets: tuple[float | None, ...]) -> None:
    assert references(*offsets)().error <= MAX_ERROR


@pytest.mark.parametrize("offsets", [(9, 9, 9), (0, 9, 9), (0, None, None), (None,) * 3, (0, 0, 9, -9)])
def test_too_few_references_agree(offsets: tuple[float | None, ...]) -> None:
    with pytest.raises(ClockNotTrusted, match="references agree"):
        references(*offsets)()


def test_one_reference_is_none() -> None:
    with pytest.raises(ClockNotTrusted, match="at least 3"):
        ReferenceAttestor(["a", "a", "b"], lambda _: Offset(ahead=timedelta(0), error=timedelta(0)))


# What the authority signs.


def test_nothing_is_signed_without_a_lease_but_a_revocation_is_booked(machine: Machine) -> None:
    machine.silent = True
    recorded: list[str] = []
    audit = signs_under_lease(lambda act, *_: recorded.append(act), LeasedClock(machine, read=machine.read))
    for act in ("certificate-issue", "crl-issue", "ocsp-issue", "an act that nobody foresaw"):
        with pytest.raises(ClockNotTrusted):
            audit(act, {}, NOON)
    audit("certificate-revoke", {}, NOON)

    assert recorded == ["certificate-revoke"]
