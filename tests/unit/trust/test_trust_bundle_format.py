"""A trust bundle has one spelling, and nothing in it leads out of the published root."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from keys.signer import Algorithm, Purpose
from signing.formats.cbor import encode_cbor, parse_cbor
from signing.formats.cose import encode_sign1, parse_sign1, protect
from signing.formats.trust_bundle import (
    LIFETIME,
    MAX_BYTES,
    MAX_FILE_BYTES,
    Bundle,
    BundleFile,
    encode_bundle,
    parse_bundle,
    protect_bundle,
)
from signing.trust_bundles import sign_bundle

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
ROOT = BundleFile(name="root.pem", sha256=bytes(32), size=800)


def bundle(*files: BundleFile, lives: timedelta = LIFETIME) -> Bundle:
    return Bundle(
        version=7,
        issued_at=NOW,
        expires_at=NOW + lives,
        verify_origin="https://verify.wathiqa.example",
        files=files or (ROOT,),
    )


@pytest.fixture
def certificate(site_of_codes: Any) -> Any:
    return site_of_codes.signer.certificate


def _sealed(protected: bytes, content: bytes) -> bytes:
    return encode_sign1(protected, content, bytes(64))


_names = st.sampled_from(["status", "crl", "templates", "other"]).flatmap(
    lambda folder: st.integers(0, 999).map(lambda number: f"{folder}/{number}.cwt")
)


@given(st.dictionaries(_names, st.tuples(st.binary(min_size=32, max_size=32), st.integers(0, 1 << 16))))
def test_what_is_written_is_read_back_and_every_accepted_spelling_is_ours(
    certificate_once: Any, found: dict[str, tuple[bytes, int]]
) -> None:
    files = tuple(BundleFile(name=name, sha256=sha, size=size) for name, (sha, size) in sorted(found.items()))
    written = bundle(*files)
    data = _sealed(protect_bundle(certificate_once), encode_bundle(written))
    assert parse_bundle(data).bundle == written


@pytest.fixture(scope="module")
def certificate_once() -> Any:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + LIFETIME)
    return builder.sign(key, SHA256())


@pytest.mark.parametrize(
    "wrong",
    [
        bundle(BundleFile(name="../root.pem", sha256=bytes(32), size=1)),
        bundle(BundleFile(name="/root.pem", sha256=bytes(32), size=1)),
        bundle(BundleFile(name="status/.1.cwt", sha256=bytes(32), size=1)),
        bundle(BundleFile(name="status//1.cwt", sha256=bytes(32), size=1)),
        bundle(BundleFile(name="", sha256=bytes(32), size=1)),
        bundle(BundleFile(name="root.pem", sha256=bytes(31), size=1)),
        bundle(BundleFile(name="root.pem", sha256=bytes(32), size=MAX_FILE_BYTES["root.pem"] + 1)),
        bundle(lives=LIFETIME + timedelta(seconds=1)),
        bundle(lives=timedelta(0)),
    ],
    ids=[
        "a name above the root",
        "an absolute name",
        "a hidden file",
        "an empty folder's name",
        "no name",
        "a digest cut short",
        "a file larger than any of its kind",
        "a life too long",
        "no life",
    ],
)
def test_nobody_writes_what_nobody_would_read(wrong: Bundle) -> None:
    with pytest.raises(ValueError, match=r"member|lives"):
        encode_bundle(wrong)


def _changed(claims: dict[Any, Any], *path: Any, to: Any) -> bytes:
    """The content with one place of it changed; a place set to None is left out."""
    inner = claims
    for key in path[:-1]:
        inner[key] = dict(inner[key])
        inner = inner[key]
    if to is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = to
    return encode_cbor(claims)


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ((-65540, "files", "root.pem"), [bytes(32)]),
        ((-65540, "files", "root.pem"), [bytes(32), 1, 1]),
        ((-65540, "files", "root.pem"), [bytes(32), -1]),
        ((-65540, "files", "root.pem"), ["00" * 32, 1]),
        ((-65540, "files", "root.pem"), [bytes(33), 1]),
        ((-65540, "files", "a/../b"), [bytes(32), 1]),
        ((-65540, "files", 1), [bytes(32), 1]),
        ((-65540, "files"), []),
        ((-65540, "version"), None),
        ((-65540, "version"), "7"),
        ((-65540, "more"), 1),
        ((4,), None),
        ((4,), 1),
        ((8,), 1),
    ],
    ids=str,
)
def test_what_is_nearly_a_bundle_is_refused(certificate_once: Any, path: tuple[Any, ...], to: Any) -> None:
    claims = parse_cbor(encode_bundle(bundle()))
    assert isinstance(claims, dict)
    protected = protect_bundle(certificate_once)
    assert parse_bundle(_sealed(protected, encode_cbor(claims))).bundle == bundle()
    with pytest.raises(ValueError, match=r".+"):
        parse_bundle(_sealed(protected, _changed(claims, *path, to=to)))


def test_a_bundle_is_typed_as_one_and_carries_a_certificate(certificate_once: Any) -> None:
    content = encode_bundle(bundle())
    headers = dict(parse_sign1(_sealed(protect_bundle(certificate_once), content)).headers)
    for wrong in (
        {**headers, 16: "application/wathiqa-trust-list+cwt"},
        {key: value for key, value in headers.items() if key != 33},
        {**headers, 33: b"no certificate"},
        {**headers, 4: b"kid"},
    ):
        with pytest.raises(ValueError, match=r".+"):
            parse_bundle(_sealed(protect(wrong), content))
    with pytest.raises(ValueError, match="larger"):
        parse_bundle(bytes(MAX_BYTES + 1))


def test_only_the_key_of_the_certificate_signs(site_of_codes: Any, certificate: Any) -> None:
    other = site_of_codes.keyring.obtain("other", purpose=Purpose.TRUST_LIST, at=site_of_codes.now)
    with pytest.raises(ValueError, match="another key"):
        sign_bundle(bundle(), signer=other, certificate=certificate)
    assert other.algorithm is Algorithm.P256
