"""The strict rule about the form of a sealed file.

A validator that follows the PDF specification accepts files that were changed after
signing (incremental saving, wrapping and shadow attacks); this rule accepts one form:

- at most `MAX_DOCUMENT_OCTETS`, beginning with `%PDF-1.7`, ending with `%%EOF`,
- exactly two revisions, the rendered one and the sealing one, and one signature,
- tables of objects written out, as ours are: one in a stream can name millions of objects in a few octets,
- a byte range that covers the whole file but the signature's own hexadecimal digits,
- the signature certifies with DocMDP P=1, so that any later change is a violation,
- two parsers that see the same (`readers.py`).

Any exception while reading, of whatever kind, is FORMAT_FAILURE.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from verify.errors import FormatFailure, LaterTimeStamp, NotVerified
from verify.readers import FileView, SignatureView, view_file

MAX_DOCUMENT_OCTETS = 8 * 1024 * 1024
MAX_CONTENTS_OCTETS = 64 * 1024
SEALED_REVISIONS = 2
SEAL_SUB_FILTER = "/ETSI.CAdES.detached"
TIME_STAMP_SUB_FILTER = b"/ETSI.RFC3161"  # EN 319 142-1 §5.5, document time-stamps

_BYTE_RANGE = re.compile(rb"/ByteRange\s{0,8}\[0 (\d{1,10}) (\d{1,10}) (\d{1,10})\]")
_HEXADECIMAL = re.compile(rb"<([0-9A-Fa-f]*)>")
_DATE = re.compile(r"D:(\d{14})(?:Z|[+]00'00'?)")
# The type of a cross-reference stream, in every spelling a name has (ISO 32000-2 §7.3.5).
_TABLE_IN_A_STREAM = re.compile(rb"/(?:X|#58)(?:R|#52)(?:e|#65)(?:f|#66)")
_END_OF_OBJECT = b"\n>>\nendobj\n"
_CATALOG_MUST_LACK = frozenset({"/OpenAction", "/AA", "/Collection", "/NeedsRendering"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """A file of the right form. What it says is not yet believed."""

    cms: bytes  # the signature's ContentInfo, DER
    signed_digest: bytes  # SHA-256 over the byte range
    claimed_at: datetime
    page_count: int
    links: tuple[str, ...]
    attachments: tuple[tuple[str, str, bytes], ...]
    certificates: tuple[bytes, ...]
    ocsps: tuple[bytes, ...]
    crls: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gap:
    """What the byte range leaves out, `<` and `>` included."""

    start: int
    end: int


def read_sealed_file(pdf: bytes) -> SealedFile:
    """Bytes to a sealed file of the one accepted form.

    Raises:
        FormatFailure: for anything else, whatever a parser thought of it.
    """
    try:
        return _read(pdf)
    except NotVerified:
        raise
    except RecursionError as error:
        raise FormatFailure("nested too deeply") from error
    except Exception as error:
        raise FormatFailure(f"unreadable: {type(error).__name__}") from error


def _read(pdf: bytes) -> SealedFile:
    if len(pdf) > MAX_DOCUMENT_OCTETS:
        raise FormatFailure(f"larger than {MAX_DOCUMENT_OCTETS} octets")
    if not pdf.startswith(b"%PDF-1.7\n") or not pdf.endswith((b"%%EOF\n", b"%%EOF")):
        raise FormatFailure("does not begin or end as a document of ours")
    gap = _only_gap(pdf)
    if _TABLE_IN_A_STREAM.search(pdf):
        raise FormatFailure("a table of objects in a stream")
    contents = _contents(pdf, gap)
    view = view_file(_with_marker(pdf, gap, contents))
    _check_form(view, _marker(contents), (0, gap.start, gap.end, len(pdf) - gap.end))
    digest = hashlib.sha256(memoryview(pdf)[: gap.start])
    digest.update(memoryview(pdf)[gap.end :])
    return SealedFile(
        cms=_without_padding(contents),
        signed_digest=digest.digest(),
        claimed_at=_date(view.signatures[0].claimed),
        page_count=view.page_count,
        links=view.links,
        attachments=view.attachments,
        certificates=view.certificates,
        ocsps=view.ocsps,
        crls=view.crls,
    )


def _only_gap(pdf: bytes) -> _Gap:
    found = _BYTE_RANGE.findall(pdf)
    if len(found) != 1:
        raise _addition(pdf, "not exactly one byte range")
    first, second, length = (int(each) for each in found[0])
    if second + length != len(pdf):
        raise _addition(pdf, "the signature does not cover the whole file")
    if not 0 < first < second < len(pdf):
        raise FormatFailure("the byte range is out of order")
    return _Gap(start=first, end=second)


def _addition(pdf: bytes, rule: str) -> FormatFailure:
    """Refused in any case; an archive copy only hears why in other words."""
    return LaterTimeStamp(rule) if TIME_STAMP_SUB_FILTER in pdf else FormatFailure(rule)


def _contents(pdf: bytes, gap: _Gap) -> bytes:
    """Strict: digits and nothing else, so that no content hides where nothing is signed."""
    if gap.end - gap.start > 2 * MAX_CONTENTS_OCTETS:
        raise FormatFailure("more is left unsigned than a signature needs")
    digits = _HEXADECIMAL.fullmatch(pdf, gap.start, gap.end)
    if digits is None:
        raise FormatFailure("what the byte range leaves out is not one hexadecimal string")
    return bytes.fromhex(digits[1].decode("ascii"))


def _marker(contents: bytes) -> bytes:
    return hashlib.sha256(contents).digest()


def _with_marker(pdf: bytes, gap: _Gap, contents: bytes) -> bytes:
    """The file with the signature's digits replaced by a digest of them and white space.

    The gap was read above. A parser that then finds the digest as /Contents proves
    that the gap and the signature are the same place; and it is spared a walk over
    thousands of digits, which is half the time of reading a sealed file.

    Where the object ends directly behind the gap, as in the files we seal, it ends in front of the
    filling instead: the same tokens in the same order, and the parser need not walk there either.
    """
    stand_in, filling = b"<" + _marker(contents).hex().encode("ascii") + b">", b" "
    if pdf.startswith(_END_OF_OBJECT, gap.end):
        # Between two objects nothing is read; and no white space, or parsers would look behind it.
        stand_in, filling = stand_in + _END_OF_OBJECT, b"-"
    if len(stand_in) > gap.end - gap.start:
        raise FormatFailure("the signature is too short")
    return b"".join((pdf[: gap.start], stand_in.ljust(gap.end - gap.start, filling), pdf[gap.end :]))


def _check_form(view: FileView, marker: bytes, byte_range: tuple[int, ...]) -> None:
    if view.revisions != SEALED_REVISIONS:
        raise FormatFailure(f"{view.revisions} revisions")
    if len(view.signatures) != 1 or view.other_fields:
        raise FormatFailure("not exactly one form field, the seal")
    if view.catalog & _CATALOG_MUST_LACK:
        raise FormatFailure("the document acts by itself")
    _check_signature(view.signatures[0], marker, byte_range)


def _check_signature(signature: SignatureView, marker: bytes, byte_range: tuple[int, ...]) -> None:
    if signature.contents != marker or signature.byte_range != byte_range:
        raise FormatFailure("the signature field is not where the byte range says")
    if (signature.type, signature.filter) != ("/Sig", "/Adobe.PPKLite"):
        raise FormatFailure("not a signature dictionary")
    if signature.sub_filter != SEAL_SUB_FILTER:
        raise FormatFailure("not a PAdES signature")
    if not signature.certifies or signature.permission != 1:
        raise FormatFailure("the seal does not certify the document against every change")


def _date(text: str) -> datetime:
    matched = _DATE.fullmatch(text)
    if matched is None:
        raise FormatFailure("no claimed signing time in UTC")
    return datetime.strptime(matched[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _without_padding(contents: bytes) -> bytes:
    """The DER object at the start; behind it only zeros may stand (ISO 32000-2 §12.8.1)."""
    if len(contents) < 4 or contents[0] != 0x30 or contents[1] not in (0x81, 0x82):  # noqa: PLR2004 - X.690 §8.1.3
        raise FormatFailure("the signature is not a DER sequence")
    octets = contents[1] & 0x7F
    end = 2 + octets + int.from_bytes(contents[2 : 2 + octets], "big")
    if end > len(contents) or contents[end:].strip(b"\0"):
        raise FormatFailure("something stands behind the signature")
    return contents[:end]
