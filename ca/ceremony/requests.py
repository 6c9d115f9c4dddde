"""What the service hands to a ceremony: requests for its keys, and a plan that names them by their digests.

The plan is a draft: whoever holds the ceremony fills in place, people and custodians, and
reviews all of it. Until then it says CHANGE-ME there, which no ceremony accepts.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca.ceremony.plan import CHANGE_ME, DAY, FORMAT, Subject, ceremony_profile
from ca.ceremony.results import sha256
from ca.crl import SCHEDULES
from ca.names import Operator
from ca.profiles import PROFILES, ProfileName
from ca.reasons import RevocationReason
from ca.serials import serial_text
from keys.private_key import as_private_key
from keys.signer import Algorithm, Signer, hash_of

_TITLES = {ProfileName.ISSUING: "Issuing CA", ProfileName.TRUST_LIST: "Trust List"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftedRequest:
    """One key that is to be certified."""

    name: str
    subject: Subject
    pem: bytes

    @property
    def file(self) -> str:
        """Where it lies beside the plan."""
        return f"requests/{self.name}.csr.pem"


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftedRevocation:
    """One certificate that is to be revoked."""

    name: str
    serial_number: int
    reason: RevocationReason


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRoot:
    """The root that the service knows, which the next ceremony is to open."""

    certificate: x509.Certificate
    algorithm: Algorithm
    subject: Subject
    last_list: int

    @property
    def sha256(self) -> str:
        """Its fingerprint."""
        return sha256(self.certificate.public_bytes(Encoding.DER))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """Who meets, where and what for."""

    ceremony: str
    purpose: str = CHANGE_ME
    place: str = CHANGE_ME
    people: Sequence[tuple[str, str]] = (
        ("ceremony administrator", CHANGE_ME),
        ("operator of the machine", CHANGE_ME),
        ("witness", CHANGE_ME),
    )
    custodians: Sequence[str] = (f"{CHANGE_ME} 1", f"{CHANGE_ME} 2", f"{CHANGE_ME} 3")
    threshold: int = 2


def root_subject(operator: Operator) -> Subject:
    """The name of an operator's root."""
    return _subject(operator, "Root CA")


def certified_subject(operator: Operator, key: str) -> Subject:
    """The name of what a ceremony certifies for the key of this name.

    A next generation of the issuing CA is another authority, and has a name of its own: its
    revocation lists are found by it.
    """
    profile = ceremony_profile(key)
    if profile is None:
        msg = f"{key} is not certified in a ceremony"
        raise ValueError(msg)
    generation = key.removeprefix(profile.value).removeprefix("-")
    is_named = generation and profile is ProfileName.ISSUING
    return _subject(operator, f"{_TITLES[profile]} {generation}" if is_named else _TITLES[profile])


def draft_request(signer: Signer, subject: Subject) -> DraftedRequest:
    """A request for the key, signed by it: the proof of possession (RFC 2986)."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject.name())
    key = as_private_key(signer, purpose=signer.purpose)
    request = builder.sign(key, hash_of(signer.algorithm))
    return DraftedRequest(name=signer.key_id, subject=subject, pem=request.public_bytes(Encoding.PEM))


def draft_plan(
    gathering: Gathering,
    *,
    root: Subject | KnownRoot,
    origin: str,
    requests: Sequence[DraftedRequest],
    revocations: Sequence[DraftedRevocation] = (),
) -> bytes:
    """The plan; `root` is a name where the root is to be made, else the root that is to be opened."""
    lines = [
        "# The plan of a Wathiqa key ceremony: what happens stands here, and nothing else happens.",
        "# Review every line; docs/operations/ceremony.md says what each one means.",
        f"format: {FORMAT}",
        f"ceremony: {gathering.ceremony}",
        f"purpose: {_quoted(gathering.purpose)}",
        f"place: {_quoted(gathering.place)}",
        "people:",
        *(f"  - {{role: {_quoted(role)}, name: {_quoted(name)}}}" for role, name in gathering.people),
        "",
        "root:",
        *_root_lines(root),
        "",
        *_custody_lines(root),
        "custody:",
        f"  threshold: {gathering.threshold}",
        "  custodians:",
        *(f"    - name: {_quoted(name)}" for name in gathering.custodians),
        "",
        "# Printed in every certificate: where its revocation list and its issuer are found.",
        f"addresses-in-certificates: {_quoted(origin)}",
        "",
        "acts:",
    ]
    if isinstance(root, Subject):
        lines += ["  - act: create-root", f"    valid-days: {PROFILES[ProfileName.ROOT].lifetime // DAY}"]
    for request in requests:
        lines += _certify_lines(request)
    for revocation in revocations:
        lines += _revoke_lines(revocation)
    number = 1 if isinstance(root, Subject) else root.last_list + 1
    lasts = SCHEDULES[ProfileName.ROOT].lasts // DAY
    lines += ["  - act: issue-crl", f"    number: {number}", f"    valid-days: {lasts}", ""]
    return "\n".join(lines).encode("utf-8")


def _root_lines(root: Subject | KnownRoot) -> list[str]:
    if isinstance(root, Subject):
        return [f"  algorithm: {Algorithm.P384}", *_subject_lines(root, "  ")]
    return [
        f"  algorithm: {root.algorithm}",
        f"  certificate-sha256: {root.sha256}",
        "  # The SHA-256 of bundle/bundle.json, as the signed transcript of the last ceremony states it.",
        f"  earlier-bundle-sha256: {CHANGE_ME}",
        "  # The folder with the results of the last ceremony, as it lies on the ceremony's machine.",
        f"  earlier: {CHANGE_ME}",
        *_subject_lines(root.subject, "  "),
    ]


def _custody_lines(root: Subject | KnownRoot) -> list[str]:
    if isinstance(root, Subject):
        return ["# Each custodian receives one sheet; this many together open the root's key, fewer do not."]
    return ["# The custodians and the threshold of the first ceremony, in the same order."]


def _certify_lines(request: DraftedRequest) -> list[str]:
    profile = ceremony_profile(request.name)
    assert profile is not None  # noqa: S101  (a drafted request has one)
    return [
        "  - act: certify",
        f"    key: {request.name}",
        f"    profile: {profile.value}",
        f"    request: {request.file}",
        f"    request-sha256: {sha256(request.pem)}",
        *_subject_lines(request.subject, "    "),
        f"    valid-days: {PROFILES[profile].lifetime // DAY}",
    ]


def _revoke_lines(revocation: DraftedRevocation) -> list[str]:
    return [
        "  - act: revoke",
        f"    key: {revocation.name}",
        f"    serial: {serial_text(revocation.serial_number)}",
        f"    reason: {revocation.reason.value}",
    ]


def _subject_lines(subject: Subject, indent: str) -> list[str]:
    return [
        f"{indent}subject:",
        f"{indent}  country: {_quoted(subject.country)}",
        f"{indent}  organization: {_quoted(subject.organization)}",
        f"{indent}  organization-identifier: {_quoted(subject.organization_identifier)}",
        f"{indent}  common-name: {_quoted(subject.common_name)}",
    ]


def _subject(operator: Operator, title: str) -> Subject:
    return Subject(
        country=operator.country,
        organization=operator.name,
        organization_identifier=operator.organization_identifier,
        common_name=f"{operator.name} {title}",
    )


def _quoted(text: str) -> str:
    """A double-quoted YAML scalar, as which JSON reads too."""
    return json.dumps(text, ensure_ascii=False)
