"""Takes signature objects apart and signs them again: with a stranger's key, or with a stolen one."""

import hashlib
from collections.abc import Callable

from asn1crypto import algos, cms, core, tsp, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sealing_forgery import cms_of, with_cms
from sealing_pki import Party

Attributes = dict[str, core.Asn1Value]
_USUAL = "sha256"


def signer_info(pdf: bytes) -> cms.SignerInfo:
    return cms_of(pdf)["content"]["signer_infos"][0]


def changed(pdf: bytes, change: Callable[[cms.SignedData], None]) -> bytes:
    """The file with its signature object changed, and nothing signed again."""
    info = cms_of(pdf)
    change(info["content"])
    return with_cms(pdf, cms.ContentInfo({"content_type": "signed_data", "content": info["content"]}).dump())


def signed_again(
    pdf: bytes,
    party: Party,
    *,
    names: Party | None = None,
    attributes: Callable[[Attributes], None] = lambda _: None,
    digest: str = _USUAL,
    certificates: tuple[Party, ...] = (),
) -> bytes:
    """The file with its signed attributes changed and signed by `party`, the time-stamp left out.

    Args:
        pdf: a sealed file.
        party: whose key signs.
        names: whose certificate is named as the signer's; `party`'s where not given.
        attributes: changes the signed attributes in place.
        digest: the digest algorithm that is named.
        certificates: more certificates in the object.
    """
    named = x509.Certificate.load((names or party).der)
    old = signer_info(pdf)
    values = {each["type"].native: each["values"][0] for each in old["signed_attrs"]}
    values["signing_certificate_v2"] = identifier((names or party).der)
    attributes(values)
    signed = cms.CMSAttributes(
        [cms.CMSAttribute({"type": name, "values": [value]}) for name, value in values.items()]
    )
    info = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {
                    "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                        {"issuer": named.issuer, "serial_number": named.serial_number}
                    )
                }
            ),
            "digest_algorithm": old["digest_algorithm"].copy(),
            "signed_attrs": signed,
            "signature_algorithm": old["signature_algorithm"].copy(),
            "signature": party.private.sign(signed.dump(), ec.ECDSA(_HASHES[digest])),
        }
    )

    if digest != _USUAL:
        info["digest_algorithm"] = algos.DigestAlgorithm({"algorithm": digest})
        info["signature_algorithm"] = algos.SignedDigestAlgorithm({"algorithm": f"{digest}_ecdsa"})

    def put(content: cms.SignedData) -> None:
        kept = [each.chosen.dump() for each in content["certificates"]]
        found = dict.fromkeys([*(each.der for each in (names or party, *certificates)), *kept])
        content["certificates"] = [x509.Certificate.load(each) for each in found]
        content["signer_infos"] = [info]
        content["digest_algorithms"] = [algos.DigestAlgorithm({"algorithm": digest})]

    return changed(pdf, put)


_HASHES: dict[str, hashes.HashAlgorithm] = {"sha256": hashes.SHA256(), "sha1": hashes.SHA1()}  # noqa: S303 - forged


def identifier(der: bytes) -> tsp.SigningCertificateV2:
    """ESSCertIDv2 of a certificate (RFC 5035 §4)."""
    return tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(der).digest()})]})
