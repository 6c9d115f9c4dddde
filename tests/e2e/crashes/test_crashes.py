"""Each durable write of a request's whole way is broken twice: failed, and failed but persisted."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from crash_site import OFFICER, PROVIDER, Errand, Site
from fuse import Died
from invariants import check_books, check_end, check_request, timeline

from issuance.catalogue.models import DocumentKind
from issuance.payments.treasury import fees_of
from issuance.registries.samples import SampleCase
from issuance.requests.lifecycle import State

# What happens: who asks for what, and how it ends.
CASES: dict[str, tuple[Callable[[Site], SampleCase], State]] = {
    "a document that an officer approves": (lambda site: site.case(DocumentKind.DIVORCE), State.DELIVERED),
    "a refusal with its refund": (Site.unfinished, State.REFUSED),
}
BROKEN = ("commit to service", "flush", "renaming", "message", "call to the provider")


@pytest.fixture
def guarded(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    site.fuse.watch_files(monkeypatch)
    return site


both_ways = pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])


@both_ways
@pytest.mark.parametrize("name", CASES)
def test_a_request_survives_a_death_at_every_write(guarded: Site, name: str, *, persisted: bool) -> None:
    choose, end = CASES[name]
    errand = Errand(guarded, choose(guarded))

    def look() -> None:
        check_books(guarded.service)
        if errand.number is not None:
            check_request(guarded.service, errand.number)

    deaths = errand.die_at_every_write(persisted=persisted, look=look)
    guarded.housekeeping()
    assert errand.request.state is end
    check_end(guarded.service, errand.request.number)
    check_books(guarded.service)
    died_in = {death.partition(":")[0] for death in deaths}
    assert died_in >= {str(line.source) for line in timeline(guarded.service, errand.request.number)}
    assert all(any(write in death for death in deaths) for write in BROKEN)


@both_ways
def test_money_that_comes_after_the_end_goes_back_through_every_death(
    guarded: Site, *, persisted: bool
) -> None:
    """The applicant paid at the provider, withdrew here, and then the news of the payment comes."""
    errand = Errand(guarded, guarded.case(DocumentKind.BIRTH))
    request = errand.go(until=frozenset({State.AWAITING_PAYMENT}))
    payment = guarded.service.exchange.pay(request.number, fees_of(request), PROVIDER)
    with guarded.service.parts.engine.begin() as connection:
        guarded.service.movements.cancel(connection, request.number, actor=OFFICER, at=guarded.clock())
    guarded.approve_payment(payment.id)
    died_at: set[str] = set()
    while True:
        guarded.fuse.arm(died_at, persisted=persisted)
        try:
            guarded.service.exchange.sync(payment.id)
            guarded.service.exchange.resolve_unfinished(older_than=timedelta(seconds=-1))
        except Died:
            died_at.add(guarded.fuse.blown)
            guarded.restart()
            check_books(guarded.service)
            check_request(guarded.service, request.number)
            continue
        break
    guarded.fuse.calm()
    guarded.housekeeping()
    check_end(guarded.service, request.number)
    assert errand.request.state is State.CANCELLED
    assert {"commit to service 1", "call to the provider 1"} <= died_at


def test_without_any_death_everything_ends_well(site: Site) -> None:
    """The same errands, undisturbed, one after another: the numbers follow one another."""
    errands = [Errand(site, case) for case in site.samples().granted.values()]
    errands.append(Errand(site, site.unfinished()))
    for errand in errands:
        errand.go()
    site.housekeeping()
    for errand in errands:
        check_end(site.service, errand.request.number)
    check_books(site.service)
