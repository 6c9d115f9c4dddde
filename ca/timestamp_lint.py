"""A second look at the form of time-stamp tokens, before a key signs with it.

Tokens under a throwaway key are read, and written anew from their facts, by another
library: octet for octet the same, for every policy, with and without a nonce, and for facts of
different lengths. So what is signed later differs from what was judged here in its facts alone.
Checked too is what RFC 3161 §2.4.2 and ETSI EN 319 422 §5 ask of every token.
"""

import hashlib
import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from asn1crypto import algos, cms, tsp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca.errors import ProfileViolation
from ca.throwaway import ThrowawaySigner
from ca.timestamp_policy import TimeStampPolicy
from ca.timestamp_token import TokenFacts, TokenForm, message_imprint
from keys.signer import Purpose

MAX_ACCURACY = timedelta(seconds=1)  # EN 319 421 §7.7.1
MAX_SERIAL_BITS = 160  # RFC 3161 §2.4.2
_TIMES = (
    datetime(2026, 11, 22, 8, 0, tzinfo=UTC),
    datetime(2049, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
    datetime(2050, 1, 1, 0, 0, 0, 120000, tzinfo=UTC),
)
_SERIALS = (1, 128, 1 << 127 | 1, (1 << 159) - 1)
_NONCES = (None, 0, -1, 1 << 255)


def lint_form(form: TokenForm, certificate: x509.Certificate, policies: Sequence[TimeStampPolicy]) -> None:
    """Judge the form of a unit's tokens.

    Raises:
        ProfileViolation: what is wrong with it.
    """
    # The slots know nothing of each other: each value stands in some draft, not in all of them.
    slots = itertools.cycle(zip(_TIMES * 4, _SERIALS * 3, _NONCES * 3, strict=True))
    for policy in policies:
        drafts = max(len(policy.hash_names), len(_NONCES))
        for name in itertools.islice(itertools.cycle(policy.hash_names), drafts):
            at, serial, nonce = next(slots)
            imprint = message_imprint(hashlib.new(name, b"draft").digest(), name)
            facts = TokenFacts(
                policy=policy, message_imprint=imprint, serial_number=serial, at=at, nonce=nonce
            )
            _lint_slots(form, facts, certificate)
    _lint_whole(form, facts, certificate)


def _lint_slots(form: TokenForm, facts: TokenFacts, certificate: x509.Certificate) -> None:
    draft = form.draft(facts)
    _require(_info(facts).dump() == draft.info, "TSTInfo", "as another library writes it")
    attributes = _attributes(draft.info, form.digest_name, certificate)
    _require(attributes.dump() == draft.to_be_signed, "signed attributes", "as another library writes them")


def _lint_whole(form: TokenForm, facts: TokenFacts, certificate: x509.Certificate) -> None:
    """What stands around the slots is in every token the same: one is judged."""
    signer = ThrowawaySigner(form.algorithm, Purpose.TIMESTAMP)
    draft = form.draft(facts)
    signature = signer.sign(draft.to_be_signed, purpose=Purpose.TIMESTAMP)
    bare = form.complete(draft, signature, with_certificates=False)
    full = form.complete(draft, signature, with_certificates=True)
    try:
        # Certificates are as their authority encoded them; the rest is written anew.
        _require(cms.ContentInfo.load(bare, strict=True).dump(force=True) == bare, "token", "canonical DER")
        _lint_token(cms.ContentInfo.load(full, strict=True)["content"], certificate)
    except (ValueError, TypeError, KeyError) as error:
        raise ProfileViolation(field="token", rule=str(error)) from error


def _lint_token(signed: Any, certificate: x509.Certificate) -> None:  # noqa: ANN401  (asn1crypto's)
    info = signed["encap_content_info"]["content"].parsed
    _require(signed["version"].native == "v3", "version", "3 (RFC 5652 §5.1)")
    _require(len(signed["signer_infos"]) == 1, "signerInfos", "one (RFC 3161 §2.4.2)")
    accuracy = info["accuracy"]
    parts = {name: accuracy[name].native or 0 for name in ("seconds", "millis", "micros")}
    _require(
        timedelta(seconds=parts["seconds"], milliseconds=parts["millis"], microseconds=parts["micros"])
        <= MAX_ACCURACY,
        "accuracy",
        "a second or better",
    )
    _require(0 < info["serial_number"].native < 1 << MAX_SERIAL_BITS, "serial number", "of 160 bits")
    _require(not info["extensions"].native, "extensions", "none")
    own = {choice.chosen.dump() for choice in signed["certificates"]}
    _require(certificate.public_bytes(Encoding.DER) in own, "certificates", "the unit's own")
    named = signed["signer_infos"][0]["sid"].chosen
    _require(
        named["serial_number"].native == certificate.serial_number
        and named["issuer"].dump() == certificate.issuer.public_bytes(),
        "signer",
        "the unit's certificate",
    )


def _info(facts: TokenFacts) -> tsp.TSTInfo:
    accuracy = facts.policy.accuracy
    parts = {
        "seconds": accuracy.seconds,
        "millis": accuracy.microseconds // 1000,
        "micros": accuracy.microseconds % 1000,
    }
    values = {
        "version": "v1",
        "policy": facts.policy.oid,
        "message_imprint": tsp.MessageImprint.load(facts.message_imprint, strict=True),
        "serial_number": facts.serial_number,
        "gen_time": facts.at,
        "accuracy": tsp.Accuracy({name: value for name, value in parts.items() if value}),
    }
    if facts.policy.ordering:
        values["ordering"] = True
    if facts.nonce is not None:
        values["nonce"] = facts.nonce
    return tsp.TSTInfo(values)


def _attributes(info: bytes, digest_name: str, certificate: x509.Certificate) -> cms.CMSAttributes:
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    identifier = tsp.ESSCertIDv2(
        {"hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}), "cert_hash": digest}
    )
    return cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashlib.new(digest_name, info).digest()]}),
            cms.CMSAttribute(
                {
                    "type": "signing_certificate_v2",
                    "values": [tsp.SigningCertificateV2({"certs": [identifier]})],
                }
            ),
        ]
    )


def _require(holds: bool, field: str, rule: str) -> None:  # noqa: FBT001  (the condition itself)
    if not holds:
        raise ProfileViolation(field=field, rule=rule)
