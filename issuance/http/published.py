"""The published files, as a static host would serve them.

The service serves its own `public/` folder so that a trial needs no second server; a
ministry puts a static host or a CDN before it. Every file says what it is and how long it
may be kept; only the verification page has a policy that lets it run.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from signing.formats.trust_bundle import FOLDER as BUNDLE_FOLDER
from verify.publishing.publication import PAGE_HEADERS

# Lists are signed with their own expiry; a cache that keeps them minutes delays bad news by minutes.
_SHORT, _LONG = "public, max-age=300", "public, max-age=86400"
# Named by the digest of what they hold.
_FOREVER = "public, max-age=31536000, immutable"
_KINDS: Mapping[str, tuple[str, str]] = {
    ".cwt": ("application/cwt", _SHORT),
    ".crl": ("application/pkix-crl", _SHORT),
    ".ors": ("application/ocsp-response", _SHORT),
    ".cer": ("application/pkix-cert", _LONG),
    ".pem": ("application/pem-certificate-chain", _LONG),
    ".json": ("application/schema+json", _LONG),
    ".jwks": ("application/jwk-set+json", _SHORT),
    ".cbor": ("application/cbor", _FOREVER),
}
_OF_A_BUNDLE = ("application/octet-stream", _FOREVER)
_PAGE_SUFFIXES = frozenset({".html", ".js", ".css", ".svg", ".txt"})


class PublishedFiles(StaticFiles):
    """`public/` below the root of the service."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory, html=True)

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """One file with its kind, its time to be kept and, for the page, its policy."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        path = Path(full_path)
        suffix, kind = path.suffix, _KINDS.get(path.suffix)
        if path.parent.name == BUNDLE_FOLDER:
            kind = _OF_A_BUNDLE
        headers: MutableHeaders = response.headers
        if suffix in _PAGE_SUFFIXES:
            headers.update(PAGE_HEADERS)
        elif kind is not None:
            headers["Content-Type"], headers["Cache-Control"] = kind
            # Anybody's verifier, on any page, may read what is public and signed.
            headers["Access-Control-Allow-Origin"] = "*"
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response
