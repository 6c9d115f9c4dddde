"""Publishes the verification page: small, with the trust anchor and its address written in.

The page is a handful of static files. What ties it to one root is the anchor inside it, so
nobody who can only change the trust list can change what it believes. A phone loads `FIRST` for
a verdict in its language; the rest comes when somebody asks for it, and is kept for later by
the service worker. Reasons are worded in `verify.reasons` alone, and travel from there.
"""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from signing.formats.seal_code import external_data
from verify.publishing.compaction import compact_bundle, compact_script, compact_style
from verify.reasons import MEANINGS, REMEMBERED, Meaning
from verify.verdict import DocumentStatus, Indication

LANGUAGES = ("ar", "en")
# Both languages stand here; a browser loads the words of one.
FIRST = ("index.html", "style.css", "page.js", "words-ar.txt", "words-en.txt", "icon.svg")
# One script is made of these, in this order: one request where each costs seconds.
BUNDLED = ("formats.js", "certificates.js", "verify.js", "page.js")
REST = (
    "start.html",
    "more.css",
    "start.js",
    "compare.js",
    "inspect.js",
    "decode.js",
    "jsQR.js",
    "file.js",
    "pdf.js",
    *(f"{part}-{language}.txt" for part in ("more", "guide", "file") for language in LANGUAGES),
)
WORKER = "sw.js"
LICENSE_OF_DECODER = "jsQR-LICENSE.txt"
PAGE_FILES = (*FIRST, *REST, WORKER, LICENSE_OF_DECODER)
# Some readers write `#` as `%23`, which arrives as a path: the answer to an unknown path is the page.
NOT_FOUND_FILE = "404.html"

_MOVED = {f"./{name}": f"./{BUNDLED[-1]}" for name in BUNDLED}
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([^"]*)";', re.MULTILINE)

# For whoever serves the page; the page repeats what a `meta` element can say.
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Cache-Control": "public, max-age=300",
}


def publish_page(public_dir: Path, *, verify_origin: str, trust_anchor_spki: bytes) -> None:
    """Write the page to the published root; each file appears as a whole or not at all.

    Args:
        public_dir: the published root, which must exist.
        verify_origin: the address that documents lead to (`https://host`, no trailing slash).
        trust_anchor_spki: the root's public key, DER SubjectPublicKeyInfo.

    Raises:
        ValueError: not an origin.
    """
    external_data(verify_origin)
    files = dict(page_files())
    anchor = base64.b64encode(trust_anchor_spki).decode("ascii")
    page = files["index.html"].decode("utf-8")
    files["index.html"] = (
        page.replace("{{origin}}", verify_origin).replace("{{anchor}}", anchor).encode("utf-8")
    )
    files[WORKER] = files[WORKER].replace(b"{{version}}", _version(files).encode("ascii"))
    files[NOT_FOUND_FILE] = files["index.html"]
    for name, content in files.items():
        _write(public_dir / name, content)


@cache
def page_files() -> Mapping[str, bytes]:
    """Every file of the page as it is published, but for origin, anchor and version."""
    words = published_words()
    return {name: words.get(name) or _published(name) for name in PAGE_FILES}


def published_words() -> Mapping[str, bytes]:
    """The words by part and language: JSON, in which an Arabic letter is one octet (windows-1256)."""
    files = {}
    for part, words in json.loads(_read("words.json")).items():
        for language in LANGUAGES:
            said = _in_language(words, language)
            if part == "words":
                said["reasons"] = _reasons(language, own=words["reasons"])
            told = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
            files[f"{part}-{language}.txt"] = told.encode("windows-1256")
    return files


def look(meaning: Meaning) -> str:
    """Which of the page's five verdicts a reason is."""
    if meaning.indication is Indication.TOTAL_FAILED or meaning.status is DocumentStatus.NOT_ISSUED:
        return "false"
    if meaning.indication is Indication.INDETERMINATE:
        return "open"
    return {DocumentStatus.VALID: "genuine", DocumentStatus.UNKNOWN: "unchecked"}.get(meaning.status, "ended")


def _reasons(language: str, *, own: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Sentences by look and code, the verifier's and the page's own. A browser remembers by itself."""
    told: dict[str, dict[str, str]] = {}
    for reason, meaning in MEANINGS.items():
        if reason not in REMEMBERED:
            told.setdefault(look(meaning), {})[reason.value] = getattr(meaning.words, language)
    for code, each in own.items():
        told[each["verdict"]][code] = each[language]
    return told


def _in_language(words: dict[str, Any], language: str) -> dict[str, Any]:
    return {
        key: each[language] if language in each else _in_language(each, language)
        for key, each in words.items()
    }


def _published(name: str) -> bytes:
    source = _read(name)
    match name.rpartition(".")[2]:
        case "css":
            return compact_style(source).encode("utf-8")
        case "js" if name == "jsQR.js":  # of others: its lines stay as they are, but for their indentation
            return re.sub(r"^\s+", "", source, flags=re.MULTILINE).encode("utf-8")
        case "js" if name == "page.js":
            sources = [_read(each) for each in BUNDLED]
            return compact_bundle(sources, shared=shared_names(), exports=_exports()).encode("utf-8")
        case "js":
            return compact_script(_with_lists(source), shared=shared_names(), moved=_MOVED).encode("utf-8")
        case "html":
            return re.sub(r"\n+", "\n", source).encode("utf-8")
    return source.encode("utf-8")


@cache
def shared_names() -> tuple[str, ...]:
    """Names in several scripts, or of properties, that no browser, list or answer has: a test compares."""
    return tuple(_read("shared-names.txt").split())


def _exports() -> list[str]:
    """What the other scripts import of the bundle, and the parser, which tests compare with ours."""
    imported = {"parseSealCode"}
    for name in REST:
        if name.endswith(".js"):
            for listed, module in _IMPORT.findall(_read(name)):
                if module in BUNDLED:
                    imported.update(re.findall(r"\w+", listed))
    return sorted(imported)


def _with_lists(source: str) -> str:
    """The service worker's source, with what it keeps."""
    first = json.dumps(["./", *(name for name in FIRST if name != "index.html")])
    return source.replace('["{{first}}"]', first).replace('["{{rest}}"]', json.dumps(REST))


def _read(name: str) -> str:
    return (resources.files("verify") / "browser" / name).read_text("utf-8")


def _version(files: dict[str, bytes]) -> str:
    """Changes whenever any file of the page does, so that browsers fetch all of them anew."""
    return hashlib.sha256(b"".join(files[name] for name in PAGE_FILES)).hexdigest()[:16]


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
