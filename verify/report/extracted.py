"""`extract`: the parts of one sealed file as files in a directory of their own.

What lies in such a directory was taken out of a file that anybody may have written. It is to be
believed only with the verdict, which is therefore put beside it. Records are about people: the
directory and what is in it can be read by whoever extracted them, and by nobody else.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from verify.errors import CouldNotRun
from verify.report.headline import headline_of
from verify.report.instants import moment
from verify.report.machines import report_as_json
from verify.report.part import Part
from verify.report.plain import plain
from verify.verdict import ValidationReport

REPORT_FILE = "report.json"
NOTE_FILE = "READ-ME.txt"
_ONLY_OURS = 0o700
_NOTE = """\
{shape} {ar}
{shape} {en}

{meaning_ar}
{meaning_en}

الملف: {name}
File: {name}
{at_ar}
{at_en}

استُخرجت هذه الأجزاء من الملف كما هي، ولا يُعتد بأي منها إلا مع هذا الحكم.
These parts were taken out of the file as they are. None of them is to be believed without this verdict.
الحكم وأسبابه في report.json.
The verdict and its reasons are in report.json.
"""


def extract(name: str, parts: Sequence[Part], report: ValidationReport, directory: Path) -> tuple[Path, ...]:
    """Writes the parts of a file, the report on it and a note into `directory`; the paths written.

    The directory is made where there is none.

    Raises:
        CouldNotRun: the directory is not empty, or cannot be written; or a part has no name of ours.
    """
    if not all(part.is_named_by_us for part in parts):
        raise CouldNotRun(f"{name}: who took it apart was deceived by it")
    try:
        _make_room(directory)
        return tuple(_write(directory, each) for each in (*parts, *_beside(name, report)))
    except OSError as error:
        raise CouldNotRun(f"{directory}: {error.strerror or error}") from error


def _make_room(directory: Path) -> None:
    directory.mkdir(mode=_ONLY_OURS, exist_ok=True)
    if any(directory.iterdir()):
        raise CouldNotRun(f"{directory}: is not empty; nothing is overwritten")


def _write(directory: Path, part: Part) -> Path:
    """Anew: neither over a file nor through a link."""
    path = directory.joinpath(*part.name.split("/"))
    path.parent.mkdir(mode=_ONLY_OURS, exist_ok=True)
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as stream:
        stream.write(part.content)
    return path


def _beside(name: str, report: ValidationReport) -> tuple[Part, Part]:
    """The verdict, for machines and for people."""
    headline, at = headline_of(report), moment(report.at)
    note = _NOTE.format(
        shape=headline.shape,
        ar=headline.words.ar,
        en=headline.words.en,
        meaning_ar=headline.meaning.ar,
        meaning_en=headline.meaning.en,
        name=plain(name),
        at_ar=at.ar,
        at_en=at.en,
    )
    written = json.dumps(report_as_json(plain(name), report), ensure_ascii=False, indent=2) + "\n"
    return (
        Part(name=REPORT_FILE, content=written.encode("utf-8", "backslashreplace")),
        Part(name=NOTE_FILE, content=note.encode("utf-8")),
    )
