"""AlgorithmIdentifiers of the signatures and digests that we write ourselves (OCSP, time-stamps)."""

from typing import assert_never

from ca.errors import ProfileViolation
from keys.der import NULL, SEQUENCE, object_identifier, tlv
from keys.signer import Algorithm


def signature_algorithm(algorithm: Algorithm) -> bytes:
    """DER AlgorithmIdentifier of a signature (RFC 5758 §3.2, RFC 4055 §5, RFC 8410 §3).

    Raises:
        ProfileViolation: ML-DSA, which common verifiers of these objects do not know.
    """
    match algorithm:
        case Algorithm.P256:
            return tlv(SEQUENCE, object_identifier("1.2.840.10045.4.3.2"))
        case Algorithm.P384:
            return tlv(SEQUENCE, object_identifier("1.2.840.10045.4.3.3"))
        case Algorithm.RSA3072:
            return tlv(SEQUENCE, object_identifier("1.2.840.113549.1.1.11"), tlv(NULL))
        case Algorithm.ED25519:
            return tlv(SEQUENCE, object_identifier("1.3.101.112"))
        case Algorithm.ML_DSA_65:
            raise ProfileViolation(field="signature algorithm", rule="ECDSA, RSA or Ed25519")
        case _:
            assert_never(algorithm)


# RFC 5754 §2: parameters absent when we write; absent or NULL when we read.
DIGEST_OIDS = {
    "sha256": object_identifier("2.16.840.1.101.3.4.2.1"),
    "sha384": object_identifier("2.16.840.1.101.3.4.2.2"),
    "sha512": object_identifier("2.16.840.1.101.3.4.2.3"),
}
DIGEST_OCTETS = {"sha256": 32, "sha384": 48, "sha512": 64}


def digest_algorithm(name: str) -> bytes:
    """DER AlgorithmIdentifier of a digest.

    Raises:
        KeyError: a digest that is not listed.
    """
    return tlv(SEQUENCE, DIGEST_OIDS[name])
