"""Citizens: enrolling a telephone, and signing in with a one-time code sent to it.

A national number is no secret, so knowing it proves nothing: codes go only to the
telephone that a clerk bound to the person, having seen an identity document
(`enrol_citizen`). Asking for a code is answered the same, and takes as long, whether or
not number and telephone belong together; the message is sent after the answer.

A code has six digits, lives five minutes, survives five attempts and opens one session.
With ten codes a day for a number, a guesser has fifty tries in a million a day.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from issuance.audit import trail
from issuance.audit.trail import AuditObject
from issuance.identity.actors import Actor, ActorKind, system_actor
from issuance.identity.errors import NationalNumberNotValid, PhoneNotValid
from issuance.identity.models import citizens, one_time_codes
from issuance.identity.rates import Rate, count_attempt
from issuance.identity.tokens import IssuedToken, issue_token, revoke_tokens_of
from issuance.locks import take_turn

CODE_DIGITS = 6
CODE_LIFETIME = timedelta(minutes=5)
MAX_ATTEMPTS = 5

PER_PERSON = Rate(name="codes for number and telephone", most=3, window=timedelta(minutes=15))
PER_PERSON_DAILY = Rate(name="codes for number and telephone, daily", most=10, window=timedelta(days=1))
# Wider, because anybody can use up the count of somebody else's number.
PER_NUMBER_DAILY = Rate(name="codes for number, daily", most=50, window=timedelta(days=1))
PER_ADDRESS = Rate(name="codes asked from address", most=20, window=timedelta(minutes=15))
TRIES_PER_ADDRESS = Rate(name="codes tried from address", most=60, window=timedelta(minutes=15))

_NATIONAL_NUMBER = re.compile(r"[0-9]{11}")
_PHONE = re.compile(r"\+[1-9][0-9]{7,14}")  # ITU-T E.164
_CHALLENGE = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A code on its way: hand it to the sender after the commit."""

    phone: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """The answer to who asks for a code; `message` is None when nobody matched, which nobody is told."""

    id: str
    expires_at: datetime
    message: Message | None


def random_code() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def enrol_citizen(
    connection: Connection, national_number: str, phone: str, *, by: Actor, at: datetime
) -> str:
    """Bind a telephone to a person, or another one in place of the first; the citizen's id.

    That the person exists in the register is checked by the caller, who has the connector.

    Raises:
        NationalNumberNotValid, PhoneNotValid.
    """
    check_national_number(national_number)
    check_phone(phone)
    take_turn(connection, f"citizen {national_number}")
    bound = {"phone": phone, "enrolled_by": by.id, "enrolled_at": at}
    known = connection.execute(
        select(citizens.c.id).where(citizens.c.national_number == national_number)
    ).scalar()
    citizen_id = known or secrets.token_hex(16)
    if known is None:
        connection.execute(insert(citizens).values(id=citizen_id, national_number=national_number, **bound))
    else:
        connection.execute(update(citizens).where(citizens.c.id == citizen_id).values(**bound))
        connection.execute(delete(one_time_codes).where(one_time_codes.c.citizen_id == citizen_id))
        revoke_tokens_of(connection, ActorKind.CITIZEN, citizen_id, at=at)
    trail.record(connection, by, "citizen.enrol", _object(citizen_id), at=at, facts={"again": bool(known)})
    return citizen_id


def enrolled_phone(connection: Connection, national_number: str) -> str | None:
    """The telephone bound to a person; None before a desk enrolled them."""
    return connection.execute(
        select(citizens.c.phone).where(citizens.c.national_number == national_number)
    ).scalar()


def request_code(
    connection: Connection,
    national_number: str,
    phone: str,
    *,
    address: str,
    code_key: bytes,
    at: datetime,
    new_code: Callable[[], str] = random_code,
) -> Challenge:
    """Open a challenge. The same rows are written whether or not somebody matched.

    Raises:
        NationalNumberNotValid, PhoneNotValid: of the wrong form.
        TooManyAttempts: for this number or from this address, whether or not it exists.
    """
    check_national_number(national_number)
    check_phone(phone)
    count_attempt(connection, PER_ADDRESS, address, at=at)
    count_attempt(connection, PER_PERSON, f"{national_number}\0{phone}", at=at)
    count_attempt(connection, PER_PERSON_DAILY, f"{national_number}\0{phone}", at=at)
    count_attempt(connection, PER_NUMBER_DAILY, national_number, at=at)
    matched = (citizens.c.national_number == national_number) & (citizens.c.phone == phone)
    citizen_id = connection.execute(select(citizens.c.id).where(matched)).scalar()
    challenge, code = secrets.token_hex(16), new_code()
    connection.execute(
        insert(one_time_codes).values(
            challenge=challenge,
            citizen_id=citizen_id,
            code_mac=_mac(code_key, challenge, code),
            expires_at=at + CODE_LIFETIME,
            attempts=0,
            used=False,
        )
    )
    trail.record(connection, system_actor("sign-in"), "code.request", _object(citizen_id or "-"), at=at)
    message = Message(phone=phone, text=_text(code)) if citizen_id else None
    return Challenge(id=challenge, expires_at=at + CODE_LIFETIME, message=message)


def redeem_code(
    connection: Connection, challenge: str, code: str, *, address: str, code_key: bytes, at: datetime
) -> IssuedToken | None:
    """A session for the right code; None for any other, used, expired or worn-out one. Commit in both cases.

    Raises:
        TooManyAttempts: from this address.
    """
    count_attempt(connection, TRIES_PER_ADDRESS, address, at=at)
    if not _CHALLENGE.fullmatch(challenge):
        return None
    live = (
        (one_time_codes.c.challenge == challenge)
        & (one_time_codes.c.used.is_(False))
        & (one_time_codes.c.expires_at > at)
        & (one_time_codes.c.attempts < MAX_ATTEMPTS)
    )
    # Counted before compared, in one statement: simultaneous guesses cannot share an attempt.
    counted = connection.execute(
        update(one_time_codes).where(live).values(attempts=one_time_codes.c.attempts + 1)
    )
    if counted.rowcount != 1:
        return None
    row = connection.execute(select(one_time_codes).where(one_time_codes.c.challenge == challenge)).one()
    fits = hmac.compare_digest(row.code_mac, _mac(code_key, challenge, code))
    if not fits or row.citizen_id is None:
        trail.record(
            connection, system_actor("sign-in"), "code.refuse", _object(row.citizen_id or "-"), at=at
        )
        return None
    connection.execute(
        update(one_time_codes).where(one_time_codes.c.challenge == challenge).values(used=True)
    )
    token = issue_token(connection, ActorKind.CITIZEN, row.citizen_id, at=at)
    actor = Actor(kind=ActorKind.CITIZEN, id=row.citizen_id, permissions=frozenset())
    trail.record(connection, actor, "session.begin", _object(row.citizen_id), at=at)
    return token


def forget_codes(connection: Connection, *, at: datetime) -> int:
    """Remove expired challenges; how many there were."""
    return connection.execute(delete(one_time_codes).where(one_time_codes.c.expires_at <= at)).rowcount


def check_national_number(text: str) -> None:
    """Eleven digits; no check digit is known.

    Raises:
        NationalNumberNotValid: anything else.
    """
    if not _NATIONAL_NUMBER.fullmatch(text):
        raise NationalNumberNotValid


def check_phone(text: str) -> None:
    """International form.

    Raises:
        PhoneNotValid: anything else.
    """
    if not _PHONE.fullmatch(text):
        raise PhoneNotValid


def _mac(key: bytes, challenge: str, code: str) -> str:
    # Keyed, because a million codes are tried in a second by whoever reads the table.
    return hmac.new(key, f"{challenge}\0{code}".encode(), hashlib.sha256).hexdigest()


def _text(code: str) -> str:
    return f"رمز الدخول إلى وثيقة: {code} — لا تعطه لأحد. Wathiqa sign-in code: {code}. Give it to nobody."


def _object(citizen_id: str) -> AuditObject:
    return AuditObject(kind="citizen", id=citizen_id)
