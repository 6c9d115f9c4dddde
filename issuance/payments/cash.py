"""Cash at a desk: a clerk counts, signs and hands over a receipt.

The receipts table is this provider's own truth, as a bank's books are a bank's.
Receiving or paying out, its receipt, the booking and the request's progress are
one transaction. A receipt's number counts up without gaps for each office and
year; a receipt is never changed.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import DDL, Engine, Row, event, func, insert, select
from sqlalchemy.engine import Connection

from issuance.ledger.days import day_bounds, local_day
from issuance.ledger.models import MAX_MINOR
from issuance.locks import take_turn
from issuance.money import Currency, Money
from issuance.payments import refunds, service, store
from issuance.payments.errors import (
    CashAmountWrong,
    OfficeInvalid,
    PaymentNotPayable,
    RefundNotFound,
    WebhookRefused,
)
from issuance.payments.models import (
    UNFINISHED,
    UNFINISHED_REFUND,
    CashKind,
    CashReceipt,
    Payment,
    Refund,
    cash_receipts,
)
from issuance.payments.provider import (
    Capabilities,
    IntentOrder,
    RefundOrder,
    Seen,
    SeenState,
    StatementKind,
    StatementLine,
    WebhookNotice,
)
from issuance.payments.service import RequestHook

_OFFICE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
CASH_CAPABILITIES = Capabilities(
    currencies=frozenset({Currency.SYP, Currency.SYP_OLD}),
    max_minor=MAX_MINOR,
    at_desk=True,
    time_to_pay=timedelta(days=14),
)


class CashProvider:
    """The desks of all offices, as one provider; reads receipts in transactions of its own."""

    def __init__(
        self, engine: Engine, *, name: str = "cash", capabilities: Capabilities = CASH_CAPABILITIES
    ) -> None:
        self._engine = engine
        self.name = name
        self.capabilities = capabilities

    def create_intent(self, order: IntentOrder) -> Seen:
        """Nothing to order: the payer goes to a desk."""
        return _waiting(order.our_reference, order.amount)

    def sync_by_our_reference(self, our_reference: str) -> Seen | None:
        """Paid, once there is a receipt; None before."""
        return self._seen(our_reference)

    def refund(self, order: RefundOrder) -> Seen:
        """Waits for the payer to collect it."""
        return self._seen(order.our_reference) or _waiting(order.our_reference, order.amount)

    def sync_refund(self, our_reference: str) -> Seen | None:
        """Given back, once there is a receipt; None before."""
        return self._seen(our_reference)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, *, at: datetime) -> WebhookNotice:
        """A desk sends none: whatever claims to be one is refused."""
        del headers, body, at
        raise WebhookRefused(reason="cash has no webhooks")

    def fetch_statement(self, day: date) -> tuple[StatementLine, ...]:
        """The receipts of one day over all offices."""
        with self._engine.begin() as connection:
            receipts = receipts_of_day(connection, day)
        kinds = {CashKind.RECEIVED: StatementKind.PAYMENT, CashKind.PAID_OUT: StatementKind.REFUND}
        return tuple(
            StatementLine(
                kind=kinds[receipt.kind],
                our_reference=receipt.our_reference,
                provider_reference=receipt.number,
                minor=receipt.amount.minor,
                currency=receipt.amount.currency,
                at=receipt.at,
            )
            for receipt in receipts
        )

    def _seen(self, our_reference: str) -> Seen | None:
        with self._engine.begin() as connection:
            receipt = find_receipt(connection, our_reference)
        return None if receipt is None else _proof(receipt)


def receive_cash(
    connection: Connection,
    payment_id: str,
    *,
    counted: Money,
    actor: str,
    office: str,
    at: datetime,
    on_paid: RequestHook,
) -> CashReceipt:
    """A clerk received the asked amount; again gives the same receipt.

    Raises:
        PaymentNotFound: no such payment.
        PaymentNotPayable: it does not wait for cash.
        CashAmountWrong: not the amount asked, to the unit and the series.
        OfficeInvalid: an office whose id is not `[a-z0-9-]`.
    """
    payment = store.hold_payment(connection, payment_id)
    earlier = find_receipt(connection, payment_id)
    if earlier is not None:
        return earlier
    if not payment.at_desk or payment.state not in UNFINISHED:
        raise PaymentNotPayable(payment=payment_id, state=str(payment.state))
    if counted != payment.amount:
        raise CashAmountWrong(expected=f"{payment.amount.minor} {payment.amount.currency}")
    receipt = _write(connection, CashKind.RECEIVED, payment, actor=actor, office=office, at=at)
    service.record_seen(connection, payment_id, _proof(receipt), at=at, on_paid=on_paid)
    return receipt


def pay_out_cash(
    connection: Connection, refund_id: str, *, actor: str, office: str, at: datetime, on_refunded: RequestHook
) -> CashReceipt:
    """A clerk paid a refund out, at any office; again gives the same receipt.

    Raises:
        RefundNotFound: no such refund, or it is not one to be paid in cash.
        OfficeInvalid: an office whose id is not `[a-z0-9-]`.
    """
    refund = store.hold_refund(connection, refund_id)
    earlier = find_receipt(connection, refund_id)
    if earlier is not None:
        return earlier
    if not store.load_payment(connection, refund.payment_id).at_desk or refund.state not in UNFINISHED_REFUND:
        raise RefundNotFound(refund=refund_id)
    receipt = _write(connection, CashKind.PAID_OUT, refund, actor=actor, office=office, at=at)
    refunds.record_refund_seen(connection, refund_id, _proof(receipt), at=at, on_refunded=on_refunded)
    return receipt


def find_receipt(connection: Connection, our_reference: str) -> CashReceipt | None:
    """The receipt of a payment or a refund, or None."""
    row = connection.execute(
        select(cash_receipts).where(cash_receipts.c.our_reference == our_reference)
    ).one_or_none()
    return None if row is None else _receipt(row)


def receipts_of_day(
    connection: Connection, day: date, *, office: str | None = None
) -> tuple[CashReceipt, ...]:
    """The receipts of one local day, of one office or of all, in their order."""
    start, end = day_bounds(day)
    query = select(cash_receipts).where(cash_receipts.c.at >= start, cash_receipts.c.at < end)
    if office is not None:
        query = query.where(cash_receipts.c.office == office)
    rows = connection.execute(
        query.order_by(cash_receipts.c.office, cash_receipts.c.year, cash_receipts.c.serial)
    )
    return tuple(_receipt(row) for row in rows)


def _write(
    connection: Connection,
    kind: CashKind,
    what: Payment | Refund,
    *,
    actor: str,
    office: str,
    at: datetime,
) -> CashReceipt:
    if _OFFICE.fullmatch(office) is None:
        raise OfficeInvalid(office=office)
    year = local_day(at).year
    same_book = (cash_receipts.c.office == office, cash_receipts.c.year == year)
    take_turn(connection, f"receipts of {office} {year}")
    last = connection.scalar(select(func.max(cash_receipts.c.serial)).where(*same_book)) or 0
    connection.execute(
        insert(cash_receipts).values(
            office=office,
            year=year,
            serial=last + 1,
            kind=kind,
            our_reference=what.id,
            minor=what.amount.minor,
            currency=what.amount.currency,
            actor=actor,
            at=at,
        )
    )
    return CashReceipt(
        number=_number(office, year, last + 1),
        kind=kind,
        our_reference=what.id,
        amount=what.amount,
        actor=actor,
        office=office,
        at=at.astimezone(UTC),
    )


def _receipt(row: Row[tuple[object, ...]]) -> CashReceipt:
    return CashReceipt(
        number=_number(row.office, row.year, row.serial),
        kind=CashKind(row.kind),
        our_reference=row.our_reference,
        amount=Money(minor=row.minor, currency=Currency(row.currency)),
        actor=row.actor,
        office=row.office,
        at=row.at,
    )


def _number(office: str, year: int, serial: int) -> str:
    return f"{office}/{year}/{serial:06d}"


def _waiting(our_reference: str, amount: Money) -> Seen:
    return Seen(
        state=SeenState.PENDING,
        minor=amount.minor,
        currency=amount.currency,
        provider_reference=our_reference,
    )


def _proof(receipt: CashReceipt) -> Seen:
    return Seen(
        state=SeenState.PAID,
        minor=receipt.amount.minor,
        currency=receipt.amount.currency,
        provider_reference=receipt.number,
    )


def _freeze(dialect: str, *statements: str) -> None:
    for statement in statements:
        trigger: DDL = DDL(statement)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it unannotated
        event.listen(cash_receipts, "after_create", trigger.execute_if(dialect=dialect))


_freeze(
    "sqlite",
    *(
        f"CREATE TRIGGER cash_receipts_no_{verb} BEFORE {verb} ON cash_receipts "
        "BEGIN SELECT RAISE(ABORT, 'cash receipts are never changed'); END"
        for verb in ("UPDATE", "DELETE")
    ),
    # INSERT OR REPLACE deletes without firing DELETE triggers.
    "CREATE TRIGGER cash_receipts_once BEFORE INSERT ON cash_receipts "
    "BEGIN SELECT RAISE(ABORT, 'a cash receipt is written once') WHERE EXISTS "
    "(SELECT 1 FROM cash_receipts WHERE our_reference = NEW.our_reference "
    "OR (office = NEW.office AND year = NEW.year AND serial = NEW.serial)); END",
)
_freeze(
    "postgresql",
    "CREATE FUNCTION cash_receipts_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ "
    "BEGIN RAISE integrity_constraint_violation USING MESSAGE = 'cash receipts are never changed'; END $$",
    "CREATE TRIGGER cash_receipts_frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON cash_receipts "
    "FOR EACH STATEMENT EXECUTE FUNCTION cash_receipts_frozen()",
)
