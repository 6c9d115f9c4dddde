"""The service's own pages, driven in Chromium over a real socket."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from installed_service import Delivered, Town
from playwright.sync_api import Browser, Page, expect, sync_playwright

from issuance.serving import free_address, serving

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def held(shared_town: Town) -> Delivered:
    case = shared_town.case()
    return shared_town.delivered(case, shared_town.citizen(case.applicant))


@pytest.fixture(scope="module")
def browser(held: Delivered) -> Iterator[Browser]:
    """Started after `held` is made: while it runs, nobody else in this thread may run an event loop."""
    assert held.pdf
    if not CHROMIUM.exists():
        pytest.skip(f"no {CHROMIUM}: the pages are not driven in a browser")
    expect.set_options(timeout=30_000)  # ms: a machine that is busy is no fault of the page's
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(shared_town: Town) -> Iterator[str]:
    listening = free_address()
    with serving(shared_town.service, listening):
        yield listening.url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def _watch(page: Page) -> tuple[list[str], list[str]]:
    """Every address that the page asks for, and everything it complains about."""
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return asked, complaints


def test_the_reference_shows_every_operation_and_loads_nothing_foreign(
    shared_town: Town, address: str, page: Page
) -> None:
    asked, complaints = _watch(page)
    page.goto(f"{address}/docs")
    page.locator(".opblock").first.wait_for()

    described = shared_town.app.openapi()["paths"].values()
    assert page.locator(".opblock").count() == sum(len(item) for item in described)
    assert {url for url in asked if not url.startswith((f"{address}/", "data:"))} == set()
    assert complaints == []


def test_the_page_reads_a_seal_that_the_service_made(
    shared_town: Town, held: Delivered, address: str, page: Page
) -> None:
    page.clock.set_fixed_time(shared_town.clock())
    asked, complaints = _watch(page)

    page.goto(f"{address}/#{held.seal_text.partition('#')[2]}")

    expect(page.locator("#verdict")).to_have_attribute("data-reason", "in-force")
    assert held.case.subject in page.locator("#fields").inner_text()
    assert {url for url in asked if not url.startswith(f"{address}/")} == set()
    assert not [url for url in asked if held.number in url or held.case.subject in url]
    assert complaints == []


def test_the_pages_form_for_a_torn_seal_asks_this_service(
    shared_town: Town, held: Delivered, address: str, page: Page
) -> None:
    page.clock.set_fixed_time(shared_town.clock())
    answers: list[Any] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108  (it looks for a signature)
    page.goto(f"{address}/")
    page.locator("#fallback summary").click()
    page.locator("#number").fill(held.number)
    page.locator("#code").fill(held.check_code)

    page.locator("#ask").click()

    expect(page.locator("#answer")).not_to_be_empty()
    asked = [answer for answer in answers if answer.url == f"{address}/api/documents/check"]
    # It asks with nothing first, to learn whether anybody answers here.
    assert [answer.status for answer in asked] == [422, 200]
