"""What another maker's linter says of a draft, before the real key is used (pkilint, by DigiCert).

Certificates are judged by RFC 5280, together with their issuer's, and by ETSI EN 319 412 where that
speaks of their kind; lists by RFC 5280; OCSP answers by RFC 6960. A finding of a warning or worse
refuses, unless it stands in `ACCEPTED` with its reason; so does a linter that stumbles. It is imported
at the first use (about a second), so that commands that sign nothing do not wait for it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from ca.errors import LinterRefuses
from ca.profiles import ProfileName


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that the linter says."""

    code: str
    severity: str
    message: str

    @property
    def is_serious(self) -> bool:
        """A warning, an error, or the linter's own failure."""
        return self.severity in {"WARNING", "ERROR", "FATAL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A finding that is let stand."""

    code: str
    profiles: frozenset[ProfileName]
    why: str
    only_if: Callable[[Finding], bool] = lambda _: True


_RESERVED_DOMAINS = re.compile(r'"(?:.*\.)?(?:example|test|localhost)"')


def _is_of_a_reserved_domain(finding: Finding) -> bool:
    return _RESERVED_DOMAINS.search(finding.message) is not None


ETSI_TYPES = {
    ProfileName.SEAL: "NCP_LEGAL_PERSON_CERTIFICATE",
    ProfileName.OFFICER: "NCP_NATURAL_PERSON_CERTIFICATE",
    ProfileName.TIMESTAMP: "NCP_LEGAL_PERSON_CERTIFICATE",
    ProfileName.TRUST_LIST: "NCP_LEGAL_PERSON_CERTIFICATE",
}
"""The kinds of certificate that EN 319 412 speaks of, as pkilint calls them."""
ACCEPTED: tuple[Accepted, ...] = (
    Accepted(
        code="pkix.authority_key_identifier_extension_absent",
        profiles=frozenset({ProfileName.ROOT}),
        why="a root may omit it (RFC 5280 §4.2.1.1); its draft is signed by a throwaway key, so the "
        "linter does not see that it signs itself. Of the root itself nothing is said",
    ),
    Accepted(
        code="etsi.internal_domain_name",
        profiles=frozenset(ProfileName),
        why="where RFC 6761 keeps the domain for examples and tests, nobody takes such a certificate for "
        "a real one. Any other domain that is not public is refused",
        only_if=_is_of_a_reserved_domain,
    ),
    Accepted(
        code="etsi.en_319_412_2.gen-4.3.10-1.eku_extension_is_critical",
        profiles=frozenset({ProfileName.TIMESTAMP}),
        why="RFC 3161 §2.3 wants the extended key usage of a time-stamping unit critical",
    ),
    Accepted(
        code="etsi.en_319_412_2.gen-4.3.10-1.eku_extension_is_critical",
        profiles=frozenset({ProfileName.TRUST_LIST}),
        why="software that does not know our trust list is to refuse the certificate for anything else",
    ),
)


def find_in_certificate(der: bytes, profile: ProfileName, *, issuer: bytes | None) -> list[Finding]:
    """All that is said of a certificate; `issuer` is its issuer's, None for a root."""
    linter = _linter()
    said = linter.certificate(der)
    if issuer is not None:
        said += linter.chain(der, issuer)
    if profile in ETSI_TYPES:
        said += linter.etsi(der, ETSI_TYPES[profile])
    return said


def find_in_crl(der: bytes) -> list[Finding]:
    """All that is said of a list."""
    return _linter().crl(der)


def find_in_ocsp_response(der: bytes) -> list[Finding]:
    """All that is said of an OCSP answer."""
    return _linter().ocsp_response(der)


def require_good_certificate(der: bytes, profile: ProfileName, *, issuer: bytes | None) -> None:
    """Raise where a draft of a certificate is found faulty.

    Raises:
        LinterRefuses: with what was found.
    """
    accepted = [each for each in ACCEPTED if profile in each.profiles]
    _require_none("certificate", lambda: find_in_certificate(der, profile, issuer=issuer), accepted)


def require_good_crl(der: bytes) -> None:
    """Raise where a draft of a list is found faulty.

    Raises:
        LinterRefuses: with what was found.
    """
    _require_none("revocation list", lambda: find_in_crl(der), ())


def require_good_ocsp_response(der: bytes) -> None:
    """Raise where a draft of an OCSP answer is found faulty.

    Raises:
        LinterRefuses: with what was found.
    """
    _require_none("OCSP answer", lambda: find_in_ocsp_response(der), ())


def _require_none(what: str, ask: Callable[[], list[Finding]], accepted: Iterable[Accepted]) -> None:
    try:
        found = ask()
    except Exception as error:  # whatever it is that the linter cannot read, it is not signed
        raise LinterRefuses(field=what, rule=f"the linter stumbled: {error}") from error
    serious = [
        finding
        for finding in found
        if finding.is_serious
        and not any(each.code == finding.code and each.only_if(finding) for each in accepted)
    ]
    if serious:
        said = "; ".join(f"{finding.code} {finding.message}".strip() for finding in serious)
        raise LinterRefuses(field=what, rule=said)


class _Linter:
    """pkilint's validators, made once: they keep no state."""

    def __init__(self) -> None:
        from pkilint import etsi, finding_filter, loader, pkix  # noqa: PLC0415  (a second; see above)
        from pkilint.etsi import etsi_constants  # noqa: PLC0415  (as above)
        from pkilint.pkix import certificate, crl, extension, name, ocsp  # noqa: PLC0415  (as above)

        self._loader, self._filter, self._etsi = loader, finding_filter, etsi
        self._types = etsi_constants.CertificateType
        self._certificate = certificate.create_pkix_certificate_validator_container(
            certificate.create_decoding_validators(
                name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS
            ),
            [
                certificate.create_issuer_validator_container([]),
                certificate.create_validity_validator_container(),
                certificate.create_subject_validator_container([]),
                certificate.create_extensions_validator_container([]),
                certificate.create_spki_validator_container([]),
            ],
        )
        decoders = [
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ]
        self._crl = crl.create_pkix_crl_validator_container(
            list(decoders),
            [
                crl.create_issuer_validator_container([]),
                crl.create_validity_validator_container([]),
                crl.create_extensions_validator_container([]),
            ],
        )
        self._ocsp = ocsp.create_pkix_ocsp_response_validator_container(
            [ocsp.create_response_decoder(), *decoders], []
        )
        self._decode, self._chain = _chain_validators()
        # A quarter of a second each, so each when it is first asked for; made twice at once, they are equal.
        self._make_container = certificate.create_pkix_certificate_validator_container
        self._etsi_validators: dict[str, Any] = {}

    def certificate(self, der: bytes) -> list[Finding]:
        return _findings(self._certificate.validate(self._loader.load_certificate(der, "draft").root))

    def chain(self, der: bytes, issuer: bytes) -> list[Finding]:
        """Names, key identifiers and policies of the two against each other; not the draft's signature."""
        documents: dict[str, Any] = {}
        for name, data in (("issuer", issuer), ("subject", der)):
            loaded = self._loader.RFC5280CertificateDocumentLoader().load_der_document(
                data, name, name, documents
            )
            documents[name] = loaded
            self._decode.validate(loaded.root)
        return _findings(self._chain.validate(documents["issuer"].root))

    def etsi(self, der: bytes, kind: str) -> list[Finding]:
        if kind not in self._etsi_validators:
            form = self._types[kind]
            self._etsi_validators[kind] = self._make_container(
                self._etsi.create_decoding_validators(form), self._etsi.create_validators(form)
            )
        results = self._etsi_validators[kind].validate(self._loader.load_certificate(der, "draft").root)
        filters = self._etsi.create_etsi_finding_filters(self._types[kind])
        filtered, _ = self._filter.filter_results(filters, results)
        return _findings(filtered)

    def crl(self, der: bytes) -> list[Finding]:
        return _findings(self._crl.validate(self._loader.load_crl(der, "draft").root))

    def ocsp_response(self, der: bytes) -> list[Finding]:
        return _findings(self._ocsp.validate(self._loader.load_ocsp_response(der, "draft").root))


def _chain_validators() -> tuple[Any, Any]:
    """As `lint_pkix_signer_signee_cert_chain`, which is written as a command and cannot be called."""
    from pkilint.bin import lint_pkix_signer_signee_cert_chain as command  # noqa: PLC0415  (as above)

    return command.create_decoder_validation_container(), command.create_issuer_validation_container()


def _findings(results: Any) -> list[Finding]:  # noqa: ANN401  (pkilint ships no types)
    return [
        Finding(code=each.finding.code, severity=each.finding.severity.name, message=str(each.message or ""))
        for result in results
        for each in result.finding_descriptions
    ]


@cache
def _linter() -> _Linter:
    return _Linter()
