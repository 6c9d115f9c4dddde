"""The strict rule about the form of a sealed file.

A validator that follows the PDF specification accepts files that were changed after
signing (incremental saving, wrapping and shadow attacks); this rule accepts one form:

- at most `MAX_DOCUMENT_OCTETS`, beginning with `%PDF-1.7`, ending with `%%EOF`,
- the rendered revision, the sealing one, and behind it stores and document time-stamps in their
  order, octet by octet as we write them (`signing/formats/pdf_updates.py`), and nothing else,
- tables of objects written out, as ours are: one in a stream can name millions of objects in a few octets,
- the seal's byte range covers both of its revisions, a time-stamp's the whole file up to its own end,
  each but the signature's own hexadecimal digits,
- the seal certifies with DocMDP P=1, so that any other change is a violation,
- two parsers that see the same (`readers.py`), every object where the octets say that it is.

Any exception while reading, of whatever kind, is FORMAT_FAILURE.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from signing.formats.pdf_ground import read_ground
from signing.formats.pdf_tables import NotOurForm, find_table, read_table
from signing.formats.pdf_updates import DocumentTimeStamp, Store, Update, read_updates
from verify.errors import FormatFailure, NotVerified
from verify.files.readers import FileView, SignatureView, view_file

MAX_DOCUMENT_OCTETS = 8 * 1024 * 1024
MAX_CONTENTS_OCTETS = 64 * 1024
SEAL_SUB_FILTER = "/ETSI.CAdES.detached"
TIME_STAMP_SUB_FILTER = "/ETSI.RFC3161"  # EN 319 142-1 §5.5

_BYTE_RANGE = re.compile(rb"/ByteRange\s{0,8}\[0 (\d{1,10}) (\d{1,10}) (\d{1,10})\]")
# What may follow a seal: S a store, T a document time-stamp.
_ORDER = re.compile(r"(?:S(?:S?T(?:ST)*)?)?")
_HEXADECIMAL = re.compile(rb"<([0-9A-Fa-f]*)>")
_PREVIOUS = re.compile(rb"\n/Prev (\d{1,10})\n")
_DATE = re.compile(r"D:(\d{14})(?:Z|[+]00'00'?)")
# The type of a cross-reference stream, in every spelling a name has (ISO 32000-2 §7.3.5).
_TABLE_IN_A_STREAM = re.compile(rb"/(?:X|#58)(?:R|#52)(?:e|#65)(?:f|#66)")
_END_OF_OBJECT = b"\n>>\nendobj\n"
_CATALOG_MUST_LACK = frozenset({"/OpenAction", "/AA", "/Collection", "/NeedsRendering"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvidence:
    """What one revision stored."""

    order: int  # of its revision, counted from the seal's
    certificates: tuple[bytes, ...]
    ocsps: tuple[bytes, ...]
    crls: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StampedFile:
    """One document time-stamp and all that it covers."""

    order: int
    token: bytes  # DER
    covers: tuple[memoryview, memoryview]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """A file of the right form. What it says is not yet believed."""

    cms: bytes  # the signature's ContentInfo, DER
    signed_digest: bytes  # SHA-256 over the byte range
    claimed_at: datetime
    page_count: int
    links: tuple[str, ...]
    attachments: tuple[tuple[str, str, bytes], ...]
    stores: tuple[StoredEvidence, ...]  # oldest first
    time_stamps: tuple[StampedFile, ...]  # oldest first
    sealed_octets: int  # what the seal covers and its own gap


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gap:
    """What one byte range leaves out, `<` and `>` included."""

    start: int
    end: int
    covered: int  # where the byte range ends

    @staticmethod
    def of(update: DocumentTimeStamp) -> "_Gap":
        """The gap of a document time-stamp."""
        return _Gap(start=update.gap[0], end=update.gap[1], covered=update.end)

    @property
    def byte_range(self) -> tuple[int, int, int, int]:
        """As the signature dictionary must have it (ISO 32000-2 §12.8.1)."""
        return 0, self.start, self.end, self.covered - self.end


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
    seal = _seal_gap(pdf)
    if _TABLE_IN_A_STREAM.search(pdf):
        raise FormatFailure("a table of objects in a stream")
    updates, changes = _revisions(pdf, seal.covered)
    gaps = [seal, *(_Gap.of(each) for each in updates if isinstance(each, DocumentTimeStamp))]
    contents = [_contents(pdf, each) for each in gaps]
    view = view_file(_with_markers(pdf, gaps, contents))
    _check_form(view, updates, changes)
    for signature, gap, content in zip(view.signatures, gaps, contents, strict=True):
        _check_signature(signature, _marker(content), gap.byte_range, is_seal=gap is seal)
    whole = memoryview(pdf)
    digest = hashlib.sha256(whole[: seal.start])
    digest.update(whole[seal.end : seal.covered])
    return SealedFile(
        cms=_without_padding(contents[0]),
        signed_digest=digest.digest(),
        claimed_at=_date(view.signatures[0].claimed),
        page_count=view.page_count,
        links=view.links,
        attachments=view.attachments,
        stores=tuple(_stores(updates)),
        time_stamps=tuple(_time_stamps(whole, updates, contents[1:])),
        sealed_octets=seal.covered,
    )


def sealed_octets(pdf: bytes) -> int:
    """How long a file was when it was sealed, by its own word: enough to add to it, not to believe it.

    Raises:
        FormatFailure: it has no seal where ours is.
    """
    return _seal_gap(pdf).covered


def _seal_gap(pdf: bytes) -> _Gap:
    """What the oldest byte range leaves out; it ends where the sealing revision does."""
    found = _BYTE_RANGE.search(pdf)
    if found is None:
        raise FormatFailure("no byte range")
    first, second, length = (int(each) for each in found.groups())
    end = second + length
    if not 0 < first < second < end <= len(pdf):
        raise FormatFailure("the byte range is out of order")
    if len(_BYTE_RANGE.findall(pdf, 0, end)) != 1:
        raise FormatFailure("not exactly one byte range in what is sealed")
    return _Gap(start=first, end=second, covered=end)


def _revisions(pdf: bytes, end: int) -> tuple[tuple[Update, ...], list[frozenset[tuple[int, int]]]]:
    """What follows the seal; and of all revisions, the sealed ones first, where their objects stand."""
    try:
        updates, _ = read_updates(pdf, read_ground(pdf, end))
        changes = [*_sealed_changes(pdf, end), *(frozenset(each.offsets.items()) for each in updates)]
    except NotOurForm as error:
        raise FormatFailure(str(error)) from error
    return updates, changes


def _sealed_changes(pdf: bytes, end: int) -> tuple[frozenset[tuple[int, int]], ...]:
    """Where the objects of the rendered and of the sealing revision stand."""
    sealing = read_table(pdf, find_table(pdf, end))
    previous = _PREVIOUS.search(pdf, sealing.trailer, end)
    if previous is None:
        raise FormatFailure("the sealing revision stands on nothing")
    rendered = read_table(pdf, int(previous[1]))
    return frozenset(rendered.offsets.items()), frozenset(sealing.offsets.items())


def _stores(updates: tuple[Update, ...]) -> Iterator[StoredEvidence]:
    for order, update in enumerate(updates):
        if isinstance(update, Store):
            yield StoredEvidence(
                order=order, certificates=update.certificates, ocsps=update.ocsps, crls=update.crls
            )


def _time_stamps(
    whole: memoryview, updates: tuple[Update, ...], contents: Sequence[bytes]
) -> Iterator[StampedFile]:
    stamps = [(order, each) for order, each in enumerate(updates) if isinstance(each, DocumentTimeStamp)]
    for (order, update), content in zip(stamps, contents, strict=True):
        start, end = update.gap
        covers = (whole[:start], whole[end : update.end])
        yield StampedFile(order=order, token=_without_padding(content), covers=covers)


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


def _with_markers(pdf: bytes, gaps: Sequence[_Gap], contents: Sequence[bytes]) -> bytes:
    """The file with each signature's digits replaced by a digest of them and white space.

    The gaps were read above. A parser that then finds the digest as /Contents proves
    that the gap and the signature are the same place; and it is spared a walk over
    thousands of digits, which is half the time of reading a sealed file.

    Where the object ends directly behind the gap, as in the files we seal, it ends in front of the
    filling instead: the same tokens in the same order, and the parser need not walk there either.
    """
    marked = bytearray(pdf)
    for gap, content in zip(gaps, contents, strict=True):
        stand_in, filling = b"<" + _marker(content).hex().encode("ascii") + b">", b" "
        if pdf.startswith(_END_OF_OBJECT, gap.end):
            # Between two objects nothing is read; and no white space, or parsers would look behind it.
            stand_in, filling = stand_in + _END_OF_OBJECT, b"-"
        if len(stand_in) > gap.end - gap.start:
            raise FormatFailure("the signature is too short")
        marked[gap.start : gap.end] = stand_in.ljust(gap.end - gap.start, filling)
    return bytes(marked)


def _check_form(
    view: FileView, updates: tuple[Update, ...], changes: Sequence[frozenset[tuple[int, int]]]
) -> None:
    order = "".join("S" if isinstance(each, Store) else "T" for each in updates)
    if not _ORDER.fullmatch(order):
        raise FormatFailure("what follows the seal is out of order")
    # Both parsers found every object at one place (`readers.py`); here, that it is the place we read.
    if view.changes != tuple(changes):
        raise FormatFailure("objects are not where the file's own tables say")
    if len(view.signatures) != 1 + order.count("T") or view.other_fields:
        raise FormatFailure("other form fields than the seal and its time-stamps")
    stores = [each for each in updates if isinstance(each, Store)]
    stored = tuple(
        tuple(der for each in stores for der in getattr(each, name))
        for name in ("certificates", "ocsps", "crls")
    )
    if stored != (view.certificates, view.ocsps, view.crls):
        raise FormatFailure("the security store is not what was stored")
    if view.catalog & _CATALOG_MUST_LACK:
        raise FormatFailure("the document acts by itself")


def _check_signature(
    signature: SignatureView, marker: bytes, byte_range: tuple[int, ...], *, is_seal: bool
) -> None:
    if signature.contents != marker or signature.byte_range != byte_range:
        raise FormatFailure("a signature field is not where the byte range says")
    type_, sub_filter = ("/Sig", SEAL_SUB_FILTER) if is_seal else ("/DocTimeStamp", TIME_STAMP_SUB_FILTER)
    if (signature.type, signature.filter) != (type_, "/Adobe.PPKLite"):
        raise FormatFailure("not a signature dictionary")
    if signature.sub_filter != sub_filter:
        raise FormatFailure("not a PAdES signature")
    if is_seal and not (signature.certifies and signature.permission == 1):
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
