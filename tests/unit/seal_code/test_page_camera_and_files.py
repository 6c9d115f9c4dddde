"""Inspector mode and dropped files, on a real sealed document: its page, its symbol, its bytes."""

import io
import mimetypes
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import qrcode
import zxingcpp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, Route, expect, sync_playwright

from signing.formats.pades_level import Level
from verify.publishing.publication import PAGE_HEADERS, publish_page
from verify.verdict import SubIndication

# Test folders are not packages; the office that seals whole documents is imported by its name.
sys.path.insert(0, str(Path(__file__).parents[1] / "sealing"))

from sealing_office import ORIGIN, Office
from sealing_pki import SEAL, Party, Revocation, certify
from sealing_publication import publish

CAMERA = (640, 480)
ISSUING_LIST = "crl/issuing.crl"
UPLOAD = "**/api/verifications/document"


@dataclass(frozen=True)
class Desk:
    """One document, and where its authority publishes."""

    office: Office
    pdf: bytes
    public: Path

    def answer(self, route: Route) -> None:
        name = route.request.url.removeprefix(f"{ORIGIN}/").partition("#")[0] or "index.html"
        path = self.public / name[:200]
        if path.is_file():
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            route.fulfill(body=path.read_bytes(), content_type=kind, headers=PAGE_HEADERS)
        else:
            route.fulfill(status=404)

    def open(self, browser: Browser) -> Page:
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, locale="en-GB", service_workers="block"
        )
        context.route("**/*", lambda route: self.answer(route))  # noqa: PLW0108 - a method takes no marks
        page = context.new_page()
        page.clock.set_fixed_time(self.office.now + timedelta(hours=3))
        page.goto(f"{ORIGIN}/")
        page.locator("#inspect").wait_for()
        return page


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    office = Office()
    pdf = office.document()  # before anything is published: the register knows it
    public = publish(office, tmp_path_factory.mktemp("public"), lists=(ISSUING_LIST,))
    (public / ISSUING_LIST).write_bytes(office.authority.crl(office.authority.issuing, office.now))
    spki = office.authority.root.certificate.public_key()
    anchor = spki.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    publish_page(public, verify_origin=ORIGIN, trust_anchor_spki=anchor)
    return Desk(office=office, pdf=pdf, public=public)


def _sheet(pdf: bytes, *, dots: int) -> Image.Image:
    """The page with the symbol, at so many dots an inch."""
    document = pypdfium2.PdfDocument(pdf)
    return document[len(document) - 1].render(scale=dots / 72).to_pil().convert("L")


def _film(pdf: bytes) -> bytes:
    """What a camera sees that is held over the symbol: two frames of uncompressed video (YUV4MPEG2)."""
    width, height = CAMERA
    sheet = _sheet(pdf, dots=250)
    (found,) = zxingcpp.read_barcodes(sheet)
    corner = found.position.top_left
    frame = sheet.crop(
        (corner.x - 120, corner.y - 60, corner.x - 120 + width, corner.y - 60 + height)
    ).tobytes()
    picture = b"FRAME\n" + frame + b"\x80" * (width * height // 2)
    return b"YUV4MPEG2 W%d H%d F5:1 Ip A1:1 C420jpeg\n" % CAMERA + 2 * picture


@pytest.fixture(scope="module")
def browser(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """With a camera that looks at the document."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no chromium on this machine: the public page is not driven")
    film = tmp_path_factory.mktemp("camera") / "paper.y4m"
    film.write_bytes(_film(desk.pdf))
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        watched = f"--use-file-for-fake-video-capture={film}"
        opened = playwright.chromium.launch(executable_path=path, args=[*flags, *camera, watched])
        yield opened
        opened.close()


@pytest.fixture
def page(desk: Desk, browser: Browser) -> Iterator[Page]:
    opened = desk.open(browser)
    yield opened
    opened.context.close()


def _picture(text: str) -> bytes:
    """A photograph of a symbol that says `text`: grey, turned a little."""
    symbol = qrcode.QRCode(box_size=5, border=4, error_correction=qrcode.constants.ERROR_CORRECT_M)
    address, _, digits = text.partition("#")
    symbol.add_data(qrcode.util.QRData(f"{address}#".encode(), mode=qrcode.util.MODE_8BIT_BYTE))
    mode = qrcode.util.MODE_NUMBER if digits.isdecimal() else qrcode.util.MODE_8BIT_BYTE
    symbol.add_data(qrcode.util.QRData(digits.encode(), mode=mode))
    image = symbol.make_image(fill_color="#333", back_color="#ddd").get_image().convert("L")
    octets = io.BytesIO()
    image.rotate(3, expand=True, fillcolor=220, resample=Image.Resampling.BICUBIC).save(octets, "PNG")
    return octets.getvalue()


def _hand_in(page: Page, name: str, kind: str, content: bytes) -> None:
    page.locator("#by-file summary").click()
    page.locator("#file").set_input_files({"name": name, "mimeType": kind, "buffer": content})


def _text(desk: Desk) -> str:
    (found,) = zxingcpp.read_barcodes(_sheet(desk.pdf, dots=150))
    return str(found.text)


def test_the_camera_reads_one_document_after_another(page: Page) -> None:
    asked: list[str] = []
    page.locator("#inspect").click()
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "in-force")
    expect(page.locator("#fields")).to_contain_text("ليلى")
    expect(page.locator(".camera")).to_be_hidden()
    assert page.evaluate("document.querySelector('video').srcObject") is None, "the camera is off"
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("delete document.querySelector('#verdict').dataset.reason")
    page.locator("#again").click()
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "in-force")
    # Lists of this minute are at hand; the one behind the last is asked for to know that it is the last.
    assert {url for url in asked if url.endswith((".cwt", ".crl"))} <= {f"{ORIGIN}/status/2.cwt"}


def test_an_inspector_carries_every_status_list(page: Page) -> None:
    page.evaluate(
        "() => { delete globalThis.BarcodeDetector; globalThis.Worker = class { postMessage() {} }; }"
    )
    with page.expect_response("**/status/2.cwt"):
        page.locator("#inspect").click()
    kept = "caches.open('wathiqa-lists').then((store) => store.match('status/1.cwt')).then(Boolean)"
    assert page.evaluate(kept)


def test_leaving_the_camera_turns_it_off(page: Page) -> None:
    page.evaluate(
        "() => { delete globalThis.BarcodeDetector; globalThis.Worker = class { postMessage() {} }; }"
    )
    page.locator("#inspect").click()
    expect(page.locator(".camera [role=status]")).to_contain_text("fills the frame")
    page.locator("#language").click()
    expect(page.locator(".camera [role=status]")).to_contain_text("يملأ الإطار")
    page.get_by_role("button", name="رجوع").click()
    page.locator("#start").wait_for()
    assert page.evaluate("document.querySelector('video').srcObject") is None


@pytest.mark.parametrize("dots", [110, 150, 200])
def test_a_picture_of_the_whole_page_is_read(desk: Desk, page: Page, dots: int) -> None:
    octets = io.BytesIO()
    _sheet(desk.pdf, dots=dots).save(octets, "PNG")
    _hand_in(page, "page.png", "image/png", octets.getvalue())
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "in-force")


def test_a_picture_without_a_code_is_said_to_have_none(page: Page) -> None:
    octets = io.BytesIO()
    Image.new("L", (300, 300), 200).save(octets, "PNG")
    _hand_in(page, "page.png", "image/png", octets.getvalue())
    expect(page.locator("#file-answer")).to_contain_text("no code in this picture")


FOREIGN = {
    "our code under another's address": ("https://verify.wathiqa.evil.example/#{digits}", "foreign-address"),
    "behind a path of theirs": ("https://evil.example/check/?lang=ar#{digits}", "foreign-address"),
    "without a scheme": ("www.evil.example/#{digits}", "foreign-address"),
    "without anything before the host": ("evil.example/check?#{digits}", "foreign-address"),
    "as a part of an address": ("//evil.example/#{digits}", "foreign-address"),
    "at no port that there is": ("https://evil.example:99999/#{digits}", "foreign-address"),
    "for a reader's own scheme": ("MEBKM:URL:https\\://evil.example/#{digits}", "foreign-address"),
    "written from right to left": ("\u202ehttps://evil.example/#{digits}", "foreign-address"),
    "a code of theirs": ("https://evil.example/#1234567890123456789", "unreadable"),
    "a code of theirs without a scheme": ("evil.example/#1234567890123456789", "unreadable"),
    "no seal code at all": ("https://evil.example/menu#today", "unreadable"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_address_is_never_opened_and_always_named(desk: Desk, page: Page, name: str) -> None:
    address, reason = FOREIGN[name]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    _hand_in(page, "code.png", "image/png", _picture(address.format(digits=_text(desk).partition("#")[2])))
    expect(page.locator("#verdict")).to_have_attribute("data-reason", reason)
    expect(page.locator("#verdict")).to_have_class("false")
    expect(page.locator("#alarm")).to_contain_text("evil.example")
    expect(page.locator("#compare")).to_be_hidden()
    assert page.url == f"{ORIGIN}/"
    assert all(url.startswith((f"{ORIGIN}/", "blob:")) for url in asked)


def _bent(pdf: bytes, at: bytes, *, by: int = 1) -> bytes:
    bent = bytearray(pdf)
    bent[pdf.index(at) + len(at) - 1] ^= by
    return bytes(bent)


def _with_a_changed_store(pdf: bytes) -> bytes:
    return _bent(pdf, b"/Type /DSS\n/Certs [ ")


def _with_another_page_behind(pdf: bytes) -> bytes:
    return pdf + b"1 0 obj\n<<\n/Type /Pages\n>>\nendobj\nxref\n0 0\ntrailer\n<<>>\nstartxref\n0\n%%EOF\n"


FILES = {
    "as it was sealed": (lambda pdf: pdf, "file-page-unchecked", "passed"),
    "a letter of the page changed": (
        lambda pdf: _bent(pdf, b"/StructElem/S/Docum"),
        "file-altered",
        "failed",
    ),
    "the store changed": (_with_a_changed_store, "file-altered", "failed"),
    "a revision behind": (_with_another_page_behind, "file-altered", "failed"),
    "a digit of the signature changed": (
        lambda pdf: _bent(pdf, b"/Contents <308", by=4),
        "file-altered",
        "failed",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_dropped_file_is_judged_on_the_device(desk: Desk, page: Page, name: str) -> None:
    bend, reason, outcome = FILES[name]
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    _hand_in(page, "extract.pdf", "application/pdf", bend(desk.pdf))
    expect(page.locator("#verdict")).to_have_attribute("data-reason", reason)
    expect(page.locator("#extra > section")).to_have_attribute("data-outcome", outcome)
    expect(page.locator("#verdict")).to_have_class("unchecked" if outcome == "passed" else "false")
    assert "POST" not in sent


def test_a_file_is_genuine_once_the_server_has_compared_its_page(desk: Desk, page: Page) -> None:
    page.route(UPLOAD, lambda route: route.fulfill(json={"verdict": "genuine", "checks": []}))
    _hand_in(page, "a.pdf", "application/pdf", desk.pdf)
    expect(page.locator("#headline")).to_have_text("Seal right, page not compared")
    expect(page.locator("#sentence")).to_contain_text("compare the lines below, or ask the server")
    page.locator("#language").click()
    expect(page.locator("#headline")).to_have_text("الختم سليم، ولم تُقارن الصفحة")
    page.locator("#language").click()
    page.locator("#agree").check()
    page.locator("#send").click()
    expect(page.locator("#verdict")).to_have_class("genuine")
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "in-force")
    expect(page.locator("#headline")).to_have_text("Genuine and in force")


def test_a_line_that_differs_counts_for_a_file_too(desk: Desk, page: Page) -> None:
    _hand_in(page, "a.pdf", "application/pdf", desk.pdf)
    page.locator("#guide").click()
    page.locator(".guide .differs").click()
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "paper-differs")
    expect(page.locator("#verdict")).to_have_class("false")


def test_no_answer_of_the_server_leaves_a_file_as_it_was(desk: Desk, page: Page) -> None:
    page.route(UPLOAD, lambda route: route.fulfill(json={"verdict": "excellent"}))
    _hand_in(page, "a.pdf", "application/pdf", desk.pdf)
    page.locator("#agree").check()
    page.locator("#send").click()
    expect(page.locator("#extra [role=status]")).to_contain_text("does not answer")
    expect(page.locator("#verdict")).to_have_class("unchecked")


LISTS = {
    "revoked before the time of sealing": (timedelta(minutes=-1), timedelta(0), "file-altered", "failed"),
    "revoked afterwards": (timedelta(hours=2), timedelta(0), "file-undecided", "undecided"),
    "ended": (None, timedelta(days=-2), "file-undecided", "undecided"),
    "absent": (None, None, "file-undecided", "undecided"),
}


@pytest.mark.parametrize("name", LISTS)
def test_the_list_of_the_issuing_authority_is_asked(desk: Desk, page: Page, name: str) -> None:
    since, made, reason, outcome = LISTS[name]
    authority, now = desk.office.authority, desk.office.now
    revoked = dict(authority.revoked)
    if since is not None:
        authority.revoked[authority.seal.certificate.serial_number] = Revocation(at=now + since)
    octets = authority.crl(authority.issuing, now + made) if made is not None else None
    authority.revoked.clear()
    authority.revoked.update(revoked)
    answer = {"status": 404} if octets is None else {"body": octets}
    page.route(f"**/{ISSUING_LIST}", lambda route: route.fulfill(**answer))
    _hand_in(page, "a.pdf", "application/pdf", desk.pdf)
    expect(page.locator("#verdict")).to_have_attribute("data-reason", reason)
    expect(page.locator(f".steps .{outcome}")).to_contain_text(["certificate was not revoked"])


PERSON = {
    "a surname": (NameOID.SURNAME, "Haddad"),
    "a given name": (NameOID.GIVEN_NAME, "Rima"),
    "a pseudonym": (NameOID.PSEUDONYM, "R. H."),
}


@pytest.mark.parametrize("named", PERSON)
def test_an_officer_is_not_the_agency(desk: Desk, page: Page, named: str) -> None:
    """As in Python: certified by the same authority, for the same agency, with the same key usage."""
    agency = desk.office.authority.seal.certificate.subject
    subject = x509.Name([*agency, x509.NameAttribute(*PERSON[named])])
    _assert_no_seal(desk, page, certify("officer", desk.office.authority.issuing, SEAL, subject_name=subject))


UNFIT: dict[str, list[tuple[x509.ExtensionType, bool]]] = {
    "a critical extension unknown here": [
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.1"), b"\5\0"), True)
    ],
    "names are constrained": [(x509.NameConstraints([x509.DNSName("sy")], None), False)],
    "policies are constrained": [(x509.PolicyConstraints(0, None), False)],
    "any policy is inhibited": [(x509.InhibitAnyPolicy(0), False)],
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_is_not_understood_in_a_certificate_does_not_pass(desk: Desk, page: Page, name: str) -> None:
    authority = desk.office.authority
    _assert_no_seal(
        desk, page, authority.seal_certificate("civil-registry", extensions=[*SEAL, *UNFIT[name]])
    )


def _assert_no_seal(desk: Desk, page: Page, seal: Party) -> None:
    pdf = desk.office.document(seal=seal)
    assert desk.office.judge(pdf).sub_indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE
    _hand_in(page, "a.pdf", "application/pdf", pdf)
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "file-altered")
    expect(page.locator(".steps .failed")).to_contain_text(["certificate comes from the official root"])


def test_a_malformed_code_in_a_file_is_said_to_be_one(desk: Desk, page: Page) -> None:
    bent = re.sub(rb"(/URI\s*\(%s/#)\d" % ORIGIN.encode(), rb"\g<1>9", desk.pdf)
    assert bent != desk.pdf
    _hand_in(page, "a.pdf", "application/pdf", bent)
    expect(page.locator("#verdict")).to_have_class(re.compile("false|open"))
    expect(page.locator("#extra > section")).to_have_attribute("data-outcome", "failed")


@dataclass  # without slots: Playwright marks whose methods it calls
class Held:
    """What a page asks for waits here until a test lets it go; from then on it is answered at once."""

    desk: Desk
    waiting: list[Route]
    is_open: bool = False

    @classmethod
    def lists_of_the_root(cls, desk: Desk, page: Page) -> "Held":
        held = cls(desk, [])
        page.route("**/root.crl", held.take)
        return held

    def take(self, route: Route) -> None:
        if self.is_open:
            self.desk.answer(route)
        else:
            self.waiting.append(route)

    def until_asked(self, page: Page) -> None:
        for _ in range(10_000):
            if self.waiting:
                return
            page.evaluate("0")
        raise AssertionError("nothing was asked for")

    def let_go(self) -> None:
        self.is_open = True
        while self.waiting:
            self.desk.answer(self.waiting.pop())


def test_of_two_files_the_last_one_counts(desk: Desk, page: Page) -> None:
    """Whichever is judged faster; the verdict bears its name."""
    page.evaluate("() => caches.delete('wathiqa-lists')")
    held = Held.lists_of_the_root(desk, page)
    _hand_in(page, "genuine.pdf", "application/pdf", desk.pdf)
    expect(page.locator("html")).to_have_attribute("data-phase", "wait")
    held.until_asked(page)
    forged: FilePayload = {
        "name": "forged.pdf",
        "mimeType": "application/pdf",
        "buffer": b"%PDF-1.4" + desk.pdf[8:],
    }
    page.locator("#file").set_input_files(forged)
    held.let_go()
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "file-altered")
    expect(page.locator("#extra bdi")).to_have_text("forged.pdf")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "file-altered")


def test_a_file_without_a_code_is_not_covered_by_the_one_before(desk: Desk, page: Page) -> None:
    page.evaluate("() => caches.delete('wathiqa-lists')")
    held = Held.lists_of_the_root(desk, page)
    _hand_in(page, "genuine.pdf", "application/pdf", desk.pdf)
    held.until_asked(page)
    letter: FilePayload = {
        "name": "letter.pdf",
        "mimeType": "application/pdf",
        "buffer": b"%PDF-1.7\n%%EOF\n",
    }
    page.locator("#file").set_input_files(letter)
    expect(page.locator("#file-answer")).to_contain_text("no seal code of ours")
    held.let_go()
    page.wait_for_load_state("networkidle")
    expect(page.locator("#verdict")).to_be_hidden()
    expect(page.locator("#file-answer")).to_be_visible()


def test_of_two_pictures_the_last_one_counts(desk: Desk, page: Page) -> None:
    """And none is answered with another's code."""
    digits = _text(desk).partition("#")[2]
    pictures: list[FilePayload] = [
        {"name": f"{name}.png", "mimeType": "image/png", "buffer": _picture(text)}
        for name, text in (("ours", f"{ORIGIN}/#{digits}"), ("theirs", f"https://evil.example/#{digits}"))
    ]
    for picture in pictures:
        page.locator("#file").set_input_files(picture)
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "foreign-address")
    expect(page.locator("#extra bdi")).to_have_text("theirs.png")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "foreign-address")


def test_what_is_said_of_a_file_follows_the_language(page: Page) -> None:
    _hand_in(page, "letter.pdf", "application/pdf", b"%PDF-1.7\n%%EOF\n")
    expect(page.locator("#file-answer")).to_contain_text("no seal code of ours")
    page.locator("#language").click()
    expect(page.locator("#file-answer")).to_contain_text("لا رمز ختم")
    page.locator("#file").set_input_files(
        {"name": "big.pdf", "mimeType": "application/pdf", "buffer": bytes(8 * 1024 * 1024 + 1)}
    )
    expect(page.locator("#file-answer")).to_contain_text("أكبر من أي وثيقة")


def test_an_archive_copy_is_not_for_a_browser_to_judge(desk: Desk, page: Page) -> None:
    _hand_in(page, "a.pdf", "application/pdf", desk.office.document(level=Level.B_LTA))
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "file-undecided")
    expect(page.locator("#verdict")).to_have_class("open")


def test_what_is_no_document_of_ours_is_said_so(page: Page) -> None:
    _hand_in(page, "letter.pdf", "application/pdf", b"%PDF-1.7\n%%EOF\n")
    expect(page.locator("#file-answer")).to_contain_text("no seal code of ours")


def test_a_file_is_sent_only_when_its_holder_agrees(desk: Desk, page: Page) -> None:
    calls: list[Any] = []

    def server(route: Route) -> None:
        calls.append(route.request)
        route.fulfill(json={"verdict": "genuine", "checks": []})

    page.route(UPLOAD, server)
    _hand_in(page, "a.pdf", "application/pdf", desk.office.document(level=Level.B_LTA))
    button = page.locator("#send")
    expect(button).to_be_disabled()
    assert calls == []
    page.locator("#agree").check()
    button.click()
    expect(page.locator("#extra [role=status]")).to_have_text("The server's verdict: Genuine and in force")
    (call,) = calls
    assert call.headers["wathiqa-consent"] == "judge-once"
    assert call.headers["content-type"] == "application/pdf"
    page.locator("#language").click()
    expect(page.locator("#extra [role=status]")).to_have_text("حكم الخادم: صحيحة وسارية")
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "in-force")


def test_no_word_of_the_server_mends_a_file_that_is_wrong(desk: Desk, page: Page) -> None:
    page.route(UPLOAD, lambda route: route.fulfill(json={"verdict": "genuine", "checks": []}))
    _hand_in(page, "a.pdf", "application/pdf", _with_a_changed_store(desk.pdf))
    page.locator("#agree").check()
    page.locator("#send").click()
    expect(page.locator("#extra [role=status]")).to_contain_text("Genuine and in force")
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "file-altered")


@pytest.mark.parametrize(
    ("verdict", "look"), [("not-genuine", "false"), ("not-in-force", "ended"), ("undecided", "open")]
)
def test_a_worse_verdict_of_the_server_is_the_verdict(
    desk: Desk, page: Page, verdict: str, look: str
) -> None:
    page.route(UPLOAD, lambda route: route.fulfill(json={"verdict": verdict, "checks": []}))
    _hand_in(page, "a.pdf", "application/pdf", desk.pdf)
    expect(page.locator("#verdict")).to_have_class("unchecked")
    page.locator("#agree").check()
    page.locator("#send").click()
    expect(page.locator("#verdict")).to_have_class(look)
    expect(page.locator("#verdict")).to_have_attribute("data-reason", f"server-{verdict}")
    expect(page.locator("#headline")).to_be_focused()
    expect(page.locator("#extra [role=status]")).to_contain_text("The server's verdict")
