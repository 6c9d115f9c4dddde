"""The page in every state: the root's word, checks that overtake each other, line by line, for everybody."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from playwright.sync_api import Page, Route, expect

from signing.formats.status_list import Status

# Everything that axe-core knows, contrast of 7 to 1 among it (WCAG 2.2 AAA).
AXE = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


def _check(page: Page, text: str) -> str | None:
    page.goto("about:blank")
    page.goto(text)
    page.locator("#verdict").wait_for()
    return page.locator("#verdict").get_attribute("data-reason")


def _root_crl(world: Any, revoked: int | None, *, number: int = 2, critical: bool = False) -> None:
    at = world.claims().issued_at
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Root")]))
        .last_update(at - timedelta(days=1))
        .next_update(at + timedelta(days=200))
        .add_extension(x509.CRLNumber(number), critical=critical)
    )
    if revoked is not None:
        entry = (
            x509.RevokedCertificateBuilder().serial_number(revoked).revocation_date(at - timedelta(hours=2))
        )
        builder = builder.add_revoked_certificate(entry.build())
    crl = builder.sign(world.root_key, hashes.SHA384())
    (world.public / "crl" / "root.crl").write_bytes(crl.public_bytes(Encoding.DER))


def test_a_trust_list_whose_certificate_the_root_revoked_is_not_believed(
    world: Any, page: Page, certify: Any
) -> None:
    """As in Python; and it does not push out the good one that was kept."""
    assert _check(page, world.seal_text()) == "in-force"
    stolen = certify("Thief", world.trust_signer.public_key, "Root", world.root_key)
    world.publish_trust_list(stolen, version=99, seal_keys=())
    _root_crl(world, stolen.serial_number)
    assert _check(page, world.seal_text()) == "in-force"
    world.publish_trust_list(version=8, seal_keys=(world.seal_key(profiles=(6,)),))
    assert _check(page, world.seal_text()) == "key-not-permitted"


@pytest.mark.parametrize("spoil", ["absent", "expired", "of another key", "not understood"])
def test_without_the_roots_word_nothing_is_judged(world: Any, page: Page, spoil: str) -> None:
    match spoil:
        case "absent":
            (world.public / "crl" / "root.crl").unlink()
        case "expired":
            world.publish_root_crl(lasts=timedelta(days=100))
        case "of another key":
            another = type(world)(public=world.public)
            another.publish_root_crl()
        case _:
            _root_crl(world, None, critical=True)
    assert _check(page, world.seal_text()) == "trust-stale"


def test_an_older_list_of_the_root_takes_nothing_back(world: Any, page: Page, certify: Any) -> None:
    revoked = certify("Old", world.trust_signer.public_key, "Root", world.root_key)
    world.publish_trust_list(revoked)
    _root_crl(world, revoked.serial_number, number=5)
    assert _check(page, world.seal_text()) == "trust-stale"
    world.publish_root_crl(number=4)
    assert _check(page, world.seal_text()) == "trust-stale"


def test_time_seen_once_is_not_forgotten(world: Any, page: Page) -> None:
    """A clock set back and an older list together do not make an expired list young."""
    later = world.claims().issued_at + timedelta(days=60)
    world.publish_trust_list(version=8, issued_at=later, expires_at=later + timedelta(days=9))
    page.clock.set_fixed_time(later)
    assert _check(page, world.seal_text()) == "status-stale"
    page.evaluate("caches.delete('wathiqa-lists')")
    world.publish_trust_list()
    page.clock.set_fixed_time(world.claims().issued_at + timedelta(hours=6))
    assert _check(page, world.seal_text()) == "trust-stale"


@pytest.fixture
def held(page: Page) -> Iterator[list[Route]]:
    """The status lists of a check wait here until a test lets them go."""
    waiting: list[Route] = []
    page.route("**/status/2.cwt", lambda route: waiting.append(route))  # noqa: PLW0108 - a method takes no marks
    yield waiting
    page.unroute_all(behavior="ignoreErrors")


def _first(page: Page, held: list[Route]) -> Route:
    """The request that waits; it may still be on its way here."""
    for _ in range(10_000):
        if held:
            return held[0]
        page.evaluate("0")
    raise AssertionError("nothing was asked for")


def test_the_last_check_wins_whichever_ends_first(world: Any, page: Page, held: list[Route]) -> None:
    page.goto(world.seal_text(world.claims(status_list=2)))
    expect(page.locator("html")).to_have_attribute("data-phase", "wait")
    late = _first(page, held)
    with page.expect_request("**/status/1.cwt"):
        page.evaluate("text => { location.hash = text; }", world.seal_text().partition("#")[2])
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "in-force")
    with page.expect_response("**/status/2.cwt"):
        late.fulfill(status=404)
    page.locator("#language").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "in-force")


def test_the_language_pressed_during_a_check_shows_nothing_else(
    world: Any, page: Page, held: list[Route]
) -> None:
    page.goto(world.seal_text(world.claims(status_list=2)))
    expect(page.locator("#wait")).to_have_text("يجري التحقق من الوثيقة…")
    page.locator("#language").click()
    expect(page.locator("#wait")).to_have_text("Checking the document …")
    for other in ("#start", "#verdict", "#compare"):
        expect(page.locator(other)).to_be_hidden()
    _first(page, held).fulfill(status=404)
    expect(page.locator("#headline")).to_have_text("Genuine, status not checked")


def test_line_by_line_with_the_keyboard_alone(world: Any, page: Page) -> None:
    page.goto(world.seal_text(world.claims("non-employment")))
    page.locator("#verdict").wait_for()
    page.locator("#guide").press("Enter")
    expect(page.locator(".guide .step")).to_be_focused()
    expect(page.locator(".guide .step")).to_have_text("السطر 1 من 10")
    expect(page.locator("#fields")).to_be_hidden()
    page.locator("#language").press("Enter")
    expect(page.locator(".guide .step")).to_have_text("Line 1 of 10")
    for line in range(10):
        expect(page.locator(".guide .step")).to_have_text(f"Line {line + 1} of 10")
        page.get_by_role("button", name="No, it differs" if line == 2 else "Yes, the same").press("Enter")
    expect(page.locator(".guide .alarm")).to_be_focused()
    expect(page.locator(".guide .alarm")).to_contain_text("differ (1): do not accept the paper")
    expect(page.locator(".guide dl")).to_contain_text("فاطمة")
    expect(page.locator("#verdict")).to_have_class("false")
    expect(page.locator("#headline")).to_have_text("The paper differs")
    page.get_by_role("button", name="End the comparison").press("Enter")
    expect(page.locator("#fields")).to_be_visible()
    expect(page.locator("#guide")).to_be_focused()


def _compare(page: Page, *, differs: int | None = None) -> None:
    page.locator("#guide").click()
    for line in range(10):
        expect(page.locator(".guide .step")).to_have_text(f"Line {line + 1} of 10")
        page.locator(".guide").get_by_role("button").nth(1 if line == differs else 0).click()


def test_a_paper_that_differs_leaves_nothing_green(world: Any, page: Page) -> None:
    page.goto(world.seal_text(world.claims("non-employment")))
    page.locator("#language").click()
    page.locator("#guide").click()
    page.get_by_role("button", name="No, it differs").click()
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "paper-differs")
    expect(page.locator(".guide .step")).to_be_focused()
    page.get_by_role("button", name="Line before").click()
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "in-force")
    page.get_by_role("button", name="No, it differs").click()
    page.get_by_role("button", name="End the comparison").click()
    expect(page.locator("#verdict")).to_have_class("false")
    expect(page.locator("#fields")).to_be_visible()
    page.locator("#language").click()
    expect(page.locator("#headline")).to_have_text("الورقة مختلفة")
    assert _complaints(page) == ""
    page.locator("#language").click()
    _compare(page)
    expect(page.locator("#verdict")).to_have_class("genuine")
    expect(page.locator(".guide .agreed")).to_contain_text("is not in the code")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (
            Status.REVOKED,
            "All lines are the same, but the verdict above stands: Withdrawn. Do not accept it.",
        ),
        (None, "All lines are the same, but the verdict above stands: Genuine, status not checked."),
    ],
)
def test_that_all_lines_are_the_same_comforts_nobody_where_the_verdict_does_not(
    world: Any, page: Page, status: Status | None, said: str
) -> None:
    if status is not None:
        world.publish_status(status)
    page.goto(world.seal_text(world.claims("non-employment", **({} if status else {"status_list": 3}))))
    page.locator("#language").click()
    _compare(page)
    expect(page.locator(".guide .warning")).to_contain_text(said)
    expect(page.locator(".guide .agreed")).to_have_count(0)


def _complaints(page: Page) -> str:
    found = Axe().run(page, options=AXE)
    return "\n".join(
        f"{each['id']}: {node['html'][:120]} {node['failureSummary']}"
        for each in found.response["violations"]
        for node in each["nodes"]
    )


def test_axe_finds_nothing_in_any_state(world: Any, page: Page) -> None:
    text = world.seal_text(world.claims("non-employment"))
    for status, shown in ((Status.VALID, "genuine"), (Status.SUSPENDED, "ended")):
        world.publish_status(status)
        _check(page, text)
        expect(page.locator("#verdict")).to_have_class(shown)
        assert _complaints(page) == "", shown
    page.locator("#guide").click()
    page.locator(".guide .step").wait_for()
    page.locator("#language").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert _complaints(page) == "", "line by line, in English"
    altered = text[:-9] + str((int(text[-9]) + 1) % 10) + text[-8:]
    for address, shown in (
        (altered, "false"),
        (world.seal_text(world.claims("non-employment", status_list=3)), "unchecked"),
        (text.replace("#1", "#7"), "open"),
    ):
        _check(page, address)
        expect(page.locator("#verdict")).to_have_class(shown)
        assert _complaints(page) == "", shown


@pytest.mark.parametrize("language", ["ar", "en"])
def test_axe_finds_nothing_before_a_check(world: Any, page: Page, language: str) -> None:
    page.add_init_script(f"localStorage.setItem('language', '{language}')")
    page.route("**/api/documents/check", lambda route: route.fulfill(status=422, json={}))
    page.goto(f"{world.origin}/")
    page.locator("#fallback").wait_for()
    for part in page.locator("summary").all():
        part.click()
    assert _complaints(page) == ""


@pytest.mark.parametrize("width", [195, 320])
def test_twice_as_large_nothing_sticks_out(world: Any, page: Page, width: int) -> None:
    """WCAG 2.2 §1.4.10: a phone of 390 pixels at 200 %, and 320 of any device."""
    page.set_viewport_size({"width": width, "height": 422})
    for address in (world.seal_text(world.claims("family-extract")), f"{world.origin}/"):
        page.goto("about:blank")
        page.goto(address)
        page.locator("#verdict:visible, #start:visible").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
