"""Writing to the ledger: post, hold as pending, complete, void, reverse.

Every function takes a `Connection` and never commits. A transfer's id is given
by the caller and makes the write idempotent: the same id with the same content
answers with what was written before; with other content it is refused. The
instant is not content: a step that runs again after a crash books nothing new.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection

from issuance.database import upsert
from issuance.ledger import triggers as triggers  # noqa: PLC0414  (imported so that create_all makes the triggers)
from issuance.ledger.errors import (
    AmountOutOfRange,
    MixedCurrencies,
    NotPending,
    NotReversible,
    TransferConflict,
    TransferNotFound,
    UnbalancedTransfer,
)
from issuance.ledger.models import (
    EFFECTIVE,
    MAX_MINOR,
    Account,
    AccountKind,
    Entry,
    Transfer,
    TransferKind,
    ledger_accounts,
    ledger_entries,
    ledger_transfers,
)
from issuance.money import Currency
from signing.formats.canonical_json import JsonValue, encode_canonical_json


def post_transfer(
    connection: Connection,
    transfer_id: str,
    entries: Sequence[Entry],
    *,
    reason: str,
    request_number: str | None = None,
    at: datetime,
) -> Transfer:
    """Book `entries` for good.

    Raises:
        UnbalancedTransfer, MixedCurrencies, AmountOutOfRange: the entries are not a transfer.
        TransferConflict: `transfer_id` was used for other content.
    """
    transfer = _transfer(
        TransferKind.POSTED, transfer_id, entries, reason=reason, request_number=request_number, at=at
    )
    return _write(connection, transfer)


def hold_transfer(
    connection: Connection,
    transfer_id: str,
    entries: Sequence[Entry],
    *,
    reason: str,
    request_number: str | None = None,
    at: datetime,
) -> Transfer:
    """Book `entries` as pending: seen in pending balances, without effect on posted ones.

    Raises:
        UnbalancedTransfer, MixedCurrencies, AmountOutOfRange: the entries are not a transfer.
        TransferConflict: `transfer_id` was used for other content.
    """
    transfer = _transfer(
        TransferKind.PENDING, transfer_id, entries, reason=reason, request_number=request_number, at=at
    )
    return _write(connection, transfer)


def post_pending(connection: Connection, pending_id: str, *, at: datetime) -> Transfer:
    """Complete a pending transfer; again is the same.

    Raises:
        TransferNotFound: no such transfer.
        NotPending: it is not a pending one, or was voided.
    """
    return _resolve(connection, pending_id, TransferKind.POST_PENDING, at)


def void_pending(connection: Connection, pending_id: str, *, at: datetime) -> Transfer:
    """Give up a pending transfer; again is the same.

    Raises:
        TransferNotFound: no such transfer.
        NotPending: it is not a pending one, or was posted.
    """
    return _resolve(connection, pending_id, TransferKind.VOID_PENDING, at)


def reverse_transfer(connection: Connection, transfer_id: str, *, reason: str, at: datetime) -> Transfer:
    """Book the opposite of a transfer that should not have been; again is the same.

    Raises:
        TransferNotFound: no such transfer.
        NotReversible: it is pending, void or itself a reversal.
        TransferConflict: it was reversed before for another reason.
    """
    original = load_transfer(connection, transfer_id)
    if original.kind not in {TransferKind.POSTED, TransferKind.POST_PENDING}:
        raise NotReversible(transfer=transfer_id)
    reversal = _transfer(
        TransferKind.REVERSAL,
        f"{transfer_id}/reversal",
        [Entry(account=entry.account, minor=-entry.minor) for entry in original.entries],
        reason=reason,
        request_number=original.request_number,
        refers_to=transfer_id,
        at=at,
    )
    return _write(connection, reversal)


def find_transfer(connection: Connection, transfer_id: str) -> Transfer | None:
    """The transfer with this id, or None."""
    header = connection.execute(
        select(ledger_transfers).where(ledger_transfers.c.id == transfer_id)
    ).one_or_none()
    if header is None:
        return None
    rows = connection.execute(
        select(ledger_entries.c.minor, ledger_accounts)
        .join(ledger_accounts, ledger_accounts.c.id == ledger_entries.c.account_id)
        .where(ledger_entries.c.transfer_id == transfer_id)
        .order_by(ledger_entries.c.position)
    )
    entries = tuple(
        Entry(
            account=Account(
                kind=AccountKind(row.kind),
                party=row.party,
                component=row.component,
                currency=Currency(row.currency),
            ),
            minor=row.minor,
        )
        for row in rows
    )
    return Transfer(
        id=header.id,
        kind=TransferKind(header.kind),
        currency=Currency(header.currency),
        entries=entries,
        reason=header.reason,
        request_number=header.request_number,
        refers_to=header.refers_to,
        at=header.at,
    )


def load_transfer(connection: Connection, transfer_id: str) -> Transfer:
    """The transfer with this id.

    Raises:
        TransferNotFound: there is none.
    """
    transfer = find_transfer(connection, transfer_id)
    if transfer is None:
        raise TransferNotFound(transfer=transfer_id)
    return transfer


def fingerprint(transfer: Transfer) -> str:
    """SHA-256 over all of a transfer except its instant, hexadecimal."""
    entries: list[JsonValue] = [[entry.account.id, entry.minor] for entry in transfer.entries]
    content: dict[str, JsonValue] = {
        "id": transfer.id,
        "kind": transfer.kind,
        "currency": transfer.currency,
        "entries": entries,
        "reason": transfer.reason,
        "request_number": transfer.request_number,
        "refers_to": transfer.refers_to,
    }
    return hashlib.sha256(encode_canonical_json(content)).hexdigest()


def _transfer(
    kind: TransferKind,
    transfer_id: str,
    entries: Sequence[Entry],
    *,
    reason: str,
    request_number: str | None,
    refers_to: str | None = None,
    at: datetime,
) -> Transfer:
    for entry in entries:
        if type(entry.minor) is not int or entry.minor == 0 or abs(entry.minor) > MAX_MINOR:
            raise AmountOutOfRange(minor=entry.minor)
    if len(entries) < 2 or sum(entry.minor for entry in entries) != 0:  # noqa: PLR2004  (double entry: two sides)
        raise UnbalancedTransfer(transfer=transfer_id)
    currencies = {entry.account.currency for entry in entries}
    if len(currencies) != 1:
        raise MixedCurrencies(transfer=transfer_id)
    return Transfer(
        id=transfer_id,
        kind=kind,
        currency=currencies.pop(),
        entries=tuple(entries),
        reason=reason,
        request_number=request_number,
        refers_to=refers_to,
        at=at,
    )


def _write(connection: Connection, transfer: Transfer) -> Transfer:
    existing = find_transfer(connection, transfer.id)
    if existing is not None:
        if fingerprint(existing) != fingerprint(transfer):
            raise TransferConflict(transfer=transfer.id)
        return existing
    # In one order, so that two transfers that open the same accounts do not wait for each other.
    for account in sorted({entry.account for entry in transfer.entries}, key=lambda account: account.id):
        _open_account(connection, account, transfer.at)
    connection.execute(
        insert(ledger_entries),
        [
            {
                "transfer_id": transfer.id,
                "position": position,
                "account_id": entry.account.id,
                "minor": entry.minor,
            }
            for position, entry in enumerate(transfer.entries)
        ],
    )
    connection.execute(
        insert(ledger_transfers).values(
            id=transfer.id,
            kind=transfer.kind,
            currency=transfer.currency,
            reason=transfer.reason,
            request_number=transfer.request_number,
            refers_to=transfer.refers_to,
            at=transfer.at,
            fingerprint=fingerprint(transfer),
        )
    )
    return transfer


def _open_account(connection: Connection, account: Account, at: datetime) -> None:
    if connection.scalar(select(ledger_accounts.c.id).where(ledger_accounts.c.id == account.id)) is None:
        connection.execute(
            upsert(connection, ledger_accounts)
            .values(
                id=account.id,
                kind=account.kind,
                party=account.party,
                component=account.component,
                currency=account.currency,
                opened_at=at,
            )
            .on_conflict_do_nothing()
        )


def _resolve(connection: Connection, pending_id: str, kind: TransferKind, at: datetime) -> Transfer:
    pending = load_transfer(connection, pending_id)
    if pending.kind is not TransferKind.PENDING:
        raise NotPending(transfer=pending_id)
    resolved_by = connection.scalar(
        select(ledger_transfers.c.kind).where(ledger_transfers.c.refers_to == pending_id)
    )
    if resolved_by is not None and resolved_by != kind:
        raise NotPending(transfer=pending_id)
    sign = 1 if kind in EFFECTIVE else -1
    resolution = _transfer(
        kind,
        f"{pending_id}/{kind}",
        [Entry(account=entry.account, minor=sign * entry.minor) for entry in pending.entries],
        reason=pending.reason,
        request_number=pending.request_number,
        refers_to=pending_id,
        at=at,
    )
    return _write(connection, resolution)
