"""Takes sealed files apart and puts them together again, as a forger would."""

from collections.abc import Iterable

from asn1crypto import cms

from signing.formats.pdf_ground import read_ground
from signing.formats.pdf_updates import (
    DocumentTimeStamp,
    Store,
    Update,
    encode_store,
    encode_time_stamp,
    read_updates,
)
from verify.files.structure import sealed_octets


def gap(pdf: bytes) -> tuple[int, int]:
    start = pdf.index(b"/Contents <") + len(b"/Contents ")
    return start, pdf.index(b">", start) + 1


def with_cms(pdf: bytes, content: bytes) -> bytes:
    """The file with another signature object, and what follows the seal written anew behind it."""
    start, end = gap(pdf)
    digits = content.hex().encode().ljust(end - start - 2, b"0")
    sealed, updates = taken_apart(pdf)
    return followed_by(sealed[: start + 1] + digits + sealed[end - 1 :], updates)


def taken_apart(pdf: bytes) -> tuple[bytes, tuple[Update, ...]]:
    """The two sealed revisions, and what stands in those behind."""
    end = sealed_octets(pdf)
    return pdf[:end], read_updates(pdf, read_ground(pdf, end))[0]


def followed_by(sealed: bytes, updates: Iterable[Update]) -> bytes:
    """Other revisions behind a seal, each well written; a time-stamp keeps its token, right or wrong."""
    ground = read_ground(sealed, len(sealed))
    for update in updates:
        match update:
            case Store(certificates=certificates, ocsps=ocsps, crls=crls):
                written = encode_store(ground, certificates=certificates, ocsps=ocsps, crls=crls)
            case DocumentTimeStamp(digits=digits):
                written, _ = encode_time_stamp(ground, digits)
        sealed, ground = sealed + written.content, written.ground
    return sealed


def cms_of(pdf: bytes) -> cms.ContentInfo:
    start, end = gap(pdf)
    return cms.ContentInfo.load(bytes.fromhex(pdf[start + 1 : end - 1].decode()))


def with_time_stamp(pdf: bytes, unsigned: cms.CMSAttributes | None) -> bytes:
    """The same seal with other unsigned attributes, or none."""
    signed = cms_of(pdf)["content"]
    signer = signed["signer_infos"][0]
    parts = {name: signer[name] for name in signer if name != "unsigned_attrs"}
    if unsigned is not None:
        parts["unsigned_attrs"] = unsigned
    signed["signer_infos"] = [cms.SignerInfo(parts)]
    info = cms.ContentInfo({"content_type": "signed_data", "content": signed})
    return with_cms(pdf, info.dump())


def without_time_stamp(pdf: bytes) -> bytes:
    """The time-stamp stripped off, which the signature does not notice."""
    return with_time_stamp(pdf, None)
