"""Whatever happens to the keys: a code verifies by the generation that was active when it was signed.

Histories of rotations, withdrawals, suspensions and time; the published page, run by a browser, says the
same as `verify/seal.py` of every code at every time.
"""

import mimetypes
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from code_key_site import LINE, ORIGIN, CodeKeySite
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page, Route, sync_playwright

from keys.errors import IllegalTransition, KeyNotActive
from signing.formats.trust_list import KeyState
from signing.trust_lists import require_successor
from verify.publishing.publication import PAGE_HEADERS, publish_page
from verify.reasons import Reason
from verify.seal import validate_seal_code
from verify.trust import load_trust

ACTS = ("pass", "pass", "pass", "rotate", "rotate in haste", "withdraw", "suspend", "retire")


@dataclass
class History:
    """What was done, and every code that was signed on the way."""

    site: CodeKeySite
    codes: list[tuple[str, datetime, int]] = field(default_factory=list)  # text, signed at, generation

    def do(self, act: str, days: int) -> None:
        site = self.site
        before = site.listed()
        newest = site.keyring.generations(LINE)[-1]
        match act:
            case "rotate":
                site.code_keys.rotate(LINE, at=site.now)
            case "rotate in haste":
                site.keyring.rotate(LINE, at=site.now, active_from=site.now + timedelta(days=days))
            case "withdraw":
                site.withdraw(newest.key_id)
            case "suspend" | "retire":
                self._stop(act, newest.key_id)
            case _:
                pass
        site.later(days=days, hours=1)
        site.make_round()
        require_successor(before, site.listed())
        self._sign()

    def _stop(self, act: str, key_id: str) -> None:
        try:
            getattr(self.site.keyring, act)(key_id, at=self.site.now)
        except IllegalTransition:  # it never signed, or has stopped
            return

    def _sign(self) -> None:
        try:
            text = self.site.code()
        except KeyNotActive:  # all of them were stopped by hand
            return
        self.codes.append((text, self.site.now, self.site.generation(text)))

    def forgeries(self) -> Iterator[tuple[str, datetime, int]]:
        """By every key at every instant, whether or not it signed then."""
        for generation, _ in enumerate(self.site.seal_keys(), start=1):
            stolen = self.site.private(LINE if generation == 1 else f"{LINE}-{generation}")
            for _, at, _ in self.codes:
                yield self.site.forge(stolen, at), at, generation

    def states(self) -> dict[int, KeyState]:
        return {n: key.state for n, key in enumerate(self.site.seal_keys(), start=1)}


STEPS = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 28)), min_size=1, max_size=14)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_a_code_verifies_for_ever_by_the_key_of_its_time_and_by_no_other(
    steps: list[tuple[str, int]], open_keyring: Callable[..., Any]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        history = play(Path(folder), open_keyring, steps)
        site, states = history.site, history.states()
        trust = load_trust(site.public, at=site.now)
        for text, at, generation in history.codes:
            said = validate_seal_code(text, trust=trust, at=site.now).reason
            is_stolen = states[generation] is KeyState.COMPROMISED
            assert said is (Reason.KEY_COMPROMISED if is_stolen else Reason.IN_FORCE), (at, generation)
        windows = [(key.not_before, key.not_after) for key in site.seal_keys()]
        for text, at, generation in history.forgeries():
            begins, ends = windows[generation - 1]
            said = validate_seal_code(text, trust=trust, at=site.now).reason
            if not begins <= at <= ends:
                assert said is Reason.KEY_NOT_PERMITTED
            elif states[generation] is KeyState.COMPROMISED:
                assert said is Reason.KEY_COMPROMISED
            else:
                assert said is Reason.IN_FORCE, "in the overlap of two windows both may sign"


def play(folder: Path, open_keyring: Callable[..., Any], steps: list[tuple[str, int]]) -> History:
    history = History(CodeKeySite(folder, open_keyring))
    history.site.publish()
    for act, days in steps:
        history.do(act, days)
    history.site.later(hours=1)
    history.site.publish_status()
    return history


@pytest.fixture
def page(site_of_codes: CodeKeySite) -> Iterator[Page]:
    """A phone that looks at the published page; nothing leaves the machine."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no chromium on this machine: the public page is not driven")

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(f"{ORIGIN}/") or "index.html"
        file = site_of_codes.public / name[:200]
        if file.is_file():
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            route.fulfill(body=file.read_bytes(), content_type=kind, headers=PAGE_HEADERS)
        else:
            route.fulfill(status=404)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(service_workers="block")
        context.route("**/*", answer)
        yield context.new_page()
        browser.close()


@pytest.mark.parametrize("seed", range(2))
def test_the_page_says_the_same_of_every_code(site_of_codes: CodeKeySite, page: Page, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a history, not a secret
    site = site_of_codes
    history = History(site)
    site.publish()
    for _ in range(12):
        history.do(chance.choice(ACTS), chance.randrange(29))
    site.later(hours=1)
    site.publish_status()
    anchor = site.root_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    publish_page(site.public, verify_origin=ORIGIN, trust_anchor_spki=anchor)
    # As written: what is published has the judge inside one script with the page.
    shutil.copytree(str(resources.files("verify") / "browser"), site.public / "source")

    texts = [text for text, _, _ in (*history.codes, *history.forgeries())]
    instants = [site.now, site.now + timedelta(days=5), site.now + timedelta(days=40)]
    asked = [[text, int(at.timestamp() * 1000)] for text in texts for at in instants]
    page.goto(f"{ORIGIN}/")
    said = page.evaluate(
        """async ([asked, origin, anchor]) => {
            const { judge } = await import("./source/verify.js");
            const key = Uint8Array.from(anchor);
            const answers = [];
            for (const [text, at] of asked) {
                answers.push((await judge(text, { origin, rootKey: key, clock: () => at })).reasonCode);
            }
            return answers;
        }""",
        [asked, ORIGIN, list(anchor)],
    )
    trust = load_trust(site.public, at=site.now)
    expected = [
        validate_seal_code(text, trust=trust, at=at).reason.value for text in texts for at in instants
    ]
    assert said == expected
    assert len(set(said)) > 2, "the history is worth looking at"
