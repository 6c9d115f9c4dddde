"""What anybody may fetch: published files, the verification page, the reference of the interface."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from installed_service import Town

PAGE_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
PAGE = {".html", ".js", ".css", ".svg", ".txt"}
TYPES = {
    "": "application/octet-stream",  # below bundle/, named by digests
    ".cbor": "application/cbor",
    ".cer": "application/pkix-cert",
    ".crl": "application/pkix-crl",
    ".css": "text/css; charset=utf-8",
    ".cwt": "application/cwt",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/schema+json",
    ".jwks": "application/jwk-set+json",
    ".ors": "application/ocsp-response",
    ".pem": "application/pem-certificate-chain",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


def _published(town: Town) -> Iterator[Path]:
    for path in sorted(town.layout.public.rglob("*")):
        if path.is_file():
            yield path.relative_to(town.layout.public)


def test_every_published_file_says_what_it_is_and_runs_nowhere_else(town: Town) -> None:
    seen = set()
    for path in _published(town):
        answer = town.ask("GET", f"/{path.as_posix()}")
        seen.add(path.suffix)
        assert answer.status_code == 200, path
        assert answer.content == (town.layout.public / path).read_bytes(), path
        assert answer.headers["Content-Type"] == TYPES[path.suffix], path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "max-age" in answer.headers["Cache-Control"], path
        if path.suffix in PAGE:
            assert answer.headers["Content-Security-Policy"].startswith(PAGE_POLICY), path
        else:
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; frame"), path
            assert answer.headers["Access-Control-Allow-Origin"] == "*", path
    assert seen == set(TYPES)


def test_a_published_file_is_asked_for_again_only_when_it_changed(town: Town) -> None:
    first = town.ask("GET", "/trust-list.cwt")
    same = town.ask("GET", "/trust-list.cwt", headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.content) == (304, b"")


def test_what_is_not_published_cannot_be_reached(town: Town) -> None:
    for path in (
        "/../state/key-passphrase",
        "/..%2Fstate%2Fkey-passphrase",
        "/%2e%2e/state/outbox.jsonl",
        "/status/../../settings.toml",
        "/docs-assets/..%2f..%2f__init__.py",
        "/state/wathiqa.db",
        "//etc/passwd",
        "/status/",
        "/crl",
    ):
        answer = town.ask("GET", path)
        assert answer.status_code == 404, path
    assert town.layout.passphrase.read_text(encoding="utf-8").strip() not in answer.text


def test_an_unknown_address_answers_a_person_with_the_page_and_a_program_with_a_problem(town: Town) -> None:
    """Some readers of symbols write `#` as `%23`: what arrives as an unknown path is shown the page."""
    assert "wathiqa-anchor" in town.ask("GET", "/%23123").text
    answer = town.ask("POST", "/nothing/here", json={})
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_answers_of_the_interface_are_never_kept_or_framed(town: Town) -> None:
    case = town.case()
    held = town.delivered(case, town.citizen(case.applicant))
    for path in ("/session", f"/documents/{held.number}/file", f"/requests/{held.request}"):
        headers = town.ask("GET", path, token=held.token).headers
        assert headers["Cache-Control"] == "no-store", path
        assert headers["X-Frame-Options"] == "DENY", path
        assert headers["Content-Security-Policy"].startswith("default-src 'none'"), path
        assert "Access-Control-Allow-Origin" not in headers, path


def test_the_reference_names_no_address_but_its_own(town: Town) -> None:
    page = town.ask("GET", "/docs")
    assert "https://" not in page.text
    assert "http://" not in page.text
    assert (
        "unsafe-inline"
        not in page.headers["Content-Security-Policy"].partition("script-src")[2].split(";")[0]
    )
    for address in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
        assert town.ask("GET", address).status_code == 200, address


def test_no_log_of_ours_says_who_verified_what(
    town: Town, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    case = town.case()
    held = town.delivered(case, town.citizen(case.applicant))
    link = town.link(held.request)
    caplog.set_level(logging.DEBUG)
    logging.getLogger("sqlalchemy").setLevel(logging.WARNING)
    body = {"number": held.number, "code": held.check_code}

    assert town.ask("POST", "/api/documents/check", json=body, address=town.new_address()).is_success
    assert town.ask("GET", link).is_success
    assert not town.ask("GET", "/d/never-was").is_success
    town.ask("GET", f"/%23{held.seal_text.partition('#')[2]}")

    captured = capfd.readouterr()
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    written = "\n".join(record.getMessage() for record in ours) + captured.out + captured.err
    for secret in (held.number, held.check_code, link.rpartition("/")[2], held.seal_text[-40:]):
        assert secret not in written
