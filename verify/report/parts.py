"""The parts of a sealed file, each as a file that other makers' tools read.

Names are ours alone: whatever the document calls its parts, nothing of it becomes a path. Read without
belief: a forged file is taken apart like a genuine one, as long as it is of the one accepted form.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator

from asn1crypto import cms

from verify.agreement import RECORD_NAME
from verify.errors import NotVerified
from verify.files.structure import SealedFile, read_sealed_file
from verify.report.part import Part
from verify.verdict import Words

_BYTE_RANGE = re.compile(rb"/ByteRange\s{0,8}\[0 (\d{1,10}) (\d{1,10}) (\d{1,10})\]")


class NotOfOurForm(Exception):
    """The file is not of the one accepted form, so it cannot be said what its parts are."""

    words = Words(
        ar="لا يمكن تفكيك هذا الملف: ليس بالصيغة الوحيدة التي تصدر بها الوثائق.",
        en="This file cannot be taken apart: it is not in the one form in which documents are issued.",
    )

    def __init__(self) -> None:
        super().__init__(self.words.en)


def parts_of(pdf: bytes) -> tuple[Part, ...]:
    """The parts of `pdf`, in the order of their names' meaning.

    Raises:
        NotOfOurForm: it is not one of ours in its form.
    """
    try:
        file = read_sealed_file(pdf)
        return tuple(_parts(pdf, file))
    except NotVerified as error:
        raise NotOfOurForm from error
    except (ValueError, TypeError, KeyError, IndexError) as error:
        # asn1crypto parses as late as a member is asked for; a seal may be DER and still no CMS.
        raise NotOfOurForm from error


def _parts(pdf: bytes, file: SealedFile) -> Iterator[Part]:
    yield from _attachments(file)
    yield Part(name="sealed.pdf", content=pdf[: file.sealed_octets])
    yield Part(name="seal.p7s", content=file.cms)
    yield Part(name="seal-content.bin", content=_covered(pdf, file))
    signed = cms.ContentInfo.load(file.cms, strict=True)["content"]
    signer = signed["signer_infos"][0]
    yield Part(name="seal-signature.bin", content=signer["signature"].native)
    yield from _numbered("time-stamps/seal", "tst", _tokens(signer))
    yield from _numbered("time-stamps/document", "tst", (each.token for each in file.time_stamps))
    yield from _certificates(signed, file)
    yield from _numbered("revocation/list", "crl", _once(der for each in file.stores for der in each.crls))
    yield from _numbered("revocation/answer", "ors", _once(der for each in file.stores for der in each.ocsps))


def _attachments(file: SealedFile) -> Iterator[Part]:
    """The record; other attachments, which ours never have, by their place."""
    contents = [content for _, _, content in file.attachments]
    if [name for name, _, _ in file.attachments] == [RECORD_NAME]:
        yield Part(name=RECORD_NAME, content=contents[0])
    else:
        yield from _numbered("attachments/attachment", "bin", contents)


def _covered(pdf: bytes, file: SealedFile) -> bytes:
    """All that the seal covers; that it is exactly this, its digest shows."""
    found = _BYTE_RANGE.search(pdf)
    if found is not None:
        first, second, length = (int(each) for each in found.groups())
        content = pdf[:first] + pdf[second : second + length]
        if hashlib.sha256(content).digest() == file.signed_digest:
            return content
    raise NotOfOurForm


def _tokens(signer: cms.SignerInfo) -> Iterator[bytes]:
    for attribute in signer["unsigned_attrs"]:
        if attribute["type"].native == "signature_time_stamp_token":
            for token in attribute["values"]:
                yield token.dump()


def _certificates(signed: cms.SignedData, file: SealedFile) -> Iterator[Part]:
    """Those in the seal, its signer's first as they stand, then those that were stored."""
    inside = [each.dump() for each in signed["certificates"]]
    stored = [der for each in file.stores for der in each.certificates]
    for number, der in enumerate(_once([*inside, *stored]), 1):
        digest = hashlib.sha256(der).hexdigest()[:16]
        yield Part(name=f"certificates/{number:02}-{digest}.cer", content=der)


def _numbered(name: str, suffix: str, contents: Iterable[bytes]) -> Iterator[Part]:
    for number, content in enumerate(contents, 1):
        yield Part(name=f"{name}-{number}.{suffix}", content=content)


def _once(contents: Iterable[bytes]) -> list[bytes]:
    return list(dict.fromkeys(contents))
