"""How long the public page takes from a seal code to its verdict, in a browser on this machine."""

import mimetypes
import re
import shutil
from pathlib import Path

from playwright.sync_api import Page, Route, sync_playwright

from benchmarks.desk import NotAsExpected, approved_requests, finish
from benchmarks.figures import Row, Table, median, percentile
from benchmarks.site import Site, opened
from verify.publishing.publication import PAGE_HEADERS

NAME = "browser"
FILES = 7  # one of each kind
ROUNDS = 30
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage")
_SEAL_CODE = re.compile(rb"/URI ?\((https?://[^)]*/#\d+)\)")

# From handing in the text to the verdict on the page, in milliseconds; the page is as it is published.
_TIME_TO_VERDICT = """async (text) => {
  const page = document.documentElement;
  if (page.dataset.phase !== "start") {
    document.getElementById("again").click();
    while (page.dataset.phase !== "start") await new Promise((done) => setTimeout(done, 1));
  }
  document.getElementById("text").value = text;
  const begun = performance.now();
  const ended = new Promise((done) => {
    const watch = new MutationObserver(() => {
      if (page.dataset.phase !== "result") return;
      watch.disconnect();
      done(performance.now());
    });
    watch.observe(page, { attributes: true });
  });
  document.getElementById("check").click();
  return [await ended - begun, document.getElementById("verdict").dataset.reason];
}"""


def measure(site: Site) -> Table:
    """With the lists fetched and checked anew each time, and with no network; lists kept."""
    service = opened(site.copy(NAME))
    advance = site.step("documents to look at")
    numbers = approved_requests(service, FILES, site.step("paying requests"))
    for done, number in enumerate(numbers, start=1):
        finish(service, number)
        advance(done, FILES)
    service.publish()
    texts = [_seal_code(path) for path in sorted(service.layout.documents.rglob("*.pdf"))]
    origin = texts[0].partition("/#")[0]
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    title = (
        f"Milliseconds from a seal code to its verdict in a browser ({len(texts)} documents, {ROUNDS} rounds)"
    )
    columns = ("median", "95 %", "longest")
    if chromium is None:
        return Table(name=NAME, title=title, columns=columns, rows=(), notes=("There is no Chromium here.",))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        context = browser.new_context(service_workers="block")
        context.route("**/*", lambda route: _answer(route, origin, service.layout.public))
        page = context.new_page()
        page.goto(f"{origin}/")
        page.locator("#inspect").wait_for()
        fetched = _row("lists fetched anew", page, texts, site)
        context.unroute_all()
        context.route("**/*", lambda route: route.abort())
        kept = _row("no network, lists kept", page, texts, site)
        browser.close()
    note = "Fetching goes through this process, which answers for the host: some milliseconds are its own."
    return Table(name=NAME, title=title, columns=columns, rows=(fetched, kept), notes=(note,))


def _row(label: str, page: Page, texts: list[str], site: Site) -> Row:
    advance = site.step(label)
    times = []
    for turn in range(ROUNDS):
        milliseconds, reason = page.evaluate(_TIME_TO_VERDICT, texts[turn % len(texts)])
        if reason != "in-force":
            raise NotAsExpected(f"a verdict of {reason}")
        times.append(milliseconds)
        advance(turn + 1, ROUNDS)
    return Row(label=label, cells=(median(times), percentile(times, 95), max(times)))


def _seal_code(path: Path) -> str:
    found = _SEAL_CODE.search(path.read_bytes())
    if found is None:
        raise NotAsExpected(f"{path.name} has no seal code")
    return found[1].decode("ascii")


def _answer(route: Route, origin: str, public: Path) -> None:
    name = route.request.url.removeprefix(f"{origin}/").partition("#")[0] or "index.html"
    path = public / name
    if path.is_file():
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        route.fulfill(body=path.read_bytes(), content_type=kind, headers=PAGE_HEADERS)
    else:
        route.fulfill(status=404)
