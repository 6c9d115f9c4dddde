"""What is about to be signed, stored before any key is used; functions never commit but `sign_as_intended`.

    reserve                        (durable; the caller's: a serial number, a CRL number, a slot)
    build and lint, with a throwaway key
    store the intents              (durable; what is to be signed, byte for byte)
    mark that signing begins       (durable; a second time is refused)
    sign: the key is given these bytes and no others
    store what was signed, and `finish_signing`, in one transaction   (durable)

An intent in state `signing` may or may not have been signed, but is never signed again: what
went wrong goes on under a new number. Certificates keep the same states in their own rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Engine, delete, insert, update
from sqlalchemy.exc import IntegrityError

from ca.errors import AlreadyRedeemed, TbsChanged
from ca.tables import intents as table
from keys.signer import Algorithm, PublicKey, Purpose, Signer


class IntentKind(StrEnum):
    """What is signed by an intent in this table."""

    CRL = "crl"
    OCSP = "ocsp"


class IntentState(StrEnum):
    """How far an intent has come."""

    INTENDED = "intended"
    SIGNING = "signing"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intended:
    """One object that is to be signed once."""

    kind: IntentKind
    subject: str  # unique in its kind: "issuing 7"; for an OCSP answer serial number, hash and instant
    key_id: str
    to_be_signed: bytes


class OnlyTheseBytes:
    """Stands before a signer, and lets through one signature over the bytes that were checked."""

    def __init__(self, signer: Signer, to_be_signed: bytes, *, what: str) -> None:
        """`what` is how errors name the object."""
        self._signer, self._to_be_signed, self._what = signer, to_be_signed, what
        self._is_used = False
        self.key_id: str = signer.key_id
        self.purpose: Purpose = signer.purpose
        self.algorithm: Algorithm = signer.algorithm
        self.public_key: PublicKey = signer.public_key

    def sign(self, data: bytes, *, purpose: Purpose) -> bytes:
        """Sign, if `data` is what was checked.

        Raises:
            TbsChanged: it is not; the key was not used.
            AlreadyRedeemed: it was asked before.
        """
        if data != self._to_be_signed:
            raise TbsChanged(what=self._what)
        if self._is_used:
            raise AlreadyRedeemed(what=self._what)
        self._is_used = True
        return self._signer.sign(data, purpose=purpose)


def save_intents(connection: Connection, intended: Sequence[Intended], *, at: datetime) -> None:
    """Keep what is about to be signed.

    Raises:
        AlreadyRedeemed: an intent of this kind and subject exists.
    """
    rows = [
        {
            "kind": each.kind.value,
            "subject": each.subject,
            "key_id": each.key_id,
            "to_be_signed": each.to_be_signed,
            "state": IntentState.INTENDED.value,
            "intended_at": at,
        }
        for each in intended
    ]
    if not rows:
        return
    try:
        connection.execute(insert(table), rows)
    except IntegrityError as error:
        raise AlreadyRedeemed(what=", ".join(each.subject for each in intended[:3])) from error


def begin_signing(connection: Connection, intended: Sequence[Intended]) -> None:
    """Mark that signing begins: from here on, only once.

    Raises:
        AlreadyRedeemed: it began before, was never intended, or other bytes were intended.
    """
    _move(connection, intended, IntentState.INTENDED, IntentState.SIGNING)


def finish_signing(connection: Connection, intended: Sequence[Intended]) -> None:
    """Mark that what was signed is stored; in the transaction that stores it.

    Raises:
        AlreadyRedeemed: its signing was not under way.
    """
    _move(connection, intended, IntentState.SIGNING, IntentState.SIGNED)


def forget_signed(connection: Connection, kind: IntentKind, *, before: datetime) -> int:
    """Drop intents that were signed and stored, older than `before`; answers how many.

    For objects that are made by the thousand and soon replaced. Unfinished ones stay for good.
    """
    done = (table.c.kind == kind.value, table.c.state == IntentState.SIGNED.value)
    return connection.execute(delete(table).where(*done, table.c.intended_at < before)).rowcount


def sign_as_intended(
    engine: Engine, intended: Sequence[Intended], signer: Signer, *, purpose: Purpose, at: datetime
) -> list[bytes]:
    """Store the intents, mark that signing begins, sign: the signatures, in order.

    The caller has linted what it hands in, verifies and stores what it gets, and calls
    `finish_signing` in the same transaction. Call it outside a transaction.

    Raises:
        AlreadyRedeemed: one of them was intended before.
        KeyUnavailable: the key did not answer; the intents are burnt.
    """
    with engine.begin() as connection:
        save_intents(connection, intended, at=at)
    with engine.begin() as connection:
        begin_signing(connection, intended)
    return [
        OnlyTheseBytes(signer, each.to_be_signed, what=each.subject).sign(each.to_be_signed, purpose=purpose)
        for each in intended
    ]


def _move(connection: Connection, intended: Sequence[Intended], from_: IntentState, to: IntentState) -> None:
    for each in intended:
        changed = connection.execute(
            update(table)
            .where(
                table.c.kind == each.kind.value,
                table.c.subject == each.subject,
                table.c.state == from_.value,
                table.c.to_be_signed == each.to_be_signed,
            )
            .values(state=to.value)
        )
        if changed.rowcount != 1:
            raise AlreadyRedeemed(what=each.subject)
