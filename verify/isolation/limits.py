"""What one file may cost before its judge is stopped."""

from dataclasses import dataclass

MAX_DOCUMENT_OCTETS = (
    8 * 1024 * 1024
)  # the strict form's own bound (`verify.files.structure`), here without its parsers
MAX_SCAN_OCTETS = 32 * 1024 * 1024  # of a picture (`verify.paper.scan`), likewise


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one judging process; the defaults are many times what the largest document of ours takes."""

    document_octets: int = MAX_DOCUMENT_OCTETS  # of a file; what is larger is not read
    processor_seconds: float = 20  # for one file
    wall_seconds: float = 60  # for one file, from handing it over to the whole answer
    starting_seconds: float = 60  # until a new process has loaded what it trusts, perhaps over a network
    address_space_octets: int = 1 << 30  # a judge at work has reserved a third of it
    # On its way back: a report has some thousand octets, a file that was taken apart three times its own.
    answer_octets: int = 4 * MAX_DOCUMENT_OCTETS
    files_per_process: int = 1000  # then a new one takes its place
    seconds_per_process: float | None = None  # as above; a server sets it, so that newer lists are read
