"""Publishes the verification page: copies it, with the trust anchor and its address written in.

The page is a handful of static files without a build step. What ties it to one root is the
anchor inside it, so nobody who can only change the trust list can change what it believes.
"""

import base64
import hashlib
import secrets
from importlib import resources
from pathlib import Path

from signing.formats.seal_code import external_data

PAGE_FILES = ("index.html", "page.js", "verify.js", "formats.js", "words.js", "style.css", "sw.js")
# Some readers write `#` as `%23`, which arrives as a path: the answer to an unknown path is the page.
NOT_FOUND_FILE = "404.html"

# For whoever serves the page; the page repeats what a `meta` element can say.
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
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
    files = {name: _read(name) for name in PAGE_FILES}
    anchor = base64.b64encode(trust_anchor_spki).decode("ascii")
    page = files["index.html"].decode("utf-8")
    files["index.html"] = (
        page.replace("{{origin}}", verify_origin).replace("{{anchor}}", anchor).encode("utf-8")
    )
    files["sw.js"] = files["sw.js"].replace(b"{{version}}", _version(files).encode("ascii"))
    files[NOT_FOUND_FILE] = files["index.html"]
    for name, content in files.items():
        _write(public_dir / name, content)


def _read(name: str) -> bytes:
    return (resources.files("verify") / "page" / name).read_bytes()


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
