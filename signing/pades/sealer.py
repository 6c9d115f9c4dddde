"""Seals documents: PAdES-B-LT, certifying, in one revision (ETSI EN 319 142-1 §6).

All that a seal needs besides the document exists before the key is used: the chain,
the revocation data and the room for the time-stamp. So one signature covers the whole
file. Key, certificate and chain are prepared once per sealer; a sealer may be shared
by threads.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys.signer import Purpose, Signer
from signing.pades.cms import SealEnvelope
from signing.pades.errors import OutsideValidity, UnfitCertificate, UnfitTimeStamp
from signing.pades.revision import prepare_revision
from signing.pades.revocation import RevocationSource

TimeStamp: TypeAlias = Callable[[bytes], bytes]
"""SHA-256 digest to RFC 3161 token (the DER ContentInfo, not the whole response)."""

# Room for the first token; afterwards for the largest one seen and a little more.
# Every octet reserved costs two in the file and is parsed digit by digit by most readers.
_FIRST_TOKEN_OCTETS = 6 * 1024
_LARGEST_TOKEN_OCTETS = 32 * 1024
_MARGIN_OCTETS = 16


class Sealer:
    """Seals in the name of one agency.

    Args:
        signer: the agency's seal key.
        certificate: its certificate, with contentCommitment as only key usage.
        chain: the CA certificates above it; a root among them is not embedded, since who
            checks must have it from elsewhere.
        time_stamp: asks the time-stamping authority.
        revocation: answers with data for the seal's and the time-stamp's paths.

    Raises:
        UnfitCertificate: key, certificate and chain do not belong together.
    """

    def __init__(
        self,
        signer: Signer,
        certificate: x509.Certificate,
        chain: Sequence[x509.Certificate],
        time_stamp: TimeStamp,
        revocation: RevocationSource,
    ) -> None:
        chain = [each for each in chain if each.subject != each.issuer]
        _check(signer, certificate, chain)
        self._signer = signer
        self._not_before = certificate.not_valid_before_utc
        self._not_after = certificate.not_valid_after_utc
        self._envelope = SealEnvelope(certificate, chain)
        self._time_stamp = time_stamp
        self._revocation = revocation
        self._token_octets = _FIRST_TOKEN_OCTETS

    def seal(self, pdf: bytes, *, at: datetime, field_name: str = "Seal") -> bytes:
        """The sealed file; `at` becomes its claimed signing time, in whole seconds.

        Raises:
            OutsideValidity: the certificate is not valid at `at`.
            UnsealableDocument: `pdf` is not as our renderer makes it, or sealed already.
            UnfitTimeStamp: the token is not about this seal.
        """
        if not self._not_before <= at <= self._not_after:
            raise OutsideValidity(f"{at:%Y-%m-%dT%H:%MZ} is outside the seal certificate's validity")
        revocation = self._revocation(at)
        reserved = self._envelope.octets(self._token_octets)
        prepared = prepare_revision(
            pdf, at=at, field_name=field_name, revocation=revocation, cms_octets=reserved
        )
        attributes = self._envelope.signed_attributes(prepared.digest)
        signature = self._signer.sign(attributes, purpose=Purpose.SEAL)
        token = self._token(signature)
        cms = self._envelope.seal(attributes, signature, token)
        if len(cms) > reserved:
            # The authority's tokens grew (a longer chain, say): make room once and seal anew.
            self._token_octets = len(token) + _MARGIN_OCTETS
            return self.seal(pdf, at=at, field_name=field_name)
        self._token_octets = self._learned(len(token))
        return prepared.complete(cms)

    def _token(self, signature: bytes) -> bytes:
        digest = hashlib.sha256(signature).digest()
        token = self._time_stamp(digest)
        if digest not in token:
            raise UnfitTimeStamp("the token is about something else")
        if len(token) > _LARGEST_TOKEN_OCTETS:
            raise UnfitTimeStamp(f"a token of {len(token)} octets")
        return token

    def _learned(self, octets: int) -> int:
        if self._token_octets == _FIRST_TOKEN_OCTETS:
            return octets + _MARGIN_OCTETS
        return max(self._token_octets, octets + _MARGIN_OCTETS)


def _check(signer: Signer, certificate: x509.Certificate, chain: Sequence[x509.Certificate]) -> None:
    if signer.purpose is not Purpose.SEAL:
        raise UnfitCertificate(f"the key's purpose is {signer.purpose}")
    if _spki(signer.public_key) != _spki(certificate.public_key()):
        raise UnfitCertificate("the certificate is about another key")
    if not _commits(certificate):
        raise UnfitCertificate("the certificate's key usage lacks contentCommitment")
    for issued, issuer in zip([certificate, *chain], chain, strict=False):
        try:
            issued.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise UnfitCertificate("the chain does not hold together") from error


def _commits(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.content_commitment
    except x509.ExtensionNotFound:
        return False


def _spki(key: CertificatePublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
