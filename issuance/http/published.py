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

from verify.publication import PAGE_HEADERS

# Lists are signed with their own expiry; a cache that keeps them minutes delays bad news by minutes.
_SHORT, _LONG = "public, max-age=300", "public, max-age=86400"
_KINDS: Mapping[str, tuple[str, str]] = {
    ".cwt": ("application/cwt", _SHORT),
    ".crl": ("application/pkix-crl", _SHORT),
    ".ors": ("application/ocsp-response", _SHORT),
    ".cer": ("application/pkix-cert", _LONG),
    ".pem": ("application/pem-certificate-chain", _LONG),
    ".json": ("application/schema+json", _LONG),
    ".jwks": ("application/jwk-set+json", _SHORT),
}
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
        suffix = Path(full_path).suffix
        headers: MutableHeaders = response.headers
        if suffix in _PAGE_SUFFIXES:
            headers.update(PAGE_HEADERS)
        elif suffix in _KINDS:
            headers["Content-Type"], headers["Cache-Control"] = _KINDS[suffix]
            # Anybody's verifier, on any page, may read what is public and signed.
            headers["Access-Control-Allow-Origin"] = "*"
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response
