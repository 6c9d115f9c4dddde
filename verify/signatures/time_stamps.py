"""RFC 3161 time-stamp tokens: when something certainly existed."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from asn1crypto import tsp
from cryptography import x509

from verify.errors import NotVerified
from verify.signatures.signed_data import parse_signed_data
from verify.trail import Trail
from verify.verdict import SubIndication

_HASHES = frozenset({"sha256", "sha384", "sha512"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeStamp:
    """A token whose signature holds; its signer is yet to be judged."""

    generated_at: datetime
    signer: x509.Certificate
    certificates: tuple[x509.Certificate, ...]
    algorithms: frozenset[str]  # digests and key, as `algorithms.py` names them


def parse_time_stamp(
    token: bytes, *, over: Iterable[bytes | memoryview], check: str, trail: Trail | None = None
) -> TimeStamp:
    """Reads a token and checks that it is about the octets `over`, part by part.

    Raises:
        NotVerified: malformed, wrongly signed, or about something else.
    """
    trail = trail or Trail()
    signed = parse_signed_data(token, content_type="tst_info", check=check, trail=trail)
    try:
        info = tsp.TSTInfo.load(signed.content, strict=True)
        imprint = info["message_imprint"]
        algorithm = imprint["hash_algorithm"]["algorithm"].native
        stamped = imprint["hashed_message"].native
        generated_at = info["gen_time"].native
        if info["version"].native != "v1" or algorithm not in _HASHES or generated_at.tzinfo is None:
            raise NotVerified(SubIndication.FORMAT_FAILURE, check)
    except (ValueError, TypeError, KeyError) as error:
        raise NotVerified(SubIndication.FORMAT_FAILURE, check) from error
    digest = hashlib.new(algorithm)
    for part in over:
        digest.update(part)
    if digest.digest() != stamped:
        raise NotVerified(SubIndication.HASH_FAILURE, check)
    trail.passed("integrity", stamped=stamped.hex())
    return TimeStamp(
        generated_at=generated_at.astimezone(UTC),
        signer=signed.signer,
        certificates=signed.certificates,
        algorithms=signed.algorithms | {algorithm},
    )
