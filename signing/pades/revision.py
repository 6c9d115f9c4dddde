"""The revision that a signature adds to a rendered file.

Signature field and certification are written together, so that the signature covers the
whole file; behind it only the revisions of `signing/formats/pdf_updates.py` may follow, which
build on how pyHanko writes this one. What keeps the file PDF/A-3a and PDF/UA-1, found by
trial with conformance checkers:

- a line end between the rendered file and the revision,
- metadata and information dictionary stay untouched: pyHanko's rewrite of XMP loses
  the PDF/UA extension schema,
- the signature widget has no area and lies outside the crop box (inside it, it would
  need a Form structure element); the visible seal is part of the page,
- the page carries `/Tabs /S`, which Typst writes for a page with a link.
"""

import hashlib
from binascii import hexlify
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.extensions import DeveloperExtension, DevExtensionMultivalued
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import InvisSigSettings, MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest, SignatureObject

from signing.pades.errors import UnfitTimeStamp, UnsealableDocument

# Level 1 names security stores and document time-stamps, level 2 PAdES signatures too (ETSI TS 102 778-3
# §4.7, -4 annex A): one declaration, signed, that serves every level, so that no update need change it.
_ESIC = DeveloperExtension(
    prefix_name=pdf_name("/ESIC"),
    base_version=pdf_name("/1.7"),
    extension_level=2,
    compare_by_level=True,
    multivalued=DevExtensionMultivalued.NEVER,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRevision:
    """A file complete but for the CMS object; `digest` is SHA-256 over all the rest."""

    buffer: BytesIO
    digest: bytes
    start: int  # of the reserved region, at its `<`
    end: int  # behind its `>`

    def complete(self, cms: bytes) -> bytes:
        """The sealed file.

        Raises:
            UnfitTimeStamp: the object is larger than what was reserved.
        """
        encoded = hexlify(cms)
        if len(encoded) > self.end - self.start - 2:
            raise UnfitTimeStamp("the token is larger than the room reserved for it")
        with self.buffer.getbuffer() as whole:
            whole[self.start + 1 : self.start + 1 + len(encoded)] = encoded
        return self.buffer.getvalue()


class _RevisionWriter(IncrementalPdfFileWriter):
    """pyHanko's incremental writer, less what would break conformance or vary by chance."""

    def _update_meta(self) -> None:
        """Leaves XMP metadata and the information dictionary as rendered."""

    @classmethod
    def _handle_id(cls, prev: object) -> generic.ArrayObject:
        """ISO 32000-1 §14.4: the first half stays, the second changes with the content."""
        first, _ = prev.trailer["/ID"]  # type: ignore[attr-defined] # a PdfFileReader
        permanent = first.original_bytes
        changing = hashlib.sha256(prev.stream.getvalue()).digest()[:16]  # type: ignore[attr-defined]
        return generic.ArrayObject([generic.ByteStringObject(permanent), generic.ByteStringObject(changing)])


def prepare_revision(pdf: bytes, *, at: datetime, field_name: str, cms_octets: int) -> PreparedRevision:
    """Writes the sealing revision behind `pdf`, reserving `cms_octets` for the CMS object.

    Raises:
        UnsealableDocument: not a file as our renderer makes them, or sealed already.
    """
    try:
        writer = _open(pdf)
        _declare_extension(writer)
        return _write_signature(writer, at=at, field_name=field_name, cms_octets=cms_octets)
    except (PdfError, KeyError, ValueError, TypeError) as error:
        raise UnsealableDocument(f"{type(error).__name__}: {error}") from error


def _open(pdf: bytes) -> _RevisionWriter:
    ended = pdf if pdf.endswith(b"\n") else pdf + b"\n"
    writer = _RevisionWriter(BytesIO(ended))
    root = writer.root
    if any(name in root for name in ("/AcroForm", "/DSS", "/Perms")):
        raise UnsealableDocument("the file has a form, a security store or a certification already")
    if writer.prev.xrefs.total_revisions != 1:
        raise UnsealableDocument("the file has been changed since it was rendered")
    if writer.prev.encrypted:
        raise UnsealableDocument("the file is encrypted")
    return writer


def _declare_extension(writer: _RevisionWriter) -> None:
    writer.register_extension(_ESIC)
    writer.update_root()  # type: ignore[no-untyped-call] # pyHanko leaves it untyped


def _write_signature(
    writer: _RevisionWriter, *, at: datetime, field_name: str, cms_octets: int
) -> PreparedRevision:
    field = SigFieldSpec(
        sig_field_name=field_name, invis_sig_settings=InvisSigSettings(box_out_of_bounds=True)
    )
    steps = PdfCMSEmbedder(new_field_spec=field).write_cms(field_name, writer)
    next(steps)
    placeholder = SignatureObject(
        timestamp=at, subfilter=SigSeedSubFilter.PADES, bytes_reserved=2 * cms_octets
    )
    certify = SigMDPSetup(md_algorithm="sha256", certify=True, docmdp_perms=MDPPerm.NO_CHANGES)
    steps.send(SigObjSetup(sig_placeholder=placeholder, mdp_setup=certify))
    # Last in its dictionary, what is reserved ends the object: readers have nothing to find behind it.
    contents = pdf_name("/Contents")
    placeholder[contents] = placeholder.pop(contents)
    prepared: PreparedByteRangeDigest
    buffer: BytesIO
    prepared, buffer = steps.send(SigIOSetup(md_algorithm="sha256", in_place=True))
    return PreparedRevision(
        buffer=buffer,
        digest=prepared.document_digest,
        start=prepared.reserved_region_start,
        end=prepared.reserved_region_end,
    )
