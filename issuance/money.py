"""Amounts of money: integer minor units of one tagged currency.

Since 1 January 2026 one new Syrian lira is a hundred old ones, and both series
circulate; `SYP` here is the new series (100 qirsh to the lira) and `SYP-OLD` the
old one, which has no minor unit in use. Amounts of different currencies never mix.
"""

from dataclasses import dataclass
from enum import StrEnum


class Currency(StrEnum):
    """The currencies in which a fee can be set or paid."""

    SYP = "SYP"  # new series, minor unit qirsh (1/100)
    SYP_OLD = "SYP-OLD"  # old series, whole liras
    USD = "USD"
    EUR = "EUR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in minor units; negative only inside a ledger, never in what a person is asked to pay."""

    minor: int
    currency: Currency

    def __add__(self, other: "Money") -> "Money":
        if other.currency is not self.currency:
            msg = f"cannot add {other.currency} to {self.currency}"
            raise ValueError(msg)
        return Money(minor=self.minor + other.minor, currency=self.currency)

    def __neg__(self) -> "Money":
        return Money(minor=-self.minor, currency=self.currency)
