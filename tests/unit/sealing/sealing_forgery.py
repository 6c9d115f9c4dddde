"""Takes sealed files apart and puts them together again, as a forger would."""

from asn1crypto import cms


def gap(pdf: bytes) -> tuple[int, int]:
    start = pdf.index(b"/Contents <") + len(b"/Contents ")
    return start, pdf.index(b">", start) + 1


def with_cms(pdf: bytes, content: bytes) -> bytes:
    start, end = gap(pdf)
    digits = content.hex().encode().ljust(end - start - 2, b"0")
    return pdf[: start + 1] + digits + pdf[end - 1 :]


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
