"""Time-stamp tokens (RFC 3161, with ESSCertIDv2 of RFC 5816; profile of ETSI EN 319 422).

What a token looks like is `ca.timestamp_token`, what it promises `ca.timestamp_policy`. The form is
linted under slots of every length before the first token. What is about to be signed
needs no row of its own: the key's log of uses holds its digest before the key signs, and a
token that was signed and lost harms nobody.

A token is refused when the clock cannot be trusted: it raises (`ca.clock_lease` does, without
a lease), it has gone back by more than the stated accuracy, or it stands outside the
certificate's validity.
"""

import secrets
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from ca.algorithms import DIGEST_OCTETS
from ca.clock import Clock, aware
from ca.clock_lease import ACCURACY
from ca.errors import ProfileViolation
from ca.timestamp_lint import lint_form
from ca.timestamp_policy import OFFERED, TimeStampPolicy, check_policies
from ca.timestamp_request import (
    Failure,
    RequestRefused,
    TimeStampRequest,
    encode_refusal,
    parse_time_stamp_request,
)
from ca.timestamp_token import TokenFacts, TokenForm, message_imprint
from keys.der import SEQUENCE, integer, object_identifier, tlv
from keys.errors import KeyCustodyError
from keys.signer import Algorithm, Purpose, Signer

GRANTED = tlv(SEQUENCE, integer(0))
SERIAL_BITS = 127


def random_token_serial() -> int:
    """Unique without a counter on disk: 128 bits of which 127 are random (RFC 3161 §2.4.2: up to 160)."""
    return 1 << SERIAL_BITS | secrets.randbits(SERIAL_BITS)


@lru_cache(maxsize=8)
def _judged_form(
    algorithm: Algorithm,
    certificate: x509.Certificate,
    chain: tuple[x509.Certificate, ...],
    policies: tuple[TimeStampPolicy, ...],
) -> TokenForm:
    """The form of a unit's tokens, judged once: whoever takes the unit up again has it at hand.

    Raises:
        ProfileViolation: as `lint_form`.
    """
    form = TokenForm(algorithm, certificate, chain, policies)
    lint_form(form, certificate, policies)
    return form


class TimeStamper:
    """One time-stamping unit: a key, its certificate, policies and a clock. Safe for many threads."""

    def __init__(
        self,
        signer: Signer,
        certificate: x509.Certificate,
        chain: Sequence[x509.Certificate],
        policies: Sequence[TimeStampPolicy] = OFFERED,
        *,
        clock: Clock,
        serial_source: Callable[[], int] = random_token_serial,
        alone: bool = False,
    ) -> None:
        """Encode what never changes, and lint it.

        Args:
            signer: the unit's key.
            certificate: its certificate.
            chain: further certificates to put into tokens, beside the unit's own.
            policies: what is offered; the first is the one where a request names none.
            clock: the time; raises when it is not trusted.
            serial_source: unique numbers of tokens.
            alone: whether no other process and no other object stamps with this key.

        Raises:
            ProfileViolation: not a time-stamping certificate, not this key's, a key that common
                verifiers refuse, or a policy that this unit cannot keep.
        """
        _check(signer, certificate)
        check_policies(policies, alone=alone)
        self.certificate = certificate
        self._signer, self._clock, self._serial_source = signer, clock, serial_source
        self._policies = {object_identifier(policy.oid)[2:]: policy for policy in policies}
        self._default = policies[0]
        self._from, self._until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        self._latest = self._from
        self._lock = threading.Lock()
        self._form = _judged_form(signer.algorithm, certificate, tuple(chain), tuple(policies))

    def respond(self, request: bytes) -> bytes:
        """Answer a DER TimeStampReq with a DER TimeStampResp: a token, or a refusal. Never raises."""
        try:
            asked = parse_time_stamp_request(request)
            return tlv(SEQUENCE, GRANTED, self._token(asked))
        except RequestRefused as refused:
            return encode_refusal(refused)
        except KeyCustodyError:
            return encode_refusal(
                RequestRefused(Failure.SYSTEM_FAILURE, "the key does not answer; try again")
            )

    def token(
        self,
        digest: bytes,
        hash_name: str = "sha256",
        nonce: int | None = None,
        *,
        with_certificate: bool = True,
    ) -> bytes:
        """A token (DER ContentInfo) over a digest that is already made.

        Raises:
            RequestRefused: an unlisted hash, a digest of another length, or an untrusted clock.
            KeyUnavailable: the key did not answer; safe to retry.
        """
        if hash_name not in DIGEST_OCTETS:
            raise RequestRefused(Failure.BAD_ALGORITHM, f"{hash_name} is not accepted")
        if len(digest) != DIGEST_OCTETS[hash_name]:
            raise RequestRefused(Failure.BAD_DATA_FORMAT, f"not as long as a digest by {hash_name}")
        return self._token(
            TimeStampRequest(
                message_imprint=message_imprint(digest, hash_name),
                hash_name=hash_name,
                policy=None,
                nonce=nonce,
                wants_certificate=with_certificate,
            )
        )

    def _token(self, asked: TimeStampRequest) -> bytes:
        policy = self._policy(asked)
        facts = TokenFacts(
            policy=policy,
            message_imprint=asked.message_imprint,
            serial_number=self._serial_source(),
            at=self._trusted_time(policy),
            nonce=asked.nonce,
        )
        draft = self._form.draft(facts)
        signature = self._signer.sign(draft.to_be_signed, purpose=Purpose.TIMESTAMP)
        return self._form.complete(draft, signature, with_certificates=asked.wants_certificate)

    def _policy(self, asked: TimeStampRequest) -> TimeStampPolicy:
        policy = self._default if asked.policy is None else self._policies.get(asked.policy)
        if policy is None:
            raise RequestRefused(Failure.UNACCEPTED_POLICY, "this policy is not offered")
        if asked.hash_name not in policy.hash_names:
            raise RequestRefused(Failure.BAD_ALGORITHM, "not under this policy")
        return policy

    def _trusted_time(self, policy: TimeStampPolicy) -> datetime:
        with self._lock:
            now = self._known_time()
            if not self._from <= now <= self._until:
                raise RequestRefused(
                    Failure.TIME_NOT_AVAILABLE, "the clock stands outside the certificate's validity"
                )
            if now < self._latest - ACCURACY:
                raise RequestRefused(Failure.TIME_NOT_AVAILABLE, "the clock has gone back")
            if policy.ordering:
                now = max(now, self._latest + policy.resolution)
            self._latest = max(self._latest, now)
        return now - timedelta(microseconds=now.microsecond % (policy.resolution // _MICROSECOND))

    def _known_time(self) -> datetime:
        try:
            return aware(self._clock())
        except Exception as error:
            # Whatever keeps the time from being known, the answer is the same one.
            raise RequestRefused(Failure.TIME_NOT_AVAILABLE, "the time is not known") from error


def _check(signer: Signer, certificate: x509.Certificate) -> None:
    extension = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    if not extension.critical or list(extension.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise ProfileViolation(field="extendedKeyUsage", rule="timeStamping only, critical (RFC 3161 §2.3)")
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if certificate.public_key().public_bytes(*form) != signer.public_key.public_bytes(*form):
        raise ProfileViolation(field="public key", rule="that of the signer")
    if signer.algorithm in {Algorithm.ED25519, Algorithm.ML_DSA_65}:
        raise ProfileViolation(field="public key", rule="ECDSA or RSA: common verifiers refuse other tokens")


_MICROSECOND = timedelta(microseconds=1)
