"""What a key of each purpose may sign, told by reading the bytes.

    purpose      what it signs
    root         TBSCertificate (RFC 5280 §4.1), TBSCertList (§5.1), each naming this key as its authority
    issuing      the same, and never an authority's certificate
    seal         CMS SignedAttributes (RFC 5652 §5.3) of id-data
    officer      the same
    timestamp    CMS SignedAttributes of id-ct-TSTInfo (RFC 3161 §2.4.2)
    ocsp         ResponseData (RFC 6960 §4.2.1)
    seal-code    COSE Sig_structure (RFC 9052 §4.4) with external data "WATHIQA1 …"
    status       the same without, typed as a status list
    trust-list   the same without, typed as a trust list or as a trust bundle
    log          the head of a log, four lines of text
    answer       JWS Signing Input (RFC 7515 §5.1) typed as an answer to verifications

A key that is certified signs a CertificationRequestInfo (RFC 2986 §4.1) too, of its own public
key: the proof of possession. A key identifier inside certificates and CRLs is compared with the
key, so no authority signs what names another. No two rows of the table accept the same
bytes but `seal` and `officer`, whose attributes name the certificate they belong to; an
authority's row accepts another's only if both hold the same key.

Whoever asks a signer has parsed nothing that counts here: bounded sizes, strict encodings,
and whatever goes wrong is a refusal.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import NoReturn, TypeAlias, assert_never

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys.cbor_form import byte_strings, integer, map_entries, text
from keys.der import (
    BIT_STRING,
    GENERALIZED_TIME,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    Reader,
    context,
    object_identifier,
    parse_integer,
    parse_sequence,
    tlv,
)
from keys.errors import FormRefused
from keys.jws_form import check_answer
from keys.signer import Algorithm, PublicKey, Purpose

Form: TypeAlias = Callable[[bytes], None]
"""Returns if the bytes have the form; raises anything at all if they do not."""

# A CRL of a large authority and an answer about 525 documents are the longest things signed.
MAX_OCTETS: Mapping[Purpose, int] = {
    Purpose.ROOT: 1 << 20,
    Purpose.ISSUING: 1 << 23,
    Purpose.SEAL: 1 << 12,
    Purpose.OFFICER: 1 << 12,
    Purpose.TIMESTAMP: 1 << 12,
    Purpose.OCSP: 1 << 14,
    Purpose.SEAL_CODE: 1 << 12,
    Purpose.STATUS: 1 << 21,
    Purpose.TRUST_LIST: 1 << 21,
    Purpose.LOG: 1 << 8,
    Purpose.ANSWER: 1 << 23,
}
_ID_DATA = object_identifier("1.2.840.113549.1.7.1")
_TST_INFO = object_identifier("1.2.840.113549.1.9.16.1.4")
_CONTENT_TYPE = object_identifier("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = object_identifier("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE_V2 = object_identifier("1.2.840.113549.1.9.16.2.47")
_ALGORITHM_PROTECTION = object_identifier("1.2.840.113549.1.9.52")  # RFC 6211
_REQUIRED_ATTRIBUTES = {_CONTENT_TYPE, _MESSAGE_DIGEST, _SIGNING_CERTIFICATE_V2}
_DIGEST_OCTETS = {32, 48, 64}

# The AlgorithmIdentifier inside certificates and CRLs is the key's own.
_SIGNATURE_ALGORITHMS: Mapping[Algorithm, bytes] = {
    Algorithm.P256: bytes.fromhex("300a06082a8648ce3d040302"),
    Algorithm.P384: bytes.fromhex("300a06082a8648ce3d040303"),
    Algorithm.RSA3072: bytes.fromhex("300d06092a864886f70d01010b0500"),
    Algorithm.ED25519: bytes.fromhex("300506032b6570"),
}
# So is the one in COSE: by RFC 9053, or fully specified by RFC 9864; ML-DSA by RFC 9964.
_COSE_ALGORITHMS: Mapping[Algorithm, frozenset[bytes]] = {
    Algorithm.P256: frozenset({integer(-7), integer(-9)}),
    Algorithm.P384: frozenset({integer(-35), integer(-51)}),
    Algorithm.ED25519: frozenset({integer(-8), integer(-19)}),
    Algorithm.ML_DSA_65: frozenset({integer(-49)}),
}
_SIGNATURE1 = b"\x84" + text("Signature1")
_ALGORITHM, _KEY_ID, _TYPE = integer(1), integer(4), integer(16)
_STATUS_LIST_TYPE = text("application/statuslist+cwt")
_TRUST_LIST_TYPE = text("application/wathiqa-trust-list+cwt")
_TRUST_BUNDLE_TYPE = text("application/wathiqa-trust-bundle+cwt")
_DOCUMENT, _STATUS_LIST, _TRUST, _BUNDLE = integer(-65537), integer(65533), integer(-65539), integer(-65540)
_SEAL_CODE_ORIGIN = re.compile(rb"WATHIQA1 https?://[a-z0-9.:-]{1,220}")
_LOG_HEAD = re.compile(rb"wathiqa log head 1\n[a-z0-9-]{1,64}\n(?:0|[1-9][0-9]{0,17})\n[0-9a-f]{64}\n")


def check_form(form: Form, data: bytes, *, key_id: str, purpose: Purpose) -> None:
    """Assert that a key of this purpose signs this.

    Raises:
        FormRefused: anything else.
    """
    if len(data) > MAX_OCTETS[purpose]:
        raise FormRefused(key_id=key_id, purpose=purpose.value, reason=f"{len(data)} octets are too many")
    try:
        form(data)
    except Exception as error:
        # Whatever went wrong while reading: these bytes are not what was expected.
        raise FormRefused(key_id=key_id, purpose=purpose.value, reason=str(error)[:200]) from error


def form_of(purpose: Purpose, *, algorithm: Algorithm, public_key: PublicKey) -> Form:  # noqa: C901, PLR0911  (one answer for each purpose)
    """What this key may sign."""
    match purpose:
        case Purpose.ROOT:
            return _Authority(algorithm, public_key, certifies_authorities=True).check
        case Purpose.ISSUING:
            return _Authority(algorithm, public_key, certifies_authorities=False).check
        case Purpose.SEAL | Purpose.OFFICER:
            return _or_request(_signed_attributes(_ID_DATA), algorithm, public_key)
        case Purpose.TIMESTAMP:
            return _or_request(_signed_attributes(_TST_INFO), algorithm, public_key)
        case Purpose.OCSP:
            return _or_request(_response_data, algorithm, public_key)
        case Purpose.SEAL_CODE:
            return _SigStructure(algorithm, claim=_DOCUMENT, media_type=None).check
        case Purpose.STATUS:
            return _SigStructure(algorithm, claim=_STATUS_LIST, media_type=_STATUS_LIST_TYPE).check
        case Purpose.TRUST_LIST:
            return _or_request(_lists_of_trust(algorithm), algorithm, public_key)
        case Purpose.LOG:
            return _log_head
        case Purpose.ANSWER:
            return lambda data: check_answer(data, algorithm)
        case _:
            assert_never(purpose)


def log_head(name: str, sequence: int, digest: bytes) -> bytes:
    """What a log key signs: that the log `name` stands at this entry, with this hash."""
    return f"wathiqa log head 1\n{name}\n{sequence}\n{digest.hex()}\n".encode()


class _Authority:
    """Certificates, CRLs and its own request, as one authority's key signs them."""

    def __init__(self, algorithm: Algorithm, public_key: PublicKey, *, certifies_authorities: bool) -> None:
        self._algorithm = _SIGNATURE_ALGORITHMS.get(algorithm, b"")
        self._spki = _spki(public_key)
        bits = _key_bits(self._spki)
        # RFC 5280 §4.2.1.2 method 1, and its successor of RFC 7093 §2.
        sha1 = hashlib.sha1(bits, usedforsecurity=False).digest()
        self._identifiers = {sha1, hashlib.sha256(bits).digest()[:20]}
        self._request = _Request(algorithm, public_key).check
        self._certifies_authorities = certifies_authorities

    def check(self, data: bytes) -> None:
        """One of three, told apart by how it begins."""
        _require(bool(self._algorithm), "a kind of key that authorities have")
        fields = parse_sequence(data)
        if fields.next_tag() == context(0):
            self._check_certificate(data, fields)
            return
        match fields.read_integer():
            case 0:
                self._request(data)
            case 1:
                self._check_list(data, fields)
            case _:
                _refuse("neither a certificate, a CRL nor a request")

    def _check_certificate(self, data: bytes, fields: Reader) -> None:
        fields.skip(context(0))
        fields.skip(INTEGER)
        self._check_algorithm(fields)
        certificate = x509.load_der_x509_certificate(_with_signature(data, self._algorithm))
        _require(certificate.tbs_certificate_bytes == data, "one certificate and nothing else")
        _require(certificate.version is x509.Version.v3, "version 3")
        _require(certificate.serial_number > 0, "a positive serial number")
        extensions = certificate.extensions  # read as a whole: none twice, each as it should be
        if not self._is_own(certificate):
            self._check_names_this_key(extensions)
        if not self._certifies_authorities:
            _require_end_entity(extensions)

    def _is_own(self, certificate: x509.Certificate) -> bool:
        """A root's certificate of itself names no authority above."""
        is_itself = certificate.issuer == certificate.subject
        return self._certifies_authorities and is_itself and _spki(certificate.public_key()) == self._spki

    def _check_list(self, data: bytes, fields: Reader) -> None:
        self._check_algorithm(fields)
        crl = x509.load_der_x509_crl(_with_signature(data, self._algorithm))
        _require(crl.tbs_certlist_bytes == data, "one CRL and nothing else")
        _require(crl.next_update_utc is not None, "a next update")
        extensions = crl.extensions
        extensions.get_extension_for_class(x509.CRLNumber)
        self._check_names_this_key(extensions)

    def _check_algorithm(self, fields: Reader) -> None:
        _require(fields.read_whole(SEQUENCE) == self._algorithm, "this key's signature algorithm")

    def _check_names_this_key(self, extensions: x509.Extensions) -> None:
        named = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        _require(named in self._identifiers, "this key named as the authority's")


def _require_end_entity(extensions: x509.Extensions) -> None:
    for extension in extensions:
        match extension.value:
            case x509.BasicConstraints(ca=is_authority):
                _require(not is_authority, "not an authority")
            case x509.KeyUsage() as usage:
                _require(not (usage.key_cert_sign or usage.crl_sign), "not an authority's key usage")
            case _:
                pass


class _Request:
    """A CertificationRequestInfo that asks for a certificate of this very key."""

    def __init__(self, algorithm: Algorithm, public_key: PublicKey) -> None:
        self._algorithm, self._spki = _SIGNATURE_ALGORITHMS.get(algorithm), _spki(public_key)

    def check(self, data: bytes) -> None:
        """RFC 2986 §4.1, nothing behind it."""
        if self._algorithm is None:
            _refuse("no request is made for this kind of key")
        request = x509.load_der_x509_csr(_with_signature(data, self._algorithm))
        _require(request.tbs_certrequest_bytes == data, "one request and nothing else")
        _require(_spki(request.public_key()) == self._spki, "a request for this very key")
        _ = request.extensions  # read as a whole


def _or_request(form: Form, algorithm: Algorithm, public_key: PublicKey) -> Form:
    """`form`, or a request for this key's certificate: no form but an authority's begins as one does."""
    request = _Request(algorithm, public_key).check

    def check(data: bytes) -> None:
        if data[:1] == b"\x30" and parse_sequence(data).next_tag() == INTEGER:
            request(data)
        else:
            form(data)

    return check


def _signed_attributes(content_type: bytes) -> Form:
    """The DER SET OF attributes of one content type, as EN 319 122-1 §5 has them in every signature."""

    def check(data: bytes) -> None:
        outer = Reader(data)
        attributes = Reader(outer.read(SET))
        outer.finish()
        found: set[bytes] = set()
        previous = b""
        while attributes:
            attribute = attributes.read_whole(SEQUENCE)
            _require(attribute > previous, "attributes in their order (X.690 §11.6)")
            previous = attribute
            parts = parse_sequence(attribute)
            kind = parts.read_whole(OID)
            values = Reader(parts.read(SET))
            parts.finish()
            _require(kind not in found, "each attribute once")
            found.add(kind)
            _check_attribute(kind, values, content_type)
            values.finish()
        _require(found >= _REQUIRED_ATTRIBUTES, "content type, digest and signing certificate")

    return check


def _check_attribute(kind: bytes, values: Reader, content_type: bytes) -> None:
    if kind == _CONTENT_TYPE:
        _require(values.read_whole(OID) == content_type, "the content type of this purpose")
    elif kind == _MESSAGE_DIGEST:
        _require(len(values.read(OCTET_STRING)) in _DIGEST_OCTETS, "a digest")
    elif kind == _SIGNING_CERTIFICATE_V2:
        # RFC 5035 §3: SEQUENCE of certificates, the first one's hash at least 32 octets.
        certificates = Reader(values.read(SEQUENCE))
        first = Reader(Reader(certificates.read(SEQUENCE)).read(SEQUENCE))
        if first.next_tag() == SEQUENCE:
            first.skip(SEQUENCE)
        _require(len(first.read(OCTET_STRING)) in _DIGEST_OCTETS, "a certificate's hash")
    elif kind == _ALGORITHM_PROTECTION:
        values.skip(SEQUENCE)
    else:
        _refuse("an attribute that is not signed here")


def _response_data(data: bytes) -> None:
    """ResponseData (RFC 6960 §4.2.1): a responder, an instant, answers."""
    fields = parse_sequence(data)
    if fields.next_tag() == context(0):
        _refuse("the version is left out (X.690 §11.5)")
    fields.skip(context(1) if fields.next_tag() == context(1) else context(2))
    fields.skip(GENERALIZED_TIME)
    answers = Reader(fields.read(SEQUENCE))
    _require(bool(answers), "an answer")
    while answers:
        _check_single_response(Reader(answers.read(SEQUENCE)))
    if fields:
        fields.skip(context(1))
    fields.finish()


def _check_single_response(answer: Reader) -> None:
    named = Reader(answer.read(SEQUENCE))
    named.skip(SEQUENCE)
    named.skip(OCTET_STRING)
    named.skip(OCTET_STRING)
    parse_integer(named.read(INTEGER))
    named.finish()
    status = answer.next_tag()
    _require(status in {context(0, constructed=False), context(1), context(2, constructed=False)}, "a status")
    answer.skip(status or 0)
    answer.skip(GENERALIZED_TIME)
    for number in (0, 1):
        if answer.next_tag() == context(number):
            answer.skip(context(number))
    answer.finish()


class _SigStructure:
    """A Sig_structure of one content: by its type, its external data and the claim that makes it."""

    def __init__(self, algorithm: Algorithm, *, claim: bytes, media_type: bytes | None) -> None:
        self._algorithms = _COSE_ALGORITHMS.get(algorithm, frozenset())
        self._claim, self._media_type = claim, media_type

    def check(self, data: bytes) -> None:
        """Four parts, each in its one spelling."""
        _require(data.startswith(_SIGNATURE1), "a COSE Sig_structure of one signer")
        protected, external, content = byte_strings(data, len(_SIGNATURE1), 3)
        headers = map_entries(protected)
        _require(headers.get(_ALGORITHM) in self._algorithms, "this key's algorithm")
        _require(headers.get(_TYPE) == self._media_type, "the type of this purpose")
        if self._media_type is None:
            # A seal code is short: its external data says what a type would.
            _require(headers.keys() == {_ALGORITHM, _KEY_ID}, "two headers")
            _require(_SEAL_CODE_ORIGIN.fullmatch(external) is not None, "the format's name and an origin")
        else:
            _require(not external, "no external data")
        _require(self._claim in map_entries(content), "the claim of this purpose")


def _lists_of_trust(algorithm: Algorithm) -> Form:
    """A trust list, or the bundle that names it: each typed as what it is."""
    listed = _SigStructure(algorithm, claim=_TRUST, media_type=_TRUST_LIST_TYPE)
    bundled = _SigStructure(algorithm, claim=_BUNDLE, media_type=_TRUST_BUNDLE_TYPE)

    def check(data: bytes) -> None:
        try:
            listed.check(data)
        except ValueError:
            bundled.check(data)

    return check


def _log_head(data: bytes) -> None:
    _require(_LOG_HEAD.fullmatch(data) is not None, "the head of a log")


def _with_signature(to_be_signed: bytes, algorithm: bytes) -> bytes:
    """The whole object with an empty signature, as the readers of whole objects want it."""
    return tlv(SEQUENCE, to_be_signed, algorithm, tlv(BIT_STRING, b"\0"))


def _spki(public_key: object) -> bytes:
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined, no-any-return]


def _key_bits(spki: bytes) -> bytes:
    fields = parse_sequence(spki)
    fields.skip(SEQUENCE)
    return fields.read(BIT_STRING)[1:]


def _require(holds: bool, what: str) -> None:  # noqa: FBT001  (the condition itself)
    if not holds:
        _refuse(f"it is not so: {what}")


def _refuse(reason: str) -> NoReturn:
    raise ValueError(reason)
