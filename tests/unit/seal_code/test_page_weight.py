"""What a phone loads for a verdict, and that making the scripts small changed nothing."""

import re
from collections import Counter
from datetime import timedelta
from importlib import resources
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from verify.publishing.compaction import compact_bundle, compact_script, compact_style, short_names
from verify.publishing.publication import BUNDLED, FIRST, REST, WORKER, page_files, shared_names
from verify.publishing.script_tokens import NotCompacted

MOST_OCTETS = 30_000
PAGE = resources.files("verify") / "browser"
SCRIPTS = [*BUNDLED, *(name for name in (*REST, WORKER) if name.endswith(".js") and name != "jsQR.js")]

# Every name that a browser gives to anything, as far as it can be walked to.
NAMES_OF_THE_BROWSER = """() => {
  const seen = new Set(), names = new Set();
  const walk = (thing, depth) => {
    if (!thing || !["object", "function"].includes(typeof thing) || seen.has(thing) || depth > 4) return;
    seen.add(thing);
    for (const name of Object.getOwnPropertyNames(thing)) {
      names.add(name);
      try { walk(thing[name], depth + 1); } catch { /* a getter that wants more */ }
    }
    walk(Object.getPrototypeOf(thing), depth + 1);
  };
  walk(globalThis, 0);
  return [...names];
}"""


@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_verdict_weighs_less_than_thirty_kilobytes(
    world: Any, host: Any, chromium: Browser, language: str
) -> None:
    """Before compression, and all of it: what Chromium loads until the verdict, but for the signed lists."""
    assert host
    context = chromium.new_context(locale="ar-SY" if language == "ar" else "en-GB", service_workers="block")
    page = context.new_page()
    page.clock.set_fixed_time(world.claims().issued_at + timedelta(hours=6))
    names: dict[str, str] = {}
    loaded: Counter[str] = Counter()
    network = context.new_cdp_session(page)
    network.on("Network.requestWillBeSent", lambda it: names.update({it["requestId"]: it["request"]["url"]}))
    network.on("Network.dataReceived", lambda it: loaded.update({names[it["requestId"]]: it["dataLength"]}))
    network.send("Network.enable")
    page.goto(world.seal_text(world.claims("family-extract")))
    expect(page.locator("#verdict")).to_have_attribute("data-reason", "in-force")
    context.close()
    loaded = Counter({name.removeprefix(f"{world.origin}/"): size for name, size in loaded.items()})
    lists = {"trust-list.cwt", "crl/root.crl", "status/1.cwt"}
    assert lists <= set(loaded)
    for name in lists:
        del loaded[name]
    loaded["icon.svg"] = len((world.public / "icon.svg").read_bytes())  # for browsers that have a window
    assert set(loaded) == {"", "style.css", "page.js", f"words-{language}.txt", "icon.svg"}
    assert all(loaded.values())
    assert sum(loaded.values()) <= MOST_OCTETS, loaded


def test_what_is_renamed_means_nothing_to_a_browser(world: Any, page: Page) -> None:
    """A name of ours that is a browser's too would be renamed where the browser looks for it."""
    page.goto(f"{world.origin}/")
    known = set(page.evaluate(NAMES_OF_THE_BROWSER))
    of_the_window = set(page.evaluate("Object.getOwnPropertyNames(globalThis)"))
    assert len(known) > 4_000
    assert known & set(shared_names()) == set()
    renamed = {name: set(short_names((PAGE / name).read_text("utf-8"))) & of_the_window for name in SCRIPTS}
    assert set().union(*renamed.values()) <= {"event", "name"}, (
        "the window's own are old, and nobody asks them"
    )
    lists = {"agencies", "profiles", "tables", "sealKeys", "statusKeys", "fields", "columns", "from", "until"}
    answers = {"kind", "agency", "status", "issued_on", "superseded_by", "reason_ar", "reason_en", "verdict"}
    assert set(shared_names()) & (lists | answers) == set()


def test_every_published_script_is_one(world: Any, page: Page) -> None:
    """Each is loaded as a module, so a browser has read all of it."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{world.origin}/")
    modules = [
        name for name in page_files() if name.endswith(".js") and name not in {WORKER, "jsQR.js", "decode.js"}
    ]
    page.evaluate("names => Promise.all(names.map((name) => import('./' + name)))", modules)
    assert errors == []


SHORTENED = {
    "comments and spaces": (
        "const  one = 1; // said\n/* and\nmore */ export { one };",
        "const one=1;export{one};\n",
    ),
    "a local name": ("const found = 1;\nuse(found);", "const a=1;use(a);\n"),
    "a property keeps its name": ("const value = it.value;", "const value=it.value;\n"),
    "a key keeps its name": ("const long = { long: 1 };", "const long={long:1};\n"),
    "a short object keeps its names": ("const long = 1;\nuse({ long });", "const long=1;use({long});\n"),
    "a line break that ends a statement": ("f()\n(g)", "f()\n(g)\n"),
    "a default is not declared": ("function f({ at = Date.now }) {}", "function f({at=Date.now}){}\n"),
    "a local name in a template stays": (
        "const long = 1;\nuse(`${long} long`);",
        "const long=1;use(`${long} long`);\n",
    ),
    "constants together": ("const one = 1;\nconst two = 2;\none + two;", "const a=1,b=2;a+b;\n"),
    "not those of a loop": ("for (const it of all) { const one = it; }", "for(const a of all){const b=a}\n"),
    "the last semicolon": ("{ one(); }", "{one()}\n"),
    "but not a loop's": ("{ while (next()); }", "{while(next());}\n"),
    "one parameter": ("call((it) => it);", "call(a=>a);\n"),
    "an expression": ('const bare = /["/]\\/x/g;', 'const a=/["/]\\/x/g;\n'),
    "a division": ("const half = (one) / 2;", "const a=(one)/2;\n"),
    "signs that would grow together": ("one + +two; one - --two;", "one+ +two;one- --two;\n"),
}


@pytest.mark.parametrize("name", SHORTENED)
def test_shortened(name: str) -> None:
    source, expected = SHORTENED[name]
    assert compact_script(source) == expected


def test_modules_become_one() -> None:
    first = "export const value = 1;\nconst inner = 2;\nexport function both() { return inner; }"
    second = 'import { both, value } from "./first.js";\nconst inner = 3;\nboth(value, inner);'
    bundle = compact_bundle([first, second], shared=["both"], exports=["both", "value"])
    assert bundle == "const value=1,a=2;function $a(){return a}\nconst b=3;$a(value,b);export{$a,value};\n"


def test_what_is_not_understood_is_not_published() -> None:
    with pytest.raises(NotCompacted):
        compact_script("const one = 'no end;")
    with pytest.raises(NotCompacted):
        compact_script("const $a = 1;")
    with pytest.raises(NotCompacted):
        compact_script("const long = 1;\nuse(`${long.replace('{x}', long)}`);")


def test_a_style_sheet_loses_only_spaces() -> None:
    assert (
        compact_style("/* a */ a > b:hover , c { color : #fff; margin: 0 1px ; }")
        == "a>b:hover,c{color :#fff;margin:0 1px}\n"
    )


def test_first_and_rest_are_all_there_is() -> None:
    """What the service worker keeps is what the page may ask for."""
    worker = page_files()[WORKER].decode()
    for name in (*FIRST[1:], *REST):
        assert f'"{name}"' in worker
    asked = set(
        re.findall(r'import\("\./([^"]+)"\)', "".join((PAGE / name).read_text("utf-8") for name in SCRIPTS))
    )
    assert asked <= set(REST)
