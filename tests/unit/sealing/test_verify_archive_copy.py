"""Archive copies (PAdES-B-LTA) are refused, and the refusal says what they are."""

from io import BytesIO

import pytest
from asn1crypto import cms
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper
from sealing_office import Office
from sealing_pki import NOW, token

from verify.verdict import SubIndication, ValidationReport, Verdict


class Stamps(TimeStamper):
    """The office's own time-stamping authority."""

    def __init__(self, office: Office) -> None:
        super().__init__()
        self._office = office

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        assert md_algorithm == "sha256"
        return cms.ContentInfo.load(token(self._office.authority, message_digest, NOW))


def archived(pdf: bytes, office: Office) -> bytes:
    """The document with a document time-stamp over all of it, as an archive adds it (EN 319 142-1 §5.5)."""
    writer, output = IncrementalPdfFileWriter(BytesIO(pdf)), BytesIO()
    PdfTimeStamper(Stamps(office)).timestamp_pdf(writer, "sha256", output=output)
    return output.getvalue()


def why(report: ValidationReport) -> str:
    (check,) = report.checks
    assert (check.code, check.outcome) == ("structure", "failed")
    assert ("أرشيف" in check.words.ar) == ("archive" in check.words.en)
    return check.words.en


def test_archive_copy_is_refused_for_what_it_is(sealed: bytes, sealed_by: Office) -> None:
    report = sealed_by.judge(archived(sealed, sealed_by))

    assert report.verdict is Verdict.NOT_GENUINE
    assert report.sub_indication is SubIndication.FORMAT_FAILURE
    assert "archive" in why(report)
    assert "as it was issued" in why(report)


def test_archive_copy_as_another_maker_spells_it(sealed: bytes, sealed_by: Office) -> None:
    spaced = archived(sealed, sealed_by)
    at = spaced.rindex(b"/ByteRange [")
    spaced = spaced[:at] + b"/ByteRange[ " + spaced[at + len(b"/ByteRange [") :]

    assert "archive" in why(sealed_by.judge(spaced))


@pytest.mark.parametrize("tail", [b" ", b"\n%%EOF\n"])
def test_other_additions_are_not_taken_for_archiving(sealed: bytes, sealed_by: Office, tail: bytes) -> None:
    assert "archive" not in why(sealed_by.judge(sealed + tail))
