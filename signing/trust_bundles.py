"""Signs trust bundles, with the key whose only purpose are the lists of what to trust."""

from cryptography import x509

from keys.signer import Purpose, Signer
from signing.formats.cose import encode_sign1, raw_signature, to_be_signed
from signing.formats.trust_bundle import Bundle, encode_bundle, protect_bundle
from signing.seal_codes import require_p256


def sign_bundle(bundle: Bundle, *, signer: Signer, certificate: x509.Certificate) -> bytes:
    """The signed bundle; `certificate` is the signer's, issued by the root for trust lists.

    Raises:
        ValueError: a certificate for another key, a key that cannot do ES256, a lifetime too long,
            a file that no verifier would take.
        WrongPurpose: the key is not for trust lists.
        KeyUnavailable: the key did not answer; safe to retry.
    """
    if certificate.public_key() != require_p256(signer):
        raise ValueError(f"{signer.key_id}: the certificate is for another key")
    protected, content = protect_bundle(certificate), encode_bundle(bundle)
    signature = signer.sign(to_be_signed(protected, content), purpose=Purpose.TRUST_LIST)
    return encode_sign1(protected, content, raw_signature(signature))
