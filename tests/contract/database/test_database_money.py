"""Payments, refunds, receipts and the ledger, many hands at once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from database_racing import impatient, outcomes, race
from sqlalchemy import Engine, event, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from issuance.database import reading
from issuance.ledger import transfers
from issuance.ledger.balances import balance, trial_balance
from issuance.ledger.models import clearing, credit, debit, ledger_transfers, payable
from issuance.money import Currency, Money
from issuance.payments import cash, refunds, service, store
from issuance.payments.cash import CashProvider
from issuance.payments.discrepancies import find_discrepancies
from issuance.payments.models import DisputeReason, Fee, Payment, PaymentState, Refund, RefundState
from issuance.payments.provider import Capabilities, Seen, SeenState, WebhookNotice

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
REQUEST = "R-26-00000001"
ONLINE = Capabilities(currencies=frozenset({Currency.SYP}), max_minor=10**12)


def pounds(minor: int) -> Money:
    return Money(minor=minor, currency=Currency.SYP)


FEES = (
    Fee(component="extract", beneficiary="civil-registry", amount=pounds(2500), refundable=True),
    Fee(component="stamp", beneficiary="treasury", amount=pounds(500), refundable=False),
)


class Till:
    """Payments without a network: each act is a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.online = CashProvider(engine, name="bank", capabilities=ONLINE)
        self.desk = CashProvider(engine)
        self.paid: list[str] = []
        self.refunded: list[str] = []

    def open(
        self, payment_id: str, *, request: str = REQUEST, desk: bool = False, at: datetime = NOON
    ) -> Payment:
        provider = self.desk if desk else self.online
        with self.engine.begin() as connection:
            return service.open_payment(
                connection, payment_id=payment_id, request_number=request, fees=FEES, provider=provider, at=at
            )

    def confirm(self, payment: Payment, minor: int = 3000) -> Payment:
        seen = Seen(state=SeenState.PAID, minor=minor, currency="SYP", provider_reference="b")
        with self.engine.begin() as connection:
            return service.record_seen(connection, payment.id, seen, at=NOON, on_paid=self.on_paid)

    def fail(self, payment: Payment) -> Payment:
        with self.engine.begin() as connection:
            return service.record_without_news(connection, payment.id, PaymentState.FAILED, at=NOON)

    def take_cash(self, payment: Payment, *, office: str = "damascus-1") -> str:
        with self.engine.begin() as connection:
            return cash.receive_cash(
                connection,
                payment.id,
                counted=payment.amount,
                actor="clerk",
                office=office,
                at=NOON,
                on_paid=self.on_paid,
            ).number

    def decide_refund(self, refund_id: str, request: str = REQUEST) -> Refund | None:
        with self.engine.begin() as connection:
            return refunds.open_refund(
                connection,
                refund_id=refund_id,
                request_number=request,
                provider=self.online,
                reason="refused",
                at=NOON,
            )

    def refund_arrived(self, refund: Refund) -> Refund:
        seen = Seen(state=SeenState.PAID, minor=refund.amount.minor, currency="SYP", provider_reference="b")
        with self.engine.begin() as connection:
            return refunds.record_refund_seen(
                connection, refund.id, seen, at=NOON, on_refunded=self.on_refunded
            )

    def refund_failed(self, refund: Refund) -> Refund:
        with self.engine.begin() as connection:
            return refunds.record_refund_failed(connection, refund.id, at=NOON)

    def on_paid(self, connection: Connection, request_number: str) -> None:
        # As the service does: what follows happens with the commit, or not at all.
        event.listen(connection, "commit", lambda _: self.paid.append(request_number), once=True)

    def on_refunded(self, connection: Connection, request_number: str) -> None:
        event.listen(connection, "commit", lambda _: self.refunded.append(request_number), once=True)

    def load(self, payment: Payment) -> Payment:
        with reading(self.engine) as connection:
            return store.load_payment(connection, payment.id)


@pytest.fixture
def till(engine: Engine) -> Any:
    till = Till(engine)
    yield till
    with reading(engine) as connection:
        assert find_discrepancies(connection) == ()
        assert sum(line.balance.minor for line in trial_balance(connection)) == 0


def test_however_often_pay_is_pressed_one_payment_stands(till: Till) -> None:
    opened = race([partial(till.open, f"P-{number}") for number in range(8)])
    assert len({payment.id for payment in opened}) == 1


def test_news_of_one_payment_told_by_many_is_booked_once(till: Till) -> None:
    payment = till.open("P-1")

    told = race([partial(till.confirm, payment)] * 8)

    assert {each.state for each in told} == {PaymentState.PAID}
    assert till.paid == [REQUEST]


def test_of_two_payments_confirmed_at_once_one_is_for_the_request(till: Till) -> None:
    """The first was given up and is paid late after all, while the payer pays the second."""
    first = till.open("P-1")
    till.fail(first)
    second = till.open("P-2")

    race([partial(till.confirm, first), partial(till.confirm, second)] * 3)

    found = [till.load(first), till.load(second)]
    assert sorted(payment.state for payment in found) == [PaymentState.DISPUTED, PaymentState.PAID]
    disputed = next(payment for payment in found if payment.state is PaymentState.DISPUTED)
    assert disputed.dispute is DisputeReason.SECOND_PAYMENT
    assert till.paid == [REQUEST]


def test_a_payment_that_is_paid_while_it_is_given_up_is_paid(till: Till) -> None:
    payment = till.open("P-1")
    give_up: Callable[[], Payment] = partial(till.fail, payment)

    race([give_up, partial(till.confirm, payment), give_up])

    assert till.load(payment).state is PaymentState.PAID
    assert till.paid == [REQUEST]


def test_a_webhook_delivered_many_times_at_once_is_known_once(engine: Engine) -> None:
    notice = WebhookNotice(webhook_id="w-1", our_reference="P-1")

    def receive() -> bool:
        with engine.begin() as connection:
            new = service.note_webhook(connection, "bank", notice, at=NOON)
            if new:
                service.close_webhook(connection, "bank", notice, at=NOON)
        return new

    assert sum(race([receive] * 8)) == 1


def test_a_refund_is_decided_once_and_arrives_once(till: Till) -> None:
    till.confirm(till.open("P-1"))

    decided = race([partial(till.decide_refund, f"F-{number}") for number in range(6)])
    refund = decided[0]
    assert refund is not None
    assert {each.id for each in decided if each is not None} == {refund.id}

    race([partial(till.refund_arrived, refund)] * 6)
    assert till.refunded == [REQUEST]


def test_a_refund_that_arrives_and_fails_at_once_does_one_of_them(till: Till) -> None:
    till.confirm(till.open("P-1"))
    refund = till.decide_refund("F-1")
    assert refund is not None
    arrive: Callable[[], Refund] = partial(till.refund_arrived, refund)

    told = race([arrive, partial(till.refund_failed, refund), arrive])

    assert len({each.state for each in told}) == 1
    assert bool(till.refunded) is (told[0].state is RefundState.REFUNDED)


def test_receipts_of_an_office_are_numbered_without_a_gap(till: Till) -> None:
    waiting = [till.open(f"P-{number}", request=f"R-{number}", desk=True) for number in range(8)]

    numbers = race([partial(till.take_cash, payment) for payment in waiting])

    assert sorted(numbers) == [f"damascus-1/2026/{serial:06d}" for serial in range(1, 9)]


def test_one_payment_gets_one_receipt_at_whichever_desk(till: Till) -> None:
    payment = till.open("P-1", desk=True)

    numbers = race([partial(till.take_cash, payment, office=office) for office in ("damascus-1", "aleppo-1")])

    assert len(set(numbers)) == 1
    assert till.paid == [REQUEST]


@pytest.mark.parametrize("verb", ["UPDATE cash_receipts SET minor = 1", "DELETE FROM cash_receipts"])
def test_a_receipt_is_never_changed(till: Till, verb: str) -> None:
    till.take_cash(till.open("P-1", desk=True))
    with pytest.raises(IntegrityError), till.engine.begin() as connection:
        connection.exec_driver_sql(verb)


def test_accounts_used_for_the_first_time_by_many_are_opened_once(engine: Engine) -> None:
    bank = clearing("bank", Currency.SYP)
    owed = [payable("civil-registry", f"fee-{number}", Currency.SYP) for number in range(4)]

    def book(number: int) -> None:
        # Each in another order: whoever opens several must not wait for one who waits for them.
        accounts = owed[number % 4 :] + owed[: number % 4]
        entries = [debit(bank, pounds(400)), *(credit(account, pounds(100)) for account in accounts)]
        with engine.begin() as connection:
            transfers.post_transfer(connection, f"t{number}", entries, reason="test", at=NOON)

    race([partial(book, number) for number in range(8)])

    with reading(engine) as connection:
        assert balance(connection, bank).posted == pounds(3200)


def test_a_transfer_written_by_two_at_once_is_there_once(engine: Engine) -> None:
    entries = [
        debit(clearing("bank", Currency.SYP), pounds(5)),
        credit(payable("x", "y", Currency.SYP), pounds(5)),
    ]

    def book() -> None:
        with engine.begin() as connection:
            transfers.post_transfer(connection, "t1", entries, reason="test", at=NOON)

    done = outcomes([book] * 4)

    assert None in done
    assert all(isinstance(each, (IntegrityError, type(None))) for each in done)
    with reading(engine) as connection:
        assert len(connection.execute(select(ledger_transfers)).all()) == 1
        assert balance(connection, clearing("bank", Currency.SYP)).posted == pounds(5)


_INSERT_ENTRY = "INSERT INTO ledger_entries VALUES ('t1', {position}, 'clearing:bank:-:SYP', {minor})"
_REFUSED = {
    "an entry changed": "UPDATE ledger_entries SET minor = minor * 2",
    "a transfer removed": "DELETE FROM ledger_transfers",
    "an account renamed": "UPDATE ledger_accounts SET party = 'x'",
    "an entry added to a closed transfer": _INSERT_ENTRY.format(position=7, minor=1),
    "a header without entries": (
        "INSERT INTO ledger_transfers (id, kind, currency, reason, at, fingerprint)"
        " VALUES ('t2', 'posted', 'SYP', 'r', '2026-11-22 12:00:00', 'f')"
    ),
    "entries without a header": _INSERT_ENTRY.replace("t1", "t3").format(position=0, minor=1),
}


@pytest.mark.parametrize("statement", _REFUSED.values(), ids=_REFUSED)
def test_the_database_refuses(engine: Engine, statement: str) -> None:
    entries = [
        debit(clearing("bank", Currency.SYP), pounds(5)),
        credit(payable("x", "y", Currency.SYP), pounds(5)),
    ]
    with engine.begin() as connection:
        transfers.post_transfer(connection, "t1", entries, reason="test", at=NOON)

    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.exec_driver_sql(statement)


def test_entries_slipped_in_while_their_transfer_is_being_closed_are_refused(postgresql: Engine) -> None:
    """Both transactions began before either had ended; on SQLite they cannot."""
    entries = [
        debit(clearing("bank", Currency.SYP), pounds(5)),
        credit(payable("x", "y", Currency.SYP), pounds(5)),
    ]
    with postgresql.begin() as connection:
        transfers.post_transfer(connection, "t0", entries, reason="test", at=NOON)
    with postgresql.connect() as thief:
        thief.exec_driver_sql(_INSERT_ENTRY.format(position=8, minor=99))
        thief.exec_driver_sql(_INSERT_ENTRY.format(position=9, minor=-99))
        with pytest.raises(OperationalError, match="lock timeout"), impatient(postgresql) as honest:
            transfers.post_transfer(honest, "t1", entries, reason="test", at=NOON)
        with pytest.raises(DBAPIError, match="foreign key"):  # no header came: nothing of it stays
            thief.commit()


def test_the_check_of_the_books_does_not_stop_the_till(engine: Engine) -> None:
    """It reads one instant, and nobody waits for it."""
    till = Till(engine)
    payment = till.open("P-1")
    with reading(engine) as auditor:
        assert find_discrepancies(auditor) == ()
        till.confirm(payment)
        assert find_discrepancies(auditor) == ()
        assert auditor.scalar(text("SELECT count(*) FROM ledger_transfers")) == 0


def test_waiting_payments_are_found_by_time(till: Till) -> None:
    payment = till.open("P-1")
    with reading(till.engine) as connection:
        late = NOON + timedelta(seconds=1)
        assert store.unfinished_payments(connection, before=late, limit=9) == (payment.id,)
        assert store.unfinished_payments(connection, before=NOON, limit=9) == ()
