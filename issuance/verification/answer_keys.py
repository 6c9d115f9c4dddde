"""The keys that sign answers to verifications: used, rotated, published.

An answer is a JWS (RFC 7515) by ES256, its `kid` the key's thumbprint (RFC 7638). The public halves lie in
`answer-keys/keys.jwks` (RFC 7517) of the published root. Keys that have retired stay there, because
an answer that was filed is shown years later; one that was destroyed does not, and with it goes
the worth of whatever it signed: that is how a stolen key is taken back.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from issuance.public_files import write_public
from keys.jws_form import ANSWER_TYPE
from keys.keyring import KeyRecord, Keyring, KeyState
from keys.signer import Purpose
from keys.states import ADVISED_PERIOD
from signing.formats.canonical_json import JsonValue, encode_canonical_json
from signing.formats.cose import raw_signature
from signing.seal_codes import KnownKey, require_p256

ANSWER_LINE = "answers"
FILE_NAME = "answer-keys/keys.jwks"
# Whoever keeps the file looks at it again within a day; two are for people and caches.
ADVANCE = timedelta(days=2)
_COORDINATE_OCTETS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerKeys:
    """The line of one installation. May be shared by threads.

    Args:
        keyring: the keys.
        public: the published root.
    """

    keyring: Keyring
    public: Path

    def sign(self, claims: dict[str, JsonValue], *, at: datetime) -> bytes:
        """The claims as a JWS in its compact form.

        Raises:
            KeyNotActive: no key of this line signs now.
            KeyUnavailable: it did not answer; safe to repeat.
        """
        signer = self.keyring.obtain(ANSWER_LINE, purpose=Purpose.ANSWER, at=at)
        header: dict[str, JsonValue] = {"alg": "ES256", "kid": key_thumbprint(signer), "typ": ANSWER_TYPE}
        parts = (encode_canonical_json(header), encode_canonical_json(claims))
        to_be_signed = b".".join(base64url(part) for part in parts)
        signature = signer.sign(to_be_signed, purpose=Purpose.ANSWER)
        return to_be_signed + b"." + base64url(raw_signature(signature))

    def tend(self, *, at: datetime) -> None:
        """Make the first key, and each next one in good time before it is advised."""
        known = self.keyring.generations(ANSWER_LINE)
        if not known:
            self.keyring.obtain(ANSWER_LINE, purpose=Purpose.ANSWER, at=at)
            return
        newest = known[-1]
        due = newest.active_from + ADVISED_PERIOD[Purpose.ANSWER] - ADVANCE
        if newest.state is KeyState.ACTIVE and at >= due:
            self.keyring.rotate(ANSWER_LINE, at=at, active_from=at + ADVANCE)

    def publish(self, *, at: datetime) -> None:
        """Write the public halves of every key that signs, will sign, or has signed."""
        self.tend(at=at)
        known = self.keyring.generations(ANSWER_LINE)
        listed: list[JsonValue] = [_jwk(each) for each in known if each.state is not KeyState.DESTROYED]
        write_public(self.public / FILE_NAME, encode_canonical_json({"keys": listed}))


def key_thumbprint(key: KnownKey) -> str:
    """RFC 7638 §3: SHA-256 over the members that make the key."""
    digest = hashlib.sha256(encode_canonical_json(_members(key))).digest()
    return base64url(digest).decode("ascii")


def base64url(octets: bytes) -> bytes:
    """RFC 7515 §2: without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


def _members(key: KnownKey) -> dict[str, JsonValue]:
    numbers = require_p256(key).public_numbers()
    x, y = (
        base64url(each.to_bytes(_COORDINATE_OCTETS, "big")).decode("ascii") for each in (numbers.x, numbers.y)
    )
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


def _jwk(record: KeyRecord) -> dict[str, JsonValue]:
    """With the time in which it signs, as JWTs write instants (RFC 7519 §2)."""
    window: dict[str, JsonValue] = {"nbf": int(record.active_from.timestamp())}
    if record.retires_at is not None:
        window["exp"] = int(record.retires_at.timestamp())
    return {**_members(record), "alg": "ES256", "kid": key_thumbprint(record), "use": "sig", **window}
