"""Certificate requests: what is accepted, and every kind of bad one."""

import subprocess
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from asn1crypto import core, csr
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AttributeOID, ExtendedKeyUsageOID, NameOID
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ca.csr import MAX_REQUEST_OCTETS, check_subject, parse_request
from ca.names import Agency, agency_name
from ca.refusals import (
    DigestNotAccepted,
    KeyNotAccepted,
    KeyWeak,
    NameNotAccepted,
    PossessionNotProven,
    PowerAsked,
    RequestMalformed,
    RequestRefused,
    RequestRepeats,
    RequestTooLarge,
    SubjectNotRegistered,
)
from ca.weak_keys import is_roca, weakness_of

REGISTERED = agency_name(
    Agency(
        code="civil-registry",
        name_ar="مديرية الأحوال المدنية",
        name_en="Directorate of Civil Status",
        organization_identifier="GO:SY-CIVIL-REGISTRY",
    )
)
EMPTY = x509.Name([])
Change = Callable[[x509.CertificateSigningRequestBuilder], x509.CertificateSigningRequestBuilder]


_MADE: dict[str, Callable[[], ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey]] = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "RSA-2048": lambda: rsa.generate_private_key(65537, 2048),
    "RSA-3072": lambda: rsa.generate_private_key(65537, 3072),
    "RSA-3072, exponent 3": lambda: rsa.generate_private_key(3, 3072),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}


@cache
def _key(kind: str) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey:
    return _MADE[kind]()


def _request(
    subject: x509.Name = REGISTERED,
    *,
    kind: str = "P-256",
    digest: hashes.HashAlgorithm | None = None,
    change: Change = lambda builder: builder,
) -> bytes:
    builder = change(x509.CertificateSigningRequestBuilder(subject))
    key = _key(kind)
    chosen = None if kind == "Ed25519" else digest or hashes.SHA256()
    return builder.sign(key, chosen).public_bytes(Encoding.DER)  # type: ignore[arg-type]


def _pem(der: bytes) -> bytes:
    return x509.load_der_x509_csr(der).public_bytes(Encoding.PEM)


def _named(oid: x509.ObjectIdentifier, text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, text)])


# Good ones


@pytest.mark.parametrize("kind", ["P-256", "P-384", "RSA-3072"])
def test_a_request_with_an_accepted_key_is_read_from_der_and_from_pem(kind: str) -> None:
    der = _request(kind=kind)
    for data in (der, _pem(der), b"\n" + _pem(der).replace(b"\n", b"\r\n")):
        checked = parse_request(data)
        assert checked.der == der
        assert checked.key_kind == kind
        assert checked.public_key.public_numbers() == _key(kind).public_key().public_numbers()  # type: ignore[union-attr]


def test_what_a_profile_decides_may_stand_in_the_request_and_says_nothing() -> None:
    """The template of OpenSSL asks for key usages; that is no reason to send anybody away."""

    def change(builder: x509.CertificateSigningRequestBuilder) -> x509.CertificateSigningRequestBuilder:
        return (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_attribute(AttributeOID.CHALLENGE_PASSWORD, b"secret")
        )

    assert parse_request(_request(change=change)).subject == REGISTERED


@pytest.mark.interop
def test_what_openssl_writes_is_read(tmp_path: Path) -> None:
    """The recipe of docs/operations/enrolment.md."""
    key, out = tmp_path / "key.pem", tmp_path / "request.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    subprocess.run(
        ["openssl", "req", "-new", *curve, "-nodes", "-keyout", key, "-subj", "/", "-out", out],
        check=True,
        capture_output=True,
    )
    checked = parse_request(out.read_bytes())
    check_subject(checked.subject, REGISTERED)
    assert checked.key_kind == "P-256"


# The subject


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param(EMPTY, id="left to us"),
        pytest.param(REGISTERED, id="as registered"),
        pytest.param(x509.Name(reversed(list(REGISTERED))), id="as registered in another order"),
    ],
)
def test_a_subject_is_left_to_us_or_as_registered(subject: x509.Name) -> None:
    check_subject(parse_request(_request(subject)).subject, REGISTERED)


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param(x509.Name(list(REGISTERED)[:-1]), id="a part is missing"),
        pytest.param(x509.Name([*REGISTERED, *_named(NameOID.LOCALITY_NAME, "Damascus")]), id="one more"),
        pytest.param(
            x509.Name([*list(REGISTERED)[:-1], *_named(NameOID.COMMON_NAME, "سجل العاملين")]),
            id="another agency's name",
        ),
        pytest.param(x509.Name([*REGISTERED, list(REGISTERED)[-1]]), id="a part stands twice"),
    ],
)
def test_any_other_subject_is_refused(subject: x509.Name) -> None:
    with pytest.raises(SubjectNotRegistered):
        check_subject(parse_request(_request(subject)).subject, REGISTERED)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("*.gov.example", id="wildcard"),
        pytest.param("registry\u202eyrtsiger", id="text direction turned round"),
        pytest.param("regis\u200btry", id="zero width"),
        pytest.param("registry\x00.example", id="NUL within"),
        pytest.param("registry\n", id="line break"),
        pytest.param("   ", id="blank"),
    ],
)
def test_a_name_that_looks_like_another_is_refused(text: str) -> None:
    with pytest.raises(NameNotAccepted):
        parse_request(_request(_named(NameOID.COMMON_NAME, text)))


def test_two_values_in_one_part_of_a_name_are_refused() -> None:
    parts = [x509.NameAttribute(oid, "x") for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)]
    with pytest.raises(NameNotAccepted):
        parse_request(_request(x509.Name([x509.RelativeDistinguishedName(parts)])))


def test_a_name_without_end_is_refused() -> None:
    with pytest.raises(NameNotAccepted):
        parse_request(_request(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")] * 17)))


# The key


@pytest.mark.parametrize("kind", ["P-521", "secp256k1", "RSA-2048", "Ed25519", "RSA-3072, exponent 3"])
def test_any_other_key_is_refused(kind: str) -> None:
    with pytest.raises(KeyNotAccepted):
        parse_request(_request(kind=kind))


def test_a_signature_by_another_key_proves_nothing() -> None:
    """Somebody else's public key, signed for with one's own."""
    theirs = ec.generate_private_key(ec.SECP256R1()).public_key()
    spki = theirs.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(PossessionNotProven):
        parse_request(_signed(spki=spki))
    parse_request(_signed())


def test_one_flipped_bit_in_the_key_or_name_is_noticed() -> None:
    der = bytearray(_request())
    at = der.index("مديرية".encode())
    der[at + 1] ^= 0x01
    with pytest.raises(PossessionNotProven):
        parse_request(bytes(der))


@pytest.mark.parametrize("digest", [hashes.SHA224(), hashes.SHA3_256()], ids=lambda digest: digest.name)
def test_a_digest_that_is_not_listed_is_refused(digest: hashes.HashAlgorithm) -> None:
    with pytest.raises(DigestNotAccepted):
        parse_request(_request(digest=digest))


def test_a_sha1_signature_is_refused() -> None:
    """Our library makes none any more; the algorithm's identifier alone decides."""
    sha256, sha1 = bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06072a8648ce3d0401")
    der = _request(EMPTY)
    body = der[der.index(sha256) :]
    inner = x509.load_der_x509_csr(der).tbs_certrequest_bytes
    algorithm = b"\x30" + bytes([len(sha1)]) + sha1
    content = inner + algorithm + body[len(sha256) :]
    assert len(content) > 127
    with pytest.raises(DigestNotAccepted):
        parse_request(b"\x30\x81" + bytes([len(content)]) + content)


# RFC 3526 §2: a prime of 1536 bits, and the next one after it.
_PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA237327FFFFFFFFFFFFFFFF",
    16,
)


def test_a_key_of_two_close_primes_is_weak() -> None:
    after = _PRIME + 1958
    private = rsa.RSAPrivateNumbers(
        p=_PRIME,
        q=after,
        d=(d := pow(65537, -1, (_PRIME - 1) * (after - 1))),
        dmp1=d % (_PRIME - 1),
        dmq1=d % (after - 1),
        iqmp=pow(after, -1, _PRIME),
        public_numbers=rsa.RSAPublicNumbers(65537, _PRIME * after),
    ).private_key()
    der = x509.CertificateSigningRequestBuilder(EMPTY).sign(private, hashes.SHA256())
    with pytest.raises(KeyWeak, match="close primes"):
        parse_request(der.public_bytes(Encoding.DER))


def test_a_modulus_of_the_broken_library_is_known_by_its_fingerprint() -> None:
    """Its primes are k·M + (65537^a mod M), M the product of the first primes."""
    product = 1
    for prime in (n for n in range(2, 702) if all(n % d for d in range(2, n))):
        product *= prime
    factors = [k * product + pow(65537, a, product) for k, a in ((3**120, 11), (5**90, 29))]
    assert is_roca(factors[0] * factors[1])
    assert weakness_of(factors[0] * factors[1]) == "ROCA"
    sound = _key("RSA-3072")
    assert isinstance(sound, rsa.RSAPrivateKey)
    assert weakness_of(sound.private_numbers().public_numbers.n) is None
    assert weakness_of(739 * _PRIME) == "small factor"


# The form


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda _: b"", id="nothing"),
        pytest.param(lambda der: der[:-1], id="cut off"),
        pytest.param(lambda der: der + b"\0", id="one octet more"),
        pytest.param(lambda der: der + der, id="two requests in DER"),
        pytest.param(lambda der: _pem(der) + _pem(der), id="two requests in PEM"),
        pytest.param(lambda der: b"Hello\n" + _pem(der), id="text before"),
        pytest.param(lambda der: _pem(der) + b"Hello\n", id="text after"),
        pytest.param(lambda der: _pem(der).replace(b" REQUEST", b""), id="a certificate's label"),
        pytest.param(lambda der: _pem(der).replace(b"\nMI", b"\n!MI"), id="not base64"),
        pytest.param(lambda der: b"\x30\x80" + der[3:] + b"\0\0", id="indefinite length"),
        pytest.param(lambda der: der.replace(b"\x02\x01\x00", b"\x02\x01\x01", 1), id="version 2"),
    ],
)
def test_what_is_not_exactly_one_request_is_malformed(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(RequestMalformed):
        parse_request(spoil(_request()))


def _as_version_2(der: bytes) -> bytes:
    assert der.count(b"\x02\x01\x00") >= 1
    return der.replace(b"\x02\x01\x00", b"\x02\x01\x01", 1)


def test_a_request_beyond_the_limit_is_not_even_read() -> None:
    parse_request(_pem(_request()).rjust(MAX_REQUEST_OCTETS))
    with pytest.raises(RequestTooLarge):
        parse_request(_pem(_request()).rjust(MAX_REQUEST_OCTETS + 1))


@pytest.mark.parametrize(
    "extension",
    [
        pytest.param(x509.BasicConstraints(ca=True, path_length=None), id="to be an authority"),
        pytest.param(
            x509.KeyUsage(
                digital_signature=False,
                content_commitment=True,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            id="to sign certificates",
        ),
        pytest.param(x509.SubjectAlternativeName([x509.DNSName("*.example")]), id="other names"),
        pytest.param(x509.NameConstraints([x509.DNSName("example")], None), id="to constrain names"),
    ],
)
def test_whoever_asks_for_power_is_sent_away(extension: x509.ExtensionType) -> None:
    with pytest.raises(PowerAsked):
        parse_request(_request(change=lambda builder: builder.add_extension(extension, critical=False)))


def test_an_extension_that_stands_twice_is_refused() -> None:
    one = _tlv(0x30, core.ObjectIdentifier("2.5.29.14").dump(), _tlv(0x04, _tlv(0x04, b"1" * 20)))
    for extensions, refused in ((_tlv(0x30, one, one), True), (_tlv(0x30, one), False)):
        der = _signed(("1.2.840.113549.1.9.14", extensions))
        with pytest.raises(RequestRepeats) if refused else nullcontext():
            parse_request(der)


def test_an_attribute_that_stands_twice_is_refused() -> None:
    """Signed as it stands: only the repetition is wrong."""
    password, name = "1.2.840.113549.1.9.7", "1.2.840.113549.1.9.2"
    value, other = core.UTF8String("x").dump(), core.UTF8String("y").dump()
    with pytest.raises(RequestRepeats):
        parse_request(_signed((password, value), (password, other)))
    parse_request(_signed((name, value), (password, other)))


def _signed(*attributes: tuple[str, bytes], spki: bytes | None = None) -> bytes:
    """A request written by hand, as no library writes it, and signed as it stands."""
    plain = csr.CertificationRequest.load(_request(EMPTY))
    info = plain["certification_request_info"]
    written = [_tlv(0x30, core.ObjectIdentifier(oid).dump(), _tlv(0x31, value)) for oid, value in attributes]
    inner = _tlv(
        0x30,
        info["version"].dump(),
        info["subject"].dump(),
        spki or info["subject_pk_info"].dump(),
        _tlv(0xA0, *sorted(written)),
    )
    key = _key("P-256")
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signature = key.sign(inner, ec.ECDSA(hashes.SHA256()))
    return _tlv(0x30, inner, plain["signature_algorithm"].dump(), _tlv(0x03, b"\0" + signature))


def _tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


# Anything at all

_SEEDS = st.sampled_from([_request(), _request(EMPTY), _request(EMPTY, kind="RSA-3072"), _pem(_request())])
_BOUNDED = settings(max_examples=300, deadline=timedelta(seconds=2), suppress_health_check=list(HealthCheck))


@_BOUNDED
@given(data=st.binary(max_size=600))
@example(data=b"-----")
@example(data=b"\xff" * 40)
def test_whatever_is_sent_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(RequestRefused):
        parse_request(data)


@_BOUNDED
@given(seed=_SEEDS, edits=st.lists(st.tuples(st.integers(0, 2000), st.binary(max_size=4)), max_size=4))
def test_a_spoilt_request_is_refused_by_name_or_was_not_spoilt(
    seed: bytes, edits: list[tuple[int, bytes]]
) -> None:
    data = bytearray(seed)
    for at, put in edits:
        data[at : at + len(put)] = put
    try:
        checked = parse_request(bytes(data))
    except RequestRefused:
        return
    # What is accepted is the same key with the same subject: anything else broke the signature.
    original = parse_request(seed)
    assert (checked.spki, checked.subject) == (original.spki, original.subject)


@_BOUNDED
@given(cuts=st.lists(st.integers(0, 1200), min_size=2, max_size=6), seed=_SEEDS)
def test_pieces_put_together_anew_are_refused_by_name(cuts: list[int], seed: bytes) -> None:
    pieces = [seed[a:b] for a, b in pairwise(sorted(cuts))]
    data = b"".join(reversed(pieces))
    if data != seed:
        with pytest.raises(RequestRefused):
            parse_request(data)
