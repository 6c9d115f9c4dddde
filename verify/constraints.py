"""The constraints of a signature's validation, each with the clause it comes from and its words.

EN 319 102-1 (v1.4.1) validates in building blocks; these are their constraints in the order in
which they are looked at. Where one is broken, the later ones of the same subject were not looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from verify.verdict import SubIndication, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What must hold, and where that is written."""

    rule: str
    words: Words


def _of(rule: str, ar: str, en: str) -> Requirement:
    return Requirement(rule=rule, words=Words(ar=ar, en=en))


REQUIREMENTS: Mapping[str, Requirement] = {
    "format": _of(
        "EN 319 102-1 §5.2.2",
        "مكتوب بالصيغة الوحيدة المقبولة.",
        "It is written in the one accepted form.",
    ),
    "signing-certificate": _of(
        "EN 319 102-1 §5.2.3",
        "شهادة الموقّع مرفقة، والتوقيع يسميها ببصمتها.",
        "The signer's certificate is there, and the signature names it by its digest.",
    ),
    "acceptance": _of(
        "EN 319 102-1 §5.2.8",
        "السمات الموقّعة هي المطلوبة دون زيادة أو نقصان.",
        "The signed attributes are those required, no more and no fewer.",
    ),
    "integrity": _of(
        "EN 319 102-1 §5.2.7",
        "لم يتغير حرف مما وُقّع عليه.",
        "Not one byte of what was signed has changed.",
    ),
    "signature-value": _of(
        "EN 319 102-1 §5.2.7",
        "التوقيع من صنع المفتاح الذي في الشهادة.",
        "The key in the certificate made the signature.",
    ),
    "order": _of(
        "EN 319 102-1 §5.5.4",
        "الأوقات متتابعة: الختم ثم طابعه ثم ما يغطيهما.",
        "The times follow one another: the seal, its time-stamp, then what covers both.",
    ),
    "chain": _of(
        "EN 319 102-1 §5.2.6",
        "الشهادة صادرة عن سلطة التصديق الموثوقة هنا.",
        "The certificate leads to the root that is trusted here.",
    ),
    "certificate-profile": _of(
        "EN 319 102-1 §5.2.6; RFC 5280 §6.1",
        "يحق لكل شهادة أن تفعل ما فعلته.",
        "Every certificate may do what it did.",
    ),
    "validity": _of(
        "EN 319 102-1 §5.2.6; §5.6.2.1",
        "كانت الشهادات سارية في ذلك الوقت.",
        "The certificates were valid at that time.",
    ),
    "revocation-known": _of(
        "EN 319 102-1 §5.2.5",
        "توجد معلومة موثوقة تشمل ذلك الوقت عن إلغاء الشهادات.",
        "What is known of revocations is trustworthy and covers that time.",
    ),
    "not-revoked": _of(
        "EN 319 102-1 §5.2.6; §5.6.2.2",
        "لم تكن الشهادات ملغاة في ذلك الوقت.",
        "The certificates were not revoked at that time.",
    ),
    "algorithms": _of(
        "EN 319 102-1 §5.2.8; §5.6.2.4; ETSI TS 119 312",
        "كانت الخوارزميات قوية في ذلك الوقت.",
        "The algorithms could be relied on at that time.",
    ),
}
"""By the code of a constraint."""

BROKEN: Mapping[SubIndication, str] = {
    SubIndication.FORMAT_FAILURE: "format",
    SubIndication.NO_SIGNING_CERTIFICATE_FOUND: "signing-certificate",
    SubIndication.SIG_CONSTRAINTS_FAILURE: "acceptance",
    SubIndication.HASH_FAILURE: "integrity",
    SubIndication.SIG_CRYPTO_FAILURE: "signature-value",
    SubIndication.TIMESTAMP_ORDER_FAILURE: "order",
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND: "chain",
    SubIndication.CHAIN_CONSTRAINTS_FAILURE: "certificate-profile",
    SubIndication.NOT_YET_VALID: "validity",
    SubIndication.OUT_OF_BOUNDS_NO_POE: "validity",
    SubIndication.TRY_LATER: "revocation-known",
    SubIndication.REVOKED: "not-revoked",
    SubIndication.REVOKED_NO_POE: "not-revoked",
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE: "algorithms",
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE: "algorithms",
}
"""The constraint behind each sub-indication that a judge here gives."""
