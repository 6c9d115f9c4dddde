"""NIST's Public Key Interoperability Test Suite, 2011, as the `cryptography-vectors` package carries it.

`cases.csv` is ours: every case of sections 4.1 to 4.16, what NIST expects, and what our verifier
answers. Where NIST poses one path with several settings, each is a row ("4.8.1 / 2").
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import cryptography_vectors
from cryptography import x509

from verify.errors import NotVerified
from verify.signatures.chain import ChainJudge, Evidence
from verify.signatures.fitness import Role
from verify.signatures.paths import Limits
from verify.verdict import SubIndication

AT = datetime(2026, 11, 22, tzinfo=UTC)  # the suite's certificates last until the end of 2030
# All keys of the suite are RSA-2048 or DSA, its longest path has four intermediates.
SUITE_LIMITS = Limits(intermediates=4, rsa_bits=2048)
_DATA = Path(cryptography_vectors.__file__).parent / "x509" / "PKITS_data"
_CASES = Path(__file__).parent / "cases.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One path and its settings."""

    number: str
    name: str
    settings: str  # other than "any policy"; empty where there are none
    leaf: str  # file name of the certificate at the end of the path
    is_valid: bool  # NIST's answer
    ours: str  # "accepted", "refused", or why a valid path is refused: see `DEVIATIONS`


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """Why our answer differs from NIST's."""

    title: str
    reason: str
    answers: frozenset[SubIndication]  # empty: the verifier cannot even read the certificate, or it accepts


_NO_PATH = frozenset({SubIndication.NO_CERTIFICATE_CHAIN_FOUND})
_UNFIT = frozenset({SubIndication.CHAIN_CONSTRAINTS_FAILURE})
_UNKNOWN = frozenset({SubIndication.TRY_LATER})

DEVIATIONS: Mapping[str, Deviation] = {
    "dsa": Deviation(
        title="DSA",
        reason="not on any list of agreed algorithms for signatures (ETSI TS 119 312); never accepted",
        answers=_NO_PATH,
    ),
    "names": Deviation(
        title="names written differently",
        reason="an issuer is found by the very same name; case, spaces and string types are not folded"
        " (RFC 5280 §7.1 asks for it). Our authority copies the name byte for byte, and"
        " folding is where verifiers disagree",
        answers=_NO_PATH,
    ),
    "keys": Deviation(
        title="an authority with several keys",
        reason="a CRL counts when the key that signed the certificate signed it; a CRL by another key of the"
        " same name is not looked at. Our authorities sign their lists with the key of their certificates",
        answers=_UNKNOWN,
    ),
    "authority": Deviation(
        title="an authority's certificate at the end of the path",
        reason="whoever seals or time-stamps is no authority",
        answers=_UNFIT,
    ),
    "policies": Deviation(
        title="policy constraints, mappings, inhibition of anyPolicy",
        reason="not processed; a path with one of these extensions is refused, critical or not",
        answers=_UNFIT,
    ),
    "name-constraints": Deviation(
        title="name constraints",
        reason="not processed; a path with this extension is refused, critical or not",
        answers=_UNFIT,
    ),
    "partial": Deviation(
        title="CRLs of some certificates or reasons",
        reason="only a CRL of all its issuer's certificates counts; our authorities issue no others",
        answers=_UNKNOWN,
    ),
    "indirect": Deviation(
        title="CRLs by somebody else",
        reason="only the issuer of a certificate tells of its revocation; a CRL on behalf of others is not"
        " looked at",
        answers=_UNKNOWN,
    ),
    "delta": Deviation(
        title="delta CRLs",
        reason="not read; a CRL that says that there are newer deltas does not count either",
        answers=_UNKNOWN,
    ),
    "not-asked": Deviation(
        title="settings that the verifier does not have",
        reason="it never asks for a policy: who may seal is told by the trust list, not by policies. With the"
        " settings that it has, any policy and none required, NIST expects each of these paths to be"
        " valid, and it is",
        answers=frozenset(),
    ),
}


@cache
def load_cases() -> tuple[Case, ...]:
    """Every row of the table."""
    with _CASES.open(encoding="utf-8", newline="") as file:
        return tuple(
            Case(
                number=row["case"],
                name=row["name"],
                settings=row["settings"],
                leaf=row["leaf"],
                is_valid=row["nist"] == "valid",
                ours=row["ours"],
            )
            for row in csv.DictReader(file)
        )


@cache
def load_certificates() -> Mapping[str, x509.Certificate]:
    """The suite's certificates that can be read, by file name."""
    found = {}
    for path in sorted((_DATA / "certs").glob("*.crt")):
        try:
            found[path.stem] = x509.load_der_x509_certificate(path.read_bytes())
        except ValueError:
            continue  # what cannot be read leads nowhere
    return found


@cache
def load_crls() -> Mapping[str, x509.CertificateRevocationList]:
    """The suite's CRLs, by file name."""
    return {path.stem: x509.load_der_x509_crl(path.read_bytes()) for path in (_DATA / "crls").glob("*.crl")}


def make_judge(limits: Limits = SUITE_LIMITS) -> ChainJudge:
    """The verifier's judge; it is given everything at once and finds its own way."""
    certificates = load_certificates()
    return ChainJudge(
        roots=[certificates["TrustAnchorRootCertificate"]],
        certificates=certificates.values(),
        crls=load_crls().values(),
        limits=limits,
    )


def refusal(judge: ChainJudge, case: Case) -> NotVerified | str | None:
    """Why the judge refuses the path of a case; None where it accepts."""
    leaf = load_certificates().get(case.leaf)
    if leaf is None:
        return "unreadable"
    try:
        judge.judge(leaf, Role.SEAL, at=AT, evidence=Evidence(), check="path")
    except NotVerified as refused:
        return refused
    return None
