"""Signed answers, kept for repeats of the same call and readable by nobody who finds them.

An answer names documents. The table of kept answers is in the database and in its backups, so what lies there
for a day is encrypted by a key that lies elsewhere: AES-256-GCM (NIST SP 800-38D), a random nonce
of 96 bits before the ciphertext, bound to the call that it answers.
"""

import secrets
from dataclasses import dataclass, replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from issuance.http.idempotency import Answer, Call
from issuance.verification.errors import VerificationUnavailable

_NONCE_OCTETS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswers:
    """Closes and opens answers; `key` is of 32 octets, for this and nothing else."""

    key: bytes

    def close(self, call: Call, answer: Answer) -> Answer:
        """The answer as it may lie in the database."""
        nonce = secrets.token_bytes(_NONCE_OCTETS)
        return replace(answer, body=nonce + AESGCM(self.key).encrypt(nonce, answer.body, _bound_to(call)))

    def open(self, call: Call, kept: Answer) -> Answer:
        """The answer as it goes out.

        Raises:
            VerificationUnavailable: the key has changed since; another idempotency key gets a new answer.
        """
        nonce, content = kept.body[:_NONCE_OCTETS], kept.body[_NONCE_OCTETS:]
        try:
            body = AESGCM(self.key).decrypt(nonce, content, _bound_to(call))
        except InvalidTag as error:
            raise VerificationUnavailable(reason="kept under another key") from error
        return replace(kept, body=body)


def _bound_to(call: Call) -> bytes:
    return f"{call.actor.id}\n{call.route}\n{call.key}\n{call.fingerprint}".encode()
