"""The steps behind the signature: store validation data, time-stamp the whole file (EN 319 142-1 §5.4, §5.5).

Used while sealing and, years later, to renew a file before its newest time-stamp weakens. Nothing
here touches what is in the file already: every step adds one revision of the one form in
`signing/formats/pdf_updates.py`, and is free of any key but the time-stamping authority's.
"""

from dataclasses import dataclass
from datetime import datetime

from signing.formats.pdf_ground import Ground, read_ground
from signing.formats.pdf_tables import NotOurForm
from signing.formats.pdf_updates import (
    MAX_TIME_STAMPS,
    NothingNew,
    Store,
    encode_store,
    encode_time_stamp,
    read_updates,
)
from signing.pades.errors import UnsealableDocument
from signing.pades.revocation import RevocationSource
from signing.pades.tokens import TimeStamp, Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """A file one revision longer, and what the next would stand on."""

    pdf: bytes
    ground: Ground


class Archivist:
    """Adds validation data and document time-stamps.

    Args:
        time_stamp: asks the time-stamping authority.
        revocation: answers with data for the seal's and the time-stamp's paths.
    """

    def __init__(self, time_stamp: TimeStamp, revocation: RevocationSource) -> None:
        self._tokens, self._revocation = Tokens(time_stamp), revocation

    def renew(self, pdf: bytes, *, sealed_octets: int, at: datetime) -> bytes:
        """The file with today's validation data and a document time-stamp over all of it.

        The very same file where its newest time-stamp is so young that there is no newer data.

        Args:
            pdf: a sealed file of any level.
            sealed_octets: how long it was when it was signed.
            at: what the validation data must be fresh for.

        Raises:
            UnsealableDocument: not a file of ours, or it was renewed as often as a file may be.
            UnfitTimeStamp: the token is not about this file.
        """
        try:
            updates, ground = read_updates(pdf, read_ground(pdf, sealed_octets))
        except NotOurForm as error:
            raise UnsealableDocument(str(error)) from error
        if ground.time_stamps >= MAX_TIME_STAMPS:
            raise UnsealableDocument("renewed as often as a file may be")
        try:
            return self.archive(pdf, ground, at=at)
        except NothingNew:
            # Stored a moment ago: a time-stamp may follow a store, and nothing else.
            is_stored = bool(updates) and isinstance(updates[-1], Store)
            return self._time_stamped(Extended(pdf=pdf, ground=ground)) if is_stored else pdf

    def store(self, pdf: bytes, ground: Ground, *, at: datetime) -> Extended:
        """One step: the validation data of `at`, as far as the file lacks it."""
        data = self._revocation(at)
        written = encode_store(ground, certificates=data.certificates, ocsps=data.ocsps, crls=data.crls)
        return Extended(pdf=pdf + written.content, ground=written.ground)

    def archive(self, pdf: bytes, ground: Ground, *, at: datetime) -> bytes:
        """Both steps: store, then time-stamp everything."""
        stored = self.store(pdf, ground, at=at)
        return self._time_stamped(stored)

    def _time_stamped(self, file: Extended) -> bytes:
        reserved = self._tokens.octets
        written, (start, end) = encode_time_stamp(file.ground, b"0" * (2 * reserved))
        first = start - file.ground.length
        second = end - file.ground.length
        digest = file.ground.digest.copy()
        digest.update(written.content[:first])
        digest.update(written.content[second:])
        token = self._tokens.over(digest.digest())
        if len(token) > reserved:
            # The authority's tokens grew: `Tokens` knows by now; ask anew, once.
            return self._time_stamped(file)
        digits = token.hex().encode("ascii").ljust(2 * reserved, b"0")
        return b"".join((file.pdf, written.content[: first + 1], digits, written.content[second - 1 :]))
