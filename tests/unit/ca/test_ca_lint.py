"""pkilint (DigiCert) judges what we issue: RFC 5280, RFC 6960 and ETSI EN 319 412."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pkilint import etsi, finding_filter, loader, pkix
from pkilint.etsi import etsi_constants
from pkilint.pkix import certificate as pkix_certificate
from pkilint.pkix import crl as pkix_crl
from pkilint.pkix import extension, name
from pkilint.pkix import ocsp as pkix_ocsp

from ca.crl import issue_crl
from ca.reasons import RevocationReason
from ca.revocation import revoke
from ca.store import load_certificate
from keys.signer import Algorithm, Purpose

# What is said of our certificates and let stand, with its reason.
ACCEPTED = {
    "pkix.subject_key_identifier_method_1_identified": "says which method was used; nothing is wrong",
    "etsi.internal_domain_name": "the tests publish below .example, which RFC 2606 keeps for examples",
}


def findings(results: Any) -> set[str]:
    said = {finding.finding.code for result in results for finding in result.finding_descriptions}
    return said - set(ACCEPTED)


def lint_certificate(der: bytes) -> set[str]:
    validator = pkix_certificate.create_pkix_certificate_validator_container(
        pkix_certificate.create_decoding_validators(
            name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS
        ),
        [
            pkix_certificate.create_issuer_validator_container([]),
            pkix_certificate.create_validity_validator_container(),
            pkix_certificate.create_subject_validator_container([]),
            pkix_certificate.create_extensions_validator_container([]),
            pkix_certificate.create_spki_validator_container([]),
        ],
    )
    return findings(validator.validate(loader.load_certificate(der, "ours").root))


def test_every_certificate_passes_rfc_5280(pki: Any) -> None:
    said = {credential.name: lint_certificate(credential.der) for credential in pki.hierarchy.credentials()}

    assert not any(said.values()), said


@pytest.mark.parametrize("algorithm", [Algorithm.P256, Algorithm.RSA3072])
def test_a_seal_certificate_passes_etsi_en_319_412(empty: Any, algorithm: Algorithm) -> None:
    """As a certificate for a legal person under the normalised certificate policy."""
    hierarchy = empty().establish(seal_algorithms={"civil-registry": algorithm})
    kind = etsi_constants.CertificateType.NCP_LEGAL_PERSON_CERTIFICATE
    validator = pkix_certificate.create_pkix_certificate_validator_container(
        etsi.create_decoding_validators(kind), etsi.create_validators(kind)
    )
    ours = loader.load_certificate(hierarchy.seal("civil-registry").der, "ours")
    results, _ = finding_filter.filter_results(
        etsi.create_etsi_finding_filters(kind), validator.validate(ours.root)
    )

    assert findings(results) == set()


def test_a_crl_passes_rfc_5280(pki: Any) -> None:
    with pki.engine.begin() as connection:
        for agency, reason in (
            ("civil-registry", RevocationReason.KEY_COMPROMISE),
            ("workers-register", RevocationReason.UNSPECIFIED),
        ):
            serial = pki.hierarchy.seal(agency).certificate.serial_number
            revoke(connection, serial, reason=reason, at=pki.now)
    validator = pkix_crl.create_pkix_crl_validator_container(
        [
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [
            pkix_crl.create_issuer_validator_container([]),
            pkix_crl.create_validity_validator_container([]),
            pkix_crl.create_extensions_validator_container([]),
        ],
    )
    crl = issue_crl(pki.engine, pki.hierarchy.issuing.as_issuer(), at=pki.now)

    assert findings(validator.validate(loader.load_crl(crl.der, "ours").root)) == set()


@pytest.mark.parametrize("hash_name", ["sha1", "sha256"])
def test_an_ocsp_response_passes_rfc_6960(pki: Any, hash_name: str) -> None:
    with pki.engine.connect() as connection:
        issued = load_certificate(connection, pki.hierarchy.timestamp.certificate.serial_number)
    responder = pki.hierarchy.ocsp_responder()
    draft = responder.draft(issued, at=pki.now, hash_name=hash_name)
    answer = responder.complete(draft, responder.signer.sign(draft.to_be_signed, purpose=Purpose.OCSP))
    validator = pkix_ocsp.create_pkix_ocsp_response_validator_container(
        [
            pkix_ocsp.create_response_decoder(),
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [],
    )

    assert findings(validator.validate(loader.load_ocsp_response(answer, "ours").root)) == set()


def test_the_judge_does_find_faults(pki: Any) -> None:
    """A linter that never complains proves nothing."""
    usage = bytes.fromhex("0404030201")  # keyUsage of the root: keyCertSign and cRLSign
    der = pki.hierarchy.root.certificate.public_bytes(Encoding.DER)
    assert der.count(usage + b"\x06") == 1

    assert lint_certificate(der.replace(usage + b"\x06", usage + b"\x02"))
