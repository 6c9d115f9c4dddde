"""What a ledger is made of: accounts, transfers and their entries.

A debit is positive and a credit negative, so the entries of one transfer sum to
zero, and so does the whole ledger. A clearing account (money a provider holds
for us) normally stands in debit; what is owed to an agency or a payer stands in
credit.

Rows are written once. The entries of a transfer are written before its header,
and the header's trigger refuses a sum other than zero (`triggers.py`): therefore
the foreign key from entry to header is checked at commit.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table

from issuance.database import UtcDateTime, metadata
from issuance.ledger.errors import AccountNameInvalid
from issuance.money import Currency, Money

# Far above any sum of fees; far below 2**53 (RFC 8785 integers) and 2**63 (SQL bigint), so no sum overflows.
MAX_MINOR = 10**15
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


class AccountKind(StrEnum):
    """What an account stands for."""

    CLEARING = "clearing"  # money a provider or desk holds for us
    PAYABLE = "payable"  # owed to an agency, for one fee component
    REFUNDS = "refunds"  # owed back to payers through one provider
    HELD = "held"  # received, but not for what was asked: nobody's until somebody decides
    ROUNDING = "rounding"  # differences to the smallest unit a provider can move


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account of one currency; its id is made of its parts.

    Raises:
        AccountNameInvalid: a party or component that is not `[a-z0-9-]`, at most 64 characters.
    """

    kind: AccountKind
    currency: Currency
    party: str = "-"  # provider or agency
    component: str = "-"  # fee component, for PAYABLE

    def __post_init__(self) -> None:
        for name in (self.party, self.component):
            if name != "-" and _NAME.fullmatch(name) is None:
                raise AccountNameInvalid(name=name)

    @property
    def id(self) -> str:
        """Kind, party, component and currency joined by colons."""
        return f"{self.kind}:{self.party}:{self.component}:{self.currency}"


def clearing(provider: str, currency: Currency) -> Account:
    """What `provider` holds for us."""
    return Account(kind=AccountKind.CLEARING, party=provider, currency=currency)


def payable(agency: str, component: str, currency: Currency) -> Account:
    """What `agency` is owed for one fee component."""
    return Account(kind=AccountKind.PAYABLE, party=agency, component=component, currency=currency)


def refunds(provider: str, currency: Currency) -> Account:
    """What payers are owed back through `provider`."""
    return Account(kind=AccountKind.REFUNDS, party=provider, currency=currency)


def held(provider: str, currency: Currency) -> Account:
    """What came through `provider` and is disputed."""
    return Account(kind=AccountKind.HELD, party=provider, currency=currency)


def rounding(currency: Currency) -> Account:
    """Differences of rounding."""
    return Account(kind=AccountKind.ROUNDING, currency=currency)


class TransferKind(StrEnum):
    """How a transfer acts; all but POSTED, PENDING refer to an earlier one, which is referred to once."""

    POSTED = "posted"
    PENDING = "pending"
    POST_PENDING = "post-pending"
    VOID_PENDING = "void-pending"
    REVERSAL = "reversal"


EFFECTIVE = (TransferKind.POSTED, TransferKind.POST_PENDING, TransferKind.REVERSAL)
"""Kinds whose entries count in a posted balance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One side of a transfer: minor units, debit positive, credit negative."""

    account: Account
    minor: int


def debit(account: Account, amount: Money) -> Entry:
    """`amount` on the debit side."""
    return Entry(account=account, minor=amount.minor)


def credit(account: Account, amount: Money) -> Entry:
    """`amount` on the credit side."""
    return Entry(account=account, minor=-amount.minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One booked event; never changed."""

    id: str
    kind: TransferKind
    currency: Currency
    entries: tuple[Entry, ...]
    reason: str  # kebab-case: `payment-captured`, `refund-due` …
    request_number: str | None
    refers_to: str | None
    at: datetime


ledger_accounts = Table(
    "ledger_accounts",
    metadata,
    Column("id", String(160), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("party", String(64), nullable=False),
    Column("component", String(64), nullable=False),
    Column("currency", String(8), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Index(None, "kind", "party"),
    sqlite_with_rowid=False,  # a rowid would be a second key for INSERT OR REPLACE to overwrite by
)

ledger_transfers = Table(
    "ledger_transfers",
    metadata,
    Column("id", String(160), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("currency", String(8), nullable=False),
    Column("reason", String(48), nullable=False),
    Column("request_number", String(32), index=True),
    Column("refers_to", String(160), ForeignKey("ledger_transfers.id"), unique=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("fingerprint", String(64), nullable=False),
    sqlite_with_rowid=False,
)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column(
        "transfer_id",
        String(160),
        ForeignKey("ledger_transfers.id", deferrable=True, initially="DEFERRED"),
        primary_key=True,
    ),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("account_id", String(160), ForeignKey("ledger_accounts.id"), nullable=False, index=True),
    Column("minor", BigInteger, nullable=False),
    CheckConstraint(f"minor <> 0 AND minor BETWEEN -{MAX_MINOR} AND {MAX_MINOR}", name="minor_in_range"),
    sqlite_with_rowid=False,
)
