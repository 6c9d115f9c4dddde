"""The ends of revisions and their written tables of objects (ISO 32000-2 §7.5.4, §7.5.5), read by position.

Reads what our own writers write, and nothing else: rows of twenty octets, generation zero, no
streams. So an offset found here is an offset in the file's own octets, before any parser of PDF
has had its say. Pure and bounded: every length is that of the file or smaller.
"""

import re
from dataclasses import dataclass

MAX_OBJECTS = 100_000

_ROW_OCTETS = 20
_END = re.compile(rb"startxref\n(\d{1,10})\n%%EOF\n?")
_SECTION = re.compile(rb"(\d{1,10}) (\d{1,10})\n")
_ROW = re.compile(rb"(\d{10}) (\d{5}) ([fn])(?: \n|\r\n)")
_END_OCTETS = 40  # what `_END` takes at most


class NotOurForm(ValueError):
    """The octets are not as our own writers write them; the message is the rule that is broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of objects."""

    start: int  # of its keyword
    offsets: dict[int, int]  # object number → where it stands; free entries left out
    trailer: int  # where the keyword `trailer` stands


def find_table(pdf: bytes, end: int) -> int:
    """Where the table of the revision that ends at `end` begins.

    Raises:
        NotOurForm: nothing ends there.
    """
    from_ = pdf.rfind(b"startxref\n", max(0, end - _END_OCTETS), end)
    matched = _END.fullmatch(pdf, from_, end) if from_ >= 0 else None
    if matched is None:
        raise NotOurForm("a revision does not end as ours do")
    return int(matched[1])


def read_table(pdf: bytes, start: int) -> Table:
    """The table of objects at `start`.

    Raises:
        NotOurForm: there is none, or not one of ours.
    """
    if pdf[start : start + 5] != b"xref\n":
        raise NotOurForm("no table of objects where one should be")
    offsets: dict[int, int] = {}
    position = start + 5
    while (section := _SECTION.match(pdf, position)) is not None:
        first, count = int(section[1]), int(section[2])
        if first + count > MAX_OBJECTS:
            raise NotOurForm("too many objects")
        position = section.end() + count * _ROW_OCTETS
        for number in range(first, first + count):
            row = _ROW.fullmatch(
                pdf,
                section.end() + (number - first) * _ROW_OCTETS,
                section.end() + (number - first + 1) * _ROW_OCTETS,
            )
            if row is None or number in offsets:
                raise NotOurForm("a row of the table of objects is not one of ours")
            if row[3] == b"n":
                if row[2] != b"00000":
                    raise NotOurForm("a generation")
                offsets[number] = int(row[1])
    if pdf[position : position + 8] != b"trailer\n":
        raise NotOurForm("no trailer behind a table of objects")
    return Table(start=start, offsets=offsets, trailer=position)


def written_table(offsets: dict[int, int]) -> bytes:
    """The table of these objects, in ascending order; entry zero, which is always free, first."""
    parts = [b"xref\n0 1\n0000000000 65535 f \n"]
    numbers = sorted(offsets)
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    for run in runs:
        parts.append(b"%d %d\n" % (run[0], len(run)))
        parts += [b"%010d 00000 n \n" % offsets[number] for number in run]
    return b"".join(parts)
