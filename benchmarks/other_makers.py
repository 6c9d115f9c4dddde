"""Sealing and validating with pyHanko's own signer and validator, as its documentation shows them.

The keys, the certificates and the time-stamps are ours, so only the way of working differs.
"""

from datetime import datetime
from io import BytesIO
from pathlib import Path

from asn1crypto import crl as asn1_crl
from asn1crypto import pem, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.timestamps import TimeStamper as PyhankoTimeStamper
from pyhanko.sign.validation import DocumentSecurityStore, validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from benchmarks.desk import NotAsExpected
from ca.hierarchy import Credential
from ca.timestamp import TimeStamper
from issuance.app import Service
from keys.signer import Purpose

SIGNATURE_OCTETS = 72  # the longest ECDSA signature over P-256


class PyhankoSealing:
    """Seals as `signers.sign_pdf` does, with everything made anew for each document."""

    def __init__(self, service: Service) -> None:
        self._services = service.trust_services

    def seal(self, page: bytes, agency: str, *, at: datetime) -> bytes:
        """The sealed file."""
        evidence = self._services.evidence.for_seal(agency, at=at)
        root = self._services.hierarchy.root.certificate
        context = ValidationContext(
            trust_roots=[_certificate(root)],
            other_certs=[_certificate(each) for each in evidence.certificates],
            crls=[asn1_crl.CertificateList.load(each) for each in evidence.crls],
            allow_fetching=False,
            revocation_mode="hard-fail",
        )
        metadata = signers.PdfSignatureMetadata(
            field_name="Seal",
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            embed_validation_info=True,
            validation_context=context,
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
        )
        sealed = signers.sign_pdf(
            IncrementalPdfFileWriter(BytesIO(page)),
            metadata,
            signer=_LentKey(self._services.hierarchy.seal(agency)),
            timestamper=_OwnTimeStamps(self._services.time_stamper),
        )
        return bytes(sealed.getvalue())


def pyhanko_validate(sealed: bytes, public: Path) -> None:
    """The B-LT signature alone, judged with the document's own revocation data.

    Raises:
        NotAsExpected: pyHanko does not pass it.
    """
    _, _, root = pem.unarmor((public / "root.pem").read_bytes())
    reader = PdfFileReader(BytesIO(sealed))
    store = DocumentSecurityStore.read_dss(reader)
    context = store.as_validation_context(
        {
            "trust_roots": [asn1_x509.Certificate.load(root)],
            "allow_fetching": False,
            "revocation_mode": "hard-fail",
        }
    )
    (signature,) = reader.embedded_signatures
    status = validate_pdf_signature(
        signature, signer_validation_context=context, ts_validation_context=context
    )
    if not status.bottom_line:
        raise NotAsExpected(str(status.summary()))


class _LentKey(signers.Signer):
    """Our key behind pyHanko's interface for keys that are elsewhere."""

    def __init__(self, credential: Credential) -> None:
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # pyHanko leaves it untyped
        store.register_multiple([_certificate(each) for each in credential.chain])
        super().__init__(signing_cert=_certificate(credential.certificate), cert_registry=store)
        self._credential = credential

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: FBT001, FBT002  (pyHanko's signature)
        """The DER signature value."""
        del digest_algorithm
        return (
            bytes(SIGNATURE_OCTETS) if dry_run else self._credential.signer.sign(data, purpose=Purpose.SEAL)
        )


class _OwnTimeStamps(PyhankoTimeStamper):
    """Our time-stamping authority without the network between."""

    def __init__(self, time_stamper: TimeStamper) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # as above
        self._time_stamper = time_stamper

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """The authority's answer."""
        return tsp.TimeStampResp.load(self._time_stamper.respond(req.dump()))


def _certificate(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
