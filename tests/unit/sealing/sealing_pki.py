"""A small authority for tests: every certificate and answer can be bent.

Independent of `ca/` on purpose: the judge must be tried with certificates that a
correct authority never issues.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from keys.signer import Algorithm, Purpose

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
YEARS = timedelta(days=3650)
USAGE_BITS = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
IDENTIFIERS = {"civil-registry": "NTRSY-0041776", "workers-register": "GO:SY-WORKERS"}
ORGANIZATION_IDENTIFIER = x509.ObjectIdentifier("2.5.4.97")


@cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    """One key a name for the whole run; making keys is not what is tested."""
    return ec.generate_private_key(ec.SECP384R1() if name.startswith("root") else ec.SECP256R1())


@dataclass
class KeySigner:
    """A `keys.signer.Signer` around a key in memory."""

    private: ec.EllipticCurvePrivateKey
    purpose: Purpose = Purpose.SEAL
    key_id: str = "test"
    algorithm: Algorithm = Algorithm.P256
    uses: list[bytes] = field(default_factory=list)

    @property
    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self.private.public_key()

    def sign(self, data: bytes, *, purpose: Purpose) -> bytes:
        assert purpose is self.purpose
        self.uses.append(data)
        return self.private.sign(data, ec.ECDSA(hashes.SHA256()))


def name(common: str, organization: str = "Test Ministry", identifier: str = "GO:SY-TEST") -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "SY"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(ORGANIZATION_IDENTIFIER, identifier),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def usage(*bits: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{bit: bit in bits for bit in USAGE_BITS})


CA = [(x509.BasicConstraints(ca=True, path_length=None), True), (usage("key_cert_sign", "crl_sign"), True)]
SEAL = [(usage("content_commitment"), True)]
TSA = [
    (usage("digital_signature"), True),
    (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),
]
OCSP = [
    (usage("digital_signature"), True),
    (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
    (x509.OCSPNoCheck(), False),
]


def certify(
    subject: str,
    issuer: "Party | None",
    extensions: list[tuple[x509.ExtensionType, bool]],
    *,
    not_before: datetime = NOW - timedelta(days=100),
    not_after: datetime = NOW + YEARS,
    key_name: str | None = None,
    subject_name: x509.Name | None = None,
) -> "Party":
    private = key(key_name or subject)
    signing = issuer.private if issuer else private
    issuing_name = issuer.certificate.subject if issuer else (subject_name or name(subject))
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject_name or name(subject))
        .issuer_name(issuing_name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
        )
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    digest = hashes.SHA384() if isinstance(signing.curve, ec.SECP384R1) else hashes.SHA256()
    return Party(builder.sign(signing, digest), private)


@dataclass
class Party:
    """A certificate and its key."""

    certificate: x509.Certificate
    private: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


@dataclass
class Revocation:
    at: datetime
    reason: x509.ReasonFlags | None = x509.ReasonFlags.key_compromise


class Authority:
    """Root, issuing CA, one seal certificate, OCSP responder and time-stamping authority."""

    def __init__(
        self, label: str = "", *, agency: str = "civil-registry", lasting: timedelta = YEARS
    ) -> None:
        self.root = certify(f"root{label}", None, CA, not_after=NOW + lasting)
        self.issuing = certify(f"issuing{label}", self.root, CA, not_after=NOW + lasting)
        self.tsa = certify(f"tsa{label}", self.issuing, TSA)
        self.responder = certify(f"ocsp{label}", self.issuing, OCSP, not_after=NOW + lasting)
        self.seal = self.seal_certificate(agency, key_name=f"seal-{agency}{label}")
        self.revoked: dict[int, Revocation] = {}

    def seal_certificate(self, agency: str, **bent: object) -> Party:
        extensions = bent.pop("extensions", SEAL)
        subject = name(f"Seal of {agency}", f"Agency {agency}", IDENTIFIERS[agency])
        return certify(f"seal-{agency}", self.issuing, extensions, subject_name=subject, **bent)

    def crl(self, issuer: Party, at: datetime, days: int = 1) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(at)
            .next_update(at + timedelta(days=days))
            .add_extension(x509.CRLNumber(1), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.private.public_key()),
                critical=False,
            )
        )
        for serial, revocation in self.revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(revocation.at)
            if revocation.reason is not None:
                entry = entry.add_extension(x509.CRLReason(revocation.reason), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        digest = hashes.SHA384() if isinstance(issuer.private.curve, ec.SECP384R1) else hashes.SHA256()
        return builder.sign(issuer.private, digest).public_bytes(Encoding.DER)

    def ocsp(self, about: Party, at: datetime, *, responder: Party | None = None) -> bytes:
        responder = responder or self.responder
        revocation = self.revoked.get(about.certificate.serial_number)
        response = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=about.certificate,
                issuer=self.issuing.certificate,
                algorithm=hashes.SHA256(),
                cert_status=ocsp.OCSPCertStatus.REVOKED if revocation else ocsp.OCSPCertStatus.GOOD,
                this_update=at,
                next_update=at + timedelta(days=1),
                revocation_time=revocation.at if revocation else None,
                revocation_reason=revocation.reason if revocation else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
            .certificates([responder.certificate])
            .sign(responder.private, hashes.SHA256())
        )
        return response.public_bytes(Encoding.DER)

    def time_stamp(self, clock: Callable[[], datetime], **bent: object) -> Callable[[bytes], bytes]:
        return lambda digest: token(self, digest, clock(), **bent)


def token(authority: Authority, digest: bytes, at: datetime, *, tsa: Party | None = None) -> bytes:
    """An RFC 3161 token with ESSCertIDv2 (RFC 5816)."""
    tsa = tsa or authority.tsa
    certificate = asn1_x509.Certificate.load(tsa.der)
    info = tsp.TSTInfo(
        {
            "version": "v1",
            "policy": "1.3.6.1.4.1.99999.1",
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest},
            "serial_number": int.from_bytes(digest[:8], "big"),
            "gen_time": at,
        }
    )
    encapsulated = cms.EncapsulatedContentInfo(
        {"content_type": "tst_info", "content": core.ParsableOctetString(info.dump())}
    )
    attributes = cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(info.dump()).digest()]}),
            cms.CMSAttribute(
                {
                    "type": "signing_certificate_v2",
                    "values": [
                        tsp.SigningCertificateV2(
                            {"certs": [tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(tsa.der).digest()})]}
                        )
                    ],
                }
            ),
        ]
    )
    signature = tsa.private.sign(attributes.dump(), ec.ECDSA(hashes.SHA256()))
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {
                    "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                        {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
                    )
                }
            ),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
            "signed_attrs": attributes,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
            "signature": signature,
        }
    )
    signed = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
            "encap_content_info": encapsulated,
            "certificates": [
                certificate,
                asn1_x509.Certificate.load(authority.issuing.der),
            ],
            "signer_infos": [signer],
        }
    )
    return cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()
