"""Time-stamp tokens as a seal asks for them, and the room to keep for the next one."""

from collections.abc import Callable
from typing import TypeAlias

from signing.pades.errors import UnfitTimeStamp

TimeStamp: TypeAlias = Callable[[bytes], bytes]
"""SHA-256 digest to RFC 3161 token (the DER ContentInfo, not the whole response)."""

# Room for the first token; afterwards for the largest one seen and a little more.
# Every octet reserved costs two in the file and is parsed digit by digit by most readers.
_FIRST_TOKEN_OCTETS = 6 * 1024
_LARGEST_TOKEN_OCTETS = 32 * 1024
_MARGIN_OCTETS = 16


class Tokens:
    """Asks one time-stamping authority, and learns how large its tokens are."""

    def __init__(self, time_stamp: TimeStamp) -> None:
        self._time_stamp = time_stamp
        self.octets = _FIRST_TOKEN_OCTETS  # to reserve for the next one

    def over(self, digest: bytes) -> bytes:
        """The token over a SHA-256 digest.

        Raises:
            UnfitTimeStamp: it is about something else, or larger than any that is embedded.
        """
        token = self._time_stamp(digest)
        if digest not in token:
            raise UnfitTimeStamp("the token is about something else")
        if len(token) > _LARGEST_TOKEN_OCTETS:
            raise UnfitTimeStamp(f"a token of {len(token)} octets")
        needed = len(token) + _MARGIN_OCTETS
        self.octets = needed if self.octets == _FIRST_TOKEN_OCTETS else max(self.octets, needed)
        return token
