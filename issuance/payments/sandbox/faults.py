"""Misbehaviour on demand: each fault ordered here happens once, at the next occasion it fits."""

from enum import StrEnum

from sqlalchemy import Column, Integer, MetaData, String, Table, delete, insert, select
from sqlalchemy.engine import Connection

sandbox_metadata = MetaData()


class Fault(StrEnum):
    """What a provider can get wrong."""

    LOSE_ANSWER = "lose-answer"  # the order is done, its answer never arrives
    DROP_ORDER = "drop-order"  # the order is not done, and no answer arrives
    REFUSE = "refuse"  # a definite no to an order
    WRONG_AMOUNT = "wrong-amount"  # one minor unit more than asked is collected
    WRONG_CURRENCY = "wrong-currency"  # the amount is collected in US dollars
    REFUND_FAILS = "refund-fails"
    DUPLICATE_WEBHOOK = "duplicate-webhook"  # delivered three times
    DELAYED_WEBHOOK = "delayed-webhook"  # first tried ten minutes later
    NO_WEBHOOK = "no-webhook"
    FORGED_WEBHOOK = "forged-webhook"  # signed with another key
    STALE_WEBHOOK = "stale-webhook"  # its timestamp is ten minutes old


sandbox_faults = Table(
    "sandbox_faults",
    sandbox_metadata,
    Column("id", Integer, primary_key=True),
    Column("fault", String(24), nullable=False),
)


def order_fault(connection: Connection, fault: Fault, *, times: int = 1) -> None:
    """Let `fault` happen at the next `times` occasions."""
    connection.execute(insert(sandbox_faults), [{"fault": fault}] * times)


def take_fault(connection: Connection, fault: Fault) -> bool:
    """Whether `fault` was ordered; taking it uses it up."""
    first = connection.scalar(select(sandbox_faults.c.id).where(sandbox_faults.c.fault == fault).limit(1))
    if first is None:
        return False
    connection.execute(delete(sandbox_faults).where(sandbox_faults.c.id == first))
    return True
