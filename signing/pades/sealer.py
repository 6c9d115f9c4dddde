"""Seals documents: PAdES baseline, certifying (ETSI EN 319 142-1 §6), in up to four steps.

    sign → time-stamp → store → document time-stamp
    B-B    B-T          B-LT    B-LTA

Signature and time-stamp are one revision; store and document time-stamp are one revision each,
octet by octet as `signing/formats/pdf_updates.py` says. Key, certificate, chain and the constant
parts of the signature are prepared once per sealer; a sealer may be shared by threads.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys.signer import Purpose, Signer
from signing.formats.pades_level import Level
from signing.formats.pdf_ground import read_ground
from signing.formats.pdf_tables import NotOurForm
from signing.formats.pdf_updates import NothingNew
from signing.pades.archive import Archivist
from signing.pades.cms import SealEnvelope
from signing.pades.errors import OutsideValidity, UnfitCertificate, UnsealableDocument
from signing.pades.revision import prepare_revision
from signing.pades.revocation import RevocationSource
from signing.pades.tokens import TimeStamp, Tokens


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
        self._tokens = Tokens(time_stamp)
        self._archivist = Archivist(time_stamp, revocation)

    def seal(self, pdf: bytes, *, at: datetime, level: Level = Level.B_LT, field_name: str = "Seal") -> bytes:
        """The sealed file; `at` becomes its claimed signing time, in whole seconds.

        Raises:
            OutsideValidity: the certificate is not valid at `at`.
            UnsealableDocument: `pdf` is not as our renderer makes it, or sealed already.
            UnfitTimeStamp: a token is not about what it should be about.
        """
        if not self._not_before <= at <= self._not_after:
            raise OutsideValidity(f"{at:%Y-%m-%dT%H:%MZ} is outside the seal certificate's validity")
        sealed = self._signed(pdf, at=at, field_name=field_name, stamped=level is not Level.B_B)
        if level in {Level.B_B, Level.B_T}:
            return sealed
        try:
            ground = read_ground(sealed, len(sealed))
            if level is Level.B_LT:
                return self._archivist.store(sealed, ground, at=at).pdf
            return self._archivist.archive(sealed, ground, at=at)
        except (NotOurForm, NothingNew) as error:
            raise UnsealableDocument(f"{type(error).__name__}: {error}") from error

    def renew(self, pdf: bytes, *, sealed_octets: int, at: datetime) -> bytes:
        """A sealed file with one more time-stamp over all of it; see `Archivist.renew`."""
        return self._archivist.renew(pdf, sealed_octets=sealed_octets, at=at)

    def _signed(self, pdf: bytes, *, at: datetime, field_name: str, stamped: bool) -> bytes:
        """The first two steps, which are one revision."""
        octets = self._tokens.octets if stamped else None
        reserved = self._envelope.octets(octets)
        prepared = prepare_revision(pdf, at=at, field_name=field_name, cms_octets=reserved)
        attributes = self._envelope.signed_attributes(prepared.digest)
        signature = self._signer.sign(attributes, purpose=Purpose.SEAL)
        token = self._tokens.over(hashlib.sha256(signature).digest()) if stamped else None
        cms = self._envelope.seal(attributes, signature, token)
        if len(cms) > reserved:
            # The authority's tokens grew (a longer chain, say): `Tokens` knows by now; seal anew, once.
            return self._signed(pdf, at=at, field_name=field_name, stamped=stamped)
        return prepared.complete(cms)


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
