"""A browser drives the public page: verdicts, privacy, offline use, memory, the fallback form."""

import io
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import qrcode
from playwright.sync_api import Browser, Page, expect

from signing.formats.digits import encode_digits, parse_digits
from signing.formats.profiles import PROFILES
from signing.formats.seal_code import SealCodeError, parse_seal_code
from signing.formats.status_list import Status


def _reason(page: Page, address: str) -> str | None:
    page.goto("about:blank")
    page.goto(address)
    page.locator("#verdict").wait_for()
    return page.locator("#verdict").get_attribute("data-reason")


def test_every_kind_is_shown_line_by_line(world: Any, page: Page) -> None:
    for profile in PROFILES:
        assert _reason(page, world.seal_text(world.claims(profile.kind))) == "in-force"
        expect(page.locator("#headline")).to_have_text("صحيحة وسارية")
        expect(page.locator("#which")).to_contain_text(profile.title_ar)
        shown = page.locator("#fields").inner_text()
        for field in profile.fields:
            assert field.label_ar in shown
        assert "99010000123" in shown
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
            "nothing sticks out of a phone"
        )


def test_both_languages(world: Any, page: Page) -> None:
    page.goto(world.seal_text())
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    page.locator("#language").click()
    expect(page.locator("html")).to_have_attribute("dir", "ltr")
    expect(page.locator("#headline")).to_have_text("Genuine and in force")
    expect(page.locator("#fields")).to_contain_text("3 February 1948")
    page.locator("#language").click()
    expect(page.locator("#fields")).to_contain_text("3 شباط 1948")


def test_a_copy_of_the_page_elsewhere_warns(world: Any, page: Page) -> None:
    """The address is part of what a person checks; a copy cannot hide where it is."""
    page.goto(world.seal_text())
    expect(page.locator("#address")).to_contain_text("verify.wathiqa.example")
    expect(page.locator("#address")).not_to_have_class("warning")
    index = world.public / "index.html"
    index.write_text(
        index.read_text("utf-8").replace("https://verify.wathiqa.example", "https://other.example")
    )
    page.goto(f"{world.origin}/")
    page.goto(world.seal_text(), wait_until="load")
    page.locator("#verdict").wait_for()
    expect(page.locator("#address")).to_have_class("warning")


def test_the_fragment_leaves_address_and_history(world: Any, page: Page) -> None:
    assert _reason(page, world.seal_text()) == "in-force"
    assert page.url == f"{world.origin}/"
    page.reload()
    page.locator("#start").wait_for()
    page.goto(world.seal_text())
    page.locator("#verdict").wait_for()
    page.go_back()
    assert "#1" not in page.url


def test_a_second_scan_in_the_same_tab_is_judged_anew(world: Any, page: Page) -> None:
    assert _reason(page, world.seal_text()) == "in-force"
    page.goto(f"{world.origin}/#123")
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "unreadable")
    expect(page.locator("#compare")).to_be_hidden()


def test_a_reader_that_escapes_the_fragment_is_served(world: Any, page: Page) -> None:
    assert _reason(page, world.seal_text().replace("#", "%23")) == "in-force"
    assert page.url == f"{world.origin}/"


def test_an_older_list_never_replaces_a_newer_one(world: Any, page: Page) -> None:
    old = (world.public / "status/1.cwt").read_bytes()
    old_trust = (world.public / "trust-list.cwt").read_bytes()
    issued_at = world.claims().issued_at
    world.publish_status(Status.REVOKED, at=issued_at + timedelta(hours=4))
    world.publish_trust_list(version=8, seal_keys=(world.seal_key(profiles=(3,)),))
    assert _reason(page, world.seal_text()) == "revoked"
    (world.public / "status/1.cwt").write_bytes(old)
    (world.public / "trust-list.cwt").write_bytes(old_trust)
    assert _reason(page, world.seal_text()) == "revoked"
    assert _reason(page, world.seal_text(world.claims("death"))) == "key-not-permitted"


def test_a_clock_that_is_behind_is_noticed(world: Any, page: Page) -> None:
    page.clock.set_fixed_time(world.claims().issued_at - timedelta(days=400))
    assert _reason(page, world.seal_text()) in {"clock-wrong", "in-force"}
    page.clock.set_fixed_time(world.claims().issued_at + timedelta(hours=1))
    assert _reason(page, world.seal_text()) == "in-force"
    expect(page.locator("#clock")).to_be_visible()


def test_a_trust_list_that_does_not_tell_agencies_apart_is_not_believed(
    world: Any, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in Python, which would not even write it."""
    monkeypatch.setattr("signing.formats.trust_list._require_told_apart", lambda _: None)
    first, second = world.trust_list().agencies
    for identifier in ("", first.organization_identifier):
        shared = replace(second, organization_identifier=identifier)
        world.publish_trust_list(agencies=(first, shared))
        assert _reason(page, world.seal_text()) == "trust-stale"
    world.publish_trust_list()
    assert _reason(page, world.seal_text()) == "in-force"


def test_hostile_lists_are_not_believed_and_the_good_copy_is_kept(world: Any, page: Page) -> None:
    genuine = {name: (world.public / name).read_bytes() for name in ("status/1.cwt", "trust-list.cwt")}
    (world.public / "status/1.cwt").write_bytes(genuine["trust-list.cwt"])
    assert _reason(page, world.seal_text()) == "status-missing"
    (world.public / "status/1.cwt").write_bytes(genuine["status/1.cwt"])
    assert _reason(page, world.seal_text()) == "in-force"
    for content in (b"\xff" * 500, b"\xd2" * 5000, b""):
        for name in genuine:
            (world.public / name).write_bytes(content)
        assert _reason(page, world.seal_text()) == "in-force"
        expect(page.locator("#sentence")).to_contain_text("دون اتصال")


def test_text_from_a_seal_is_never_markup(world: Any, page: Page) -> None:
    claims = world.claims()
    fields = ("<img src=x onerror=document.title='x'>", *claims.fields[1:])
    assert _reason(page, world.seal_text(world.claims(fields=fields))) == "in-force"
    assert page.locator("#fields img").count() == 0


def test_page_and_parser_accept_the_same_texts(world: Any, chromium: Browser) -> None:
    """Each byte of a code changed in turn, and its length: Python and JavaScript agree on every one."""
    world.publish_page()
    payload = parse_digits(world.seal_text(world.claims("family-extract")).partition("#1")[2])
    changed = [
        payload[:i] + bytes([(payload[i] + 1 + i % 255) % 256]) + payload[i + 1 :]
        for i in range(len(payload) - 64)
    ]
    texts = [
        f"{world.origin}/#1{encode_digits(one)}" for one in (payload, *changed, payload[:-1], payload + b"\0")
    ]
    latin = bytes(range(256)).decode("cp1256")
    context = chromium.new_context(bypass_csp=True, service_workers="block")
    context.route("**/*", partial(_serve, world.public))
    page = context.new_page()
    page.goto(f"{world.origin}/")
    accepted = page.evaluate(
        """async (texts) => {
          const { parseSealCode } = await import("./page.js");
          return texts.map((text) => { try { parseSealCode(text); return true; } catch { return false; } });
        }""",
        texts,
    )
    decoded = page.evaluate(
        "new TextDecoder('windows-1256').decode(Uint8Array.from({length: 256}, (_, i) => i))"
    )
    context.close()
    assert accepted == [_is_accepted(text) for text in texts]
    assert 1 < sum(accepted) < len(texts)
    assert decoded == latin, "a byte means the same letter in both"


def _is_accepted(text: str) -> bool:
    try:
        parse_seal_code(text)
    except SealCodeError:
        return False
    return True


def _serve(public: Path, route: Any) -> None:
    name = route.request.url.partition("example/")[2].partition("#")[0] or "index.html"
    kind = "text/javascript" if name.endswith(".js") else "text/html"
    is_there = (public / name).is_file()
    route.fulfill(
        status=200 if is_there else 404,
        body=(public / name).read_bytes() if is_there else b"",
        content_type=kind,
    )


KNOWN = {"kind": "birth", "agency": "civil-registry", "issued_on": "2026-11-22", "valid_until": "2027-02-20"}


def _answers(page: Page, status: int, body: Any) -> list[Any]:
    """A service at the page's own address; answers what was asked."""
    asked: list[Any] = []

    def service(route: Any) -> None:
        question = route.request.post_data_json
        if question:
            asked.append(question)
            route.fulfill(status=status, json=body)
        else:
            route.fulfill(status=422, json={})

    page.route("**/api/documents/check", service)
    return asked


def test_a_torn_code_is_asked_for_by_number(world: Any, page: Page) -> None:
    page.goto(f"{world.origin}/")
    for status, body, answer in (
        (404, {}, "لا توجد وثيقة"),
        (429, {}, "محاولات كثيرة"),
        (503, {}, "لا يجيب"),
        (200, KNOWN | {"status": "revoked"}, "وقد أُلغيت"),
        (200, KNOWN | {"status": "valid"}, "بيان ولادة · مديرية الأحوال المدنية · 22 تشرين الثاني 2026"),
    ):
        page.unroute_all()
        asked = _answers(page, status, body)
        page.reload()
        page.locator("#fallback summary").click()
        page.locator("#number").fill("٢٦٠٠ ٠٠٠٠ ٠٠١٠")
        page.locator("#code").fill("abcd-efgh-oil2")
        page.locator("#ask").click()
        expect(page.locator("#answer")).to_contain_text(answer)
        assert asked == [{"number": "260000000010", "code": "ABCDEFGH0112"}]
    page.locator("#language").click()
    expect(page.locator("#answer")).to_contain_text("The register knows this document; it is in force.")
    expect(page.locator("#answer")).to_contain_text("22 November 2026")


def test_readers_that_press_enter_check(world: Any, page: Page) -> None:
    page.goto(f"{world.origin}/")
    page.locator("#by-text summary").click()
    page.locator("#text").fill(f"{world.seal_text(world.claims(status_list=3))}\n{world.seal_text()}")
    page.locator("#text").press("Enter")
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "in-force")


def test_a_mistyped_number_is_not_even_asked_for(world: Any, page: Page) -> None:
    asked = _answers(page, 200, KNOWN)
    page.goto(f"{world.origin}/")
    page.locator("#fallback summary").click()
    page.locator("#number").fill("2600 0000 0011")
    page.locator("#number").press("Enter")
    expect(page.locator("#answer")).to_contain_text("رقم الوثيقة غير صحيح")
    assert asked == []


def test_without_the_service_there_is_no_form(world: Any, page: Page) -> None:
    with page.expect_response("**/api/documents/check"):
        page.goto(f"{world.origin}/")
    expect(page.locator("#fallback")).to_be_hidden()


def test_it_works_without_a_network_after_one_visit_and_tells_nobody(
    world: Any, host: Any, chromium: Browser
) -> None:
    server, seen = host
    text = world.seal_text()
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    page.clock.set_fixed_time(world.claims().issued_at + timedelta(hours=6))
    page.goto(text)
    page.locator("#verdict").wait_for()
    page.locator("html[data-kept]").wait_for()
    digits = text.partition("#")[2]
    assert not any(digits[:40] in request for request in seen), "the fragment never reaches a server"
    server.shutdown()
    server.server_close()
    assert _reason(page, text) == "in-force"
    expect(page.locator("#sentence")).to_contain_text("No connection")
    page.clock.set_fixed_time(world.claims().issued_at + timedelta(days=5))
    assert _reason(page, text) == "status-stale"
    assert _reason(page, world.seal_text(world.claims(status_list=2))) == "status-missing"
    page.clock.set_fixed_time(world.claims().issued_at + timedelta(days=29))
    assert _reason(page, text) == "trust-stale"
    page.clock.set_fixed_time(world.claims().issued_at + timedelta(hours=6))
    page.goto("about:blank")
    page.goto(f"{world.origin}/")
    page.locator("#by-file summary").click()
    page.locator("#file").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": _symbol(text)})
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "in-force")
    page.locator("#language").click()
    page.locator("#guide").click()
    expect(page.locator(".guide .step")).to_have_text("السطر 1 من 17")
    context.close()


def _symbol(text: str) -> bytes:
    address, _, digits = text.partition("#")
    symbol = qrcode.QRCode(box_size=5)
    symbol.add_data(qrcode.util.QRData(f"{address}#".encode(), mode=qrcode.util.MODE_8BIT_BYTE))
    symbol.add_data(qrcode.util.QRData(digits.encode(), mode=qrcode.util.MODE_NUMBER))
    octets = io.BytesIO()
    symbol.make_image().save(octets)
    return octets.getvalue()
