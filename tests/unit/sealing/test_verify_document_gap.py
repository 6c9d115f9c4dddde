"""What stands behind the place of the signature makes no difference to the verdict."""

import re

import pytest
from sealing_office import Office

from verify.files import structure


def behind_the_gap(pdf: bytes) -> bytes:
    _, second, _ = re.findall(rb"/ByteRange \[0 (\d+) (\d+) (\d+)\]", pdf)[0]
    return pdf[int(second) :]


def test_the_place_of_the_signature_ends_its_object(office: Office) -> None:
    """So that no reader has white space to walk through behind it."""
    assert behind_the_gap(office.document()).startswith(b"\n>>\nendobj\n")


def test_the_short_way_and_the_long_way_give_one_report(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    pdf = office.document()
    short = office.judge(pdf)
    monkeypatch.setattr(structure, "_END_OF_OBJECT", b"nowhere in the file")

    assert office.judge(pdf) == short


def test_a_second_object_hidden_in_the_place_of_the_signature_is_refused(office: Office) -> None:
    pdf = bytearray(office.document())
    at = pdf.rindex(b"0>\n>>\nendobj\n")
    pdf[at - 20 : at] = b"\n>>\nendobj\n1 0 obj\n<<"[:20]

    assert office.judge(bytes(pdf)).verdict.exit_code == 1
