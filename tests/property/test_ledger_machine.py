"""The ledger against a model of it, under any sequence of writes, replays and refusals."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule
from sqlalchemy import func, select

from issuance.database import metadata, open_database
from issuance.ledger import transfers
from issuance.ledger.balances import trial_balance
from issuance.ledger.errors import NotPending, NotReversible, TransferConflict
from issuance.ledger.models import MAX_MINOR, Entry, clearing, ledger_entries, payable, refunds
from issuance.money import Currency

ACCOUNTS = {
    currency: (
        clearing("sandbox", currency),
        clearing("cash", currency),
        payable("civil-registry", "extract", currency),
        payable("treasury", "stamp", currency),
        refunds("sandbox", currency),
    )
    for currency in (Currency.SYP, Currency.USD)
}


@st.composite
def balanced_entries(draw: st.DrawFn) -> tuple[Entry, ...]:
    accounts = ACCOUNTS[draw(st.sampled_from(sorted(ACCOUNTS)))]
    # The edge is in reach: amounts whose sums would leave 53 bits if they were not limited.
    amount = st.integers(1, 1000) | st.just(MAX_MINOR // 8)
    credits_ = draw(st.lists(st.tuples(st.sampled_from(accounts[1:]), amount), min_size=1, max_size=4))
    total = sum(minor for _, minor in credits_)
    return (
        Entry(account=accounts[0], minor=total),
        *(Entry(account=account, minor=-minor) for account, minor in credits_),
    )


class LedgerMachine(RuleBasedStateMachine):
    posted = Bundle("posted")
    pending = Bundle("pending")
    finished = Bundle("finished")

    def __init__(self) -> None:
        super().__init__()
        self.engine = open_database("sqlite://")
        self.connection = self.engine.connect()
        metadata.create_all(self.connection)
        self.balances: Counter[str] = Counter()
        self.held: Counter[str] = Counter()
        self.clock = datetime(2026, 11, 22, tzinfo=UTC)
        self.number = 0

    def teardown(self) -> None:
        self.connection.close()
        self.engine.dispose()

    def at(self) -> datetime:
        self.clock += timedelta(seconds=1)
        return self.clock

    def apply(self, book: Counter[str], entries: tuple[Entry, ...], sign: int = 1) -> None:
        for entry in entries:
            book[entry.account.id] += sign * entry.minor

    def next_id(self) -> str:
        self.number += 1
        return f"t{self.number}"

    @rule(target=posted, entries=balanced_entries())
    def post(self, entries: tuple[Entry, ...]) -> tuple[str, tuple[Entry, ...]]:
        transfer_id = self.next_id()
        transfers.post_transfer(self.connection, transfer_id, entries, reason="r", at=self.at())
        self.apply(self.balances, entries)
        return transfer_id, entries

    @rule(target=pending, entries=balanced_entries())
    def hold(self, entries: tuple[Entry, ...]) -> tuple[str, tuple[Entry, ...]]:
        transfer_id = self.next_id()
        transfers.hold_transfer(self.connection, transfer_id, entries, reason="r", at=self.at())
        self.apply(self.held, entries)
        return transfer_id, entries

    @rule(target=finished, transfer=consumes(pending), twice=st.booleans())
    def complete(self, transfer: tuple[str, tuple[Entry, ...]], twice: bool) -> tuple[str, str]:  # noqa: FBT001  (hypothesis passes by name)
        transfer_id, entries = transfer
        for _ in range(1 + twice):
            transfers.post_pending(self.connection, transfer_id, at=self.at())
        self.apply(self.held, entries, -1)
        self.apply(self.balances, entries)
        return transfer_id, "posted"

    @rule(target=finished, transfer=consumes(pending), twice=st.booleans())
    def void(self, transfer: tuple[str, tuple[Entry, ...]], twice: bool) -> tuple[str, str]:  # noqa: FBT001  (as above)
        transfer_id, entries = transfer
        for _ in range(1 + twice):
            transfers.void_pending(self.connection, transfer_id, at=self.at())
        self.apply(self.held, entries, -1)
        return transfer_id, "voided"

    @rule(target=finished, transfer=consumes(posted), twice=st.booleans())
    def reverse(self, transfer: tuple[str, tuple[Entry, ...]], twice: bool) -> object:  # noqa: FBT001  (as above)
        transfer_id, entries = transfer
        for _ in range(1 + twice):
            transfers.reverse_transfer(self.connection, transfer_id, reason="error", at=self.at())
        self.apply(self.balances, entries, -1)
        return multiple()

    @rule(transfer=posted)
    def replay(self, transfer: tuple[str, tuple[Entry, ...]]) -> None:
        transfer_id, entries = transfer
        transfers.post_transfer(self.connection, transfer_id, entries, reason="r", at=self.at())

    @rule(transfer=posted)
    def use_the_id_for_something_else(self, transfer: tuple[str, tuple[Entry, ...]]) -> None:
        transfer_id, entries = transfer
        opposite = [Entry(account=entry.account, minor=-entry.minor) for entry in entries]
        try:
            transfers.post_transfer(self.connection, transfer_id, opposite, reason="r", at=self.at())
        except TransferConflict:
            return
        raise AssertionError("the same id was taken for other content")

    @rule(finished_one=finished)
    def finish_otherwise(self, finished_one: tuple[str, str]) -> None:
        transfer_id, how = finished_one
        other = transfers.void_pending if how == "posted" else transfers.post_pending
        try:
            other(self.connection, transfer_id, at=self.at())
        except NotPending:
            return
        raise AssertionError("a pending transfer was finished both ways")

    @rule(transfer=pending)
    def reverse_what_is_pending(self, transfer: tuple[str, tuple[Entry, ...]]) -> None:
        try:
            transfers.reverse_transfer(self.connection, transfer[0], reason="r", at=self.at())
        except NotReversible:
            return
        raise AssertionError("a pending transfer was reversed")

    @invariant()
    def every_transfer_sums_to_zero(self) -> None:
        sums = self.connection.scalars(
            select(func.sum(ledger_entries.c.minor)).group_by(ledger_entries.c.transfer_id)
        )
        assert set(sums) <= {0}

    @invariant()
    def balances_are_those_of_the_model(self) -> None:
        lines = trial_balance(self.connection)
        assert {
            line.account.id: line.balance.minor for line in lines if line.balance.minor
        } == +self.balances | {name: minor for name, minor in self.balances.items() if minor < 0}
        assert all(line.pending == self.held[line.account.id] for line in lines)
        for currency in ACCOUNTS:
            mine = [line for line in lines if line.account.currency is currency]
            assert sum(line.debits for line in mine) == sum(line.credits for line in mine)


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
