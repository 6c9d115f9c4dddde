"""Many in one call: what is refused is not counted, and the trail tells of no answer that was not made."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from issuance.audit.models import audit_entries
from issuance.database import metadata, open_database
from issuance.http.errors import TooMuchAtOnce
from issuance.http.idempotency import make_call
from issuance.identity.actors import Actor, ActorKind
from issuance.identity.models import clients
from issuance.verification.bulk import Bulk, FileAsked, VerificationsAsked
from issuance.verification.errors import VerificationUnavailable
from issuance.verification.kept import KeptAnswers
from issuance.verification.quotas import set_quota
from keys.errors import KeyCustodyError
from verify.verdict import ValidationReport

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BANK = Actor(kind=ActorKind.MACHINE, id="bank-1", permissions=frozenset())
A_BANK = {
    "id": BANK.id,
    "name": "bank",
    "agency": "bank",
    "secret_hash": "0" * 64,
    "scopes": "",
    "disabled": False,
    "created_at": NOON,
}
A_FILE = VerificationsAsked(documents=[FileAsked(id="a", pdf="JVBERg==")])


@dataclass
class Desk:
    """Judges and a key that do as a test says, and what was asked of them in order."""

    refuse: str = ""
    meanwhile: Callable[[], None] = lambda: None
    asked: list[str] = field(default_factory=list)

    @contextmanager
    def turn(self) -> Iterator[None]:
        self.asked.append("turn")
        if self.refuse == "turn":
            raise TooMuchAtOnce(retry_after_seconds=2)
        yield

    def begin(self, pdf: bytes, *, at: datetime) -> Callable[..., ValidationReport]:
        del pdf
        self.asked.append("judge")
        return lambda **_: ValidationReport(at=at, sha256="0" * 64)

    def sign(self, claims: Any, *, at: datetime) -> bytes:
        del at
        self.meanwhile()
        if self.refuse == "sign":
            raise KeyCustodyError
        return json.dumps(claims).encode()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'service.db'}")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


def ask(engine: Engine, desk: Any, *, key: str = "batch-1") -> bytes:
    bulk = Bulk(
        engine=engine, clock=lambda: NOON, judges=desk, keys=desk, kept=KeptAnswers(key=bytes(32)), issuer="x"
    )
    return bytes(bulk.verify(A_FILE, make_call(BANK, "POST /api/verifications", key, b"{}")).body)


def counted_and_noted(engine: Engine) -> tuple[Sequence[int], Sequence[str]]:
    with engine.connect() as connection:
        counted = connection.scalars(text("SELECT hits FROM attempt_counts WHERE hits != 0")).all()
        noted = connection.scalars(
            select(audit_entries.c.object_id).where(audit_entries.c.action == "verification.answer")
        ).all()
    return counted, noted


def test_an_answer_that_was_signed_is_counted_and_noted(engine: Engine) -> None:
    claims = json.loads(ask(engine, Desk()))
    assert counted_and_noted(engine) == ([1], [claims["jti"]])


@pytest.mark.parametrize(
    ("refuse", "error", "asked"),
    [("turn", TooMuchAtOnce, ["turn"]), ("sign", VerificationUnavailable, ["turn", "judge"])],
)
def test_a_call_that_is_refused_is_neither_counted_nor_noted(
    engine: Engine, refuse: str, error: type[Exception], asked: list[str]
) -> None:
    desk = Desk(refuse=refuse)
    with pytest.raises(error):
        ask(engine, desk)
    assert counted_and_noted(engine) == ([], [])
    assert desk.asked == asked


def test_what_came_to_nothing_is_given_back_also_where_the_quota_was_lowered_since(engine: Engine) -> None:
    def lower() -> None:
        with engine.begin() as connection:
            set_quota(connection, BANK.id, 0, by=BANK, at=NOON)

    with engine.begin() as connection:
        connection.execute(clients.insert().values(**A_BANK))
    ask(engine, Desk())
    with pytest.raises(VerificationUnavailable):
        ask(engine, Desk(refuse="sign", meanwhile=lower), key="batch-2")
    assert counted_and_noted(engine)[0] == [1]
