"""A request that is held: what the officer reads, what the applicant reads, and how it goes on."""

import pytest
from installed_service import Town

from issuance.identity.permissions import Role
from issuance.requests.fulfilment import Fulfilment
from issuance.requests.lifecycle import AUTOMATIC, State
from issuance.requests.stoppages import stoppage_of
from keys.errors import KeyRefused


def test_the_officer_reads_why_the_applicant_reads_that_nothing_is_needed(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = town.case()
    applicant, officer = town.citizen(case.applicant), town.staff(Role.REGISTRAR)
    number = town.paid(case, applicant)
    fulfilment, press = town.service.fulfilment, town.service.parts.press

    def refuse(*_: object, **__: object) -> None:
        raise KeyRefused(key_id="seal-civil-registry", reason="its file was changed")

    with monkeypatch.context() as patch:
        patch.setattr(press, "press", refuse)
        with pytest.raises(KeyRefused) as raised:
            _run_on(fulfilment, number, town.state(number))
    stopped = stoppage_of(raised.value)
    fulfilment.hold(number, State.INTENDED, code=stopped.code, words=stopped.words)

    seen = town.get(f"/requests/{number}", officer)
    (told,) = [each for each in seen["timeline"] if each["event"] == "hold"]
    assert told["facts"]["code"] == "key-refused"
    assert "seal-civil-registry" in told["facts"]["ar"]
    assert "could not be opened" in told["facts"]["en"]
    shown = town.get(f"/requests/{number}", applicant)
    assert shown["state"] == "held"
    (read,) = [each for each in shown["timeline"] if each["event"] == "hold"]
    assert set(read["facts"]) == {"ar", "en"}
    assert "key" not in read["facts"]["en"]

    town.post(f"/requests/{number}/resumption", officer)
    assert town.work(number) is State.DELIVERED


def _run_on(fulfilment: Fulfilment, number: str, state: State) -> None:
    while state in AUTOMATIC:
        state = fulfilment.run(number, state)
