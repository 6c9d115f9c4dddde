"""The largest call that may be asked is answered, and one that cannot be answered is not free."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sealing_office import NOW, Office, birth
from sqlalchemy import Engine, insert

from issuance.audit import models as _audit_tables  # noqa: F401  (its tables join the metadata)
from issuance.database import metadata, open_database
from issuance.http.idempotency import make_call
from issuance.identity.actors import Actor, ActorKind
from issuance.identity.models import clients
from issuance.verification.answer_keys import AnswerKeys, base64url
from issuance.verification.answers import Answered, FileSent, SealSent, file_item, seal_item
from issuance.verification.bulk import MAX_FILES, MAX_SEALS, Bulk, SealAsked, VerificationsAsked
from issuance.verification.errors import VerificationUnavailable
from issuance.verification.kept import KeptAnswers
from issuance.verification.quotas import DEFAULT_A_DAY, spend
from keys.errors import FormRefused, KeyCustodyError, KeyUnavailable
from keys.forms import check_form, form_of
from keys.signer import Algorithm, Purpose
from signing.formats.canonical_json import encode_canonical_json
from signing.formats.document_number import make_document_number
from signing.formats.profiles import profile_of_kind
from verify.seal import validate_seal_code
from verify.verdict import Verdict

LATER = NOW + timedelta(hours=3)
HEADER = b'{"alg":"ES256","kid":"%s","typ":"wathiqa-verifications+jwt"}' % (b"A" * 43)
BANK = Actor(kind=ActorKind.MACHINE, id="bank-1", permissions=frozenset())
LONGEST_NAME = "x" * 64


def test_an_answer_about_the_largest_documents_there_can_be_is_signed() -> None:
    office = Office()
    member = ("ا", 1, 99010000017, 18000)
    family = replace(
        office.claims(birth(make_document_number(2026, 1))),
        profile=profile_of_kind("family-extract").code,
        fields=(1, "ا", "ا", "1", "ا", "ا", "ا", 99010000017, 18000, (), (member,) * 64),
    )
    code = office.seal_code(family)
    judged = validate_seal_code(code, trust=office.trust(), at=LATER)
    assert judged.fields[-1].value.count("99010000017") >= 64  # in both languages
    seal = seal_item(SealSent(id=LONGEST_NAME, text=code), judged)
    pdf = office.document()
    file = file_item(FileSent(id=LONGEST_NAME, pdf=pdf), office.judge(pdf, at=LATER))
    items = [seal] * MAX_SEALS + [file] * MAX_FILES
    claims = Answered(issuer="https://x", client="bank-1", id="0" * 32, at=LATER, items=items).claims()
    signed = base64url(HEADER) + b"." + base64url(encode_canonical_json(claims))

    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    form = form_of(Purpose.ANSWER, algorithm=Algorithm.P256, public_key=key)
    assert len(signed) > 1 << 22
    check_form(form, signed, key_id="answers-1", purpose=Purpose.ANSWER)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'service.db'}")
    metadata.create_all(engine)
    row = {"id": BANK.id, "name": "x", "agency": "x", "secret_hash": "x", "scopes": "", "disabled": False}
    with engine.begin() as connection:
        connection.execute(insert(clients).values(**row, created_at=NOW))
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    ("error", "raised", "counted"),
    [
        (FormRefused(key_id="answers-1", purpose="answer", reason="too many octets"), FormRefused, 2),
        (KeyUnavailable(key_id="answers-1", reason="its signer is not there"), VerificationUnavailable, 0),
    ],
    ids=["a defect of ours", "out of order for now"],
)
def test_what_was_judged_and_can_never_be_answered_is_counted(
    engine: Engine, tmp_path: Path, error: KeyCustodyError, raised: type[Exception], counted: int
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise error

    keyring: Any = SimpleNamespace(obtain=refuse)
    office = Office()
    judged = validate_seal_code("no code", trust=office.trust(), at=LATER)
    assert judged.verdict is Verdict.NOT_GENUINE
    judges: Any = SimpleNamespace(seal=lambda *_, **__: judged)
    bulk = Bulk(
        engine=engine,
        clock=lambda: LATER,
        judges=judges,
        keys=AnswerKeys(keyring=keyring, public=tmp_path),
        kept=KeptAnswers(key=bytes(32)),
        issuer="https://x",
    )
    asked = VerificationsAsked(seals=[SealAsked(id=str(number), text="no code") for number in range(2)])
    with pytest.raises(raised):
        bulk.verify(asked, make_call(BANK, "POST /api/verifications", "k", b"{}"))
    with engine.begin() as connection:
        assert spend(connection, BANK.id, 1, at=LATER).left == DEFAULT_A_DAY - counted - 1
