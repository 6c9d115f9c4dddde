"""The one JWS that is signed here: the signing input of an answer to verifications (RFC 7515 §5.1).

`BASE64URL(header) "." BASE64URL(payload)`, both without padding and in their one spelling; the header is
`{"alg":…,"kid":…,"typ":"wathiqa-verifications+jwt"}`, its members in this order and no others. The
type is explicit (RFC 8725 §3.11), so an answer is never taken for another kind of token.
"""

import base64
import json
import re
from collections.abc import Mapping

from keys.signer import Algorithm

ANSWER_TYPE = "wathiqa-verifications+jwt"
# RFC 7518 §3.1 and RFC 8037 §3.1; RSA and P-384 are not asked for.
_ALGORITHMS: Mapping[Algorithm, str] = {Algorithm.P256: "ES256", Algorithm.ED25519: "EdDSA"}
_HEADER = re.compile(r'\{"alg":"([A-Za-z0-9]{1,10})","kid":"[A-Za-z0-9_-]{43}","typ":"([a-z0-9+-]{1,64})"\}')
_CLAIM = "verifications"


def check_answer(data: bytes, algorithm: Algorithm) -> None:
    """Assert that `data` is the signing input of an answer, for a key of this algorithm.

    Raises:
        ValueError: anything else.
    """
    header, separator, payload = data.partition(b".")
    found = _HEADER.fullmatch(_decode(header).decode("ascii"))
    if not separator or found is None or found[1] != _ALGORITHMS.get(algorithm) or found[2] != ANSWER_TYPE:
        raise ValueError("it is not so: the header of an answer, with this key's algorithm")
    claims = json.loads(_decode(payload))
    if not isinstance(claims, dict) or not isinstance(claims.get(_CLAIM), list):
        raise ValueError("it is not so: an answer about verifications")  # noqa: TRY004  (not the form)


def _decode(text: bytes) -> bytes:
    octets = base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if base64.urlsafe_b64encode(octets).rstrip(b"=") != text:
        raise ValueError("it is not so: base64url without padding, in its one spelling")
    return octets
