"""`wathiqa-verify extract`: the parts of one file, with the verdict beside them."""

from datetime import datetime
from pathlib import Path

from verify.cli.benches import open_pool
from verify.errors import CouldNotRun
from verify.isolation.limits import MAX_DOCUMENT_OCTETS
from verify.isolation.submissions import NotReadable, Submission, TooLarge
from verify.verdict import Verdict


def take_apart(
    file: Path, directory: Path, *, trust: str, at: datetime, memory: Path | None
) -> tuple[Verdict, tuple[Path, ...]]:
    """Judges the file and writes its parts; what was found and what was written.

    Raises:
        CouldNotRun: the file cannot be read, is not of our form, or its parts cannot be written.
    """
    from verify.report.extracted import extract

    name = str(file)
    try:
        pdf = Submission(name=name, content=file).read(MAX_DOCUMENT_OCTETS)
    except NotReadable as error:
        raise CouldNotRun(f"{name}: {error.reason}") from error
    except TooLarge as error:
        raise CouldNotRun(f"{name}: larger than any document") from error
    with open_pool(trust, at, memory=memory, workers=1) as pool:
        report = pool.judge(name, pdf).result()
        parts = pool.take_apart(pdf).result()
    if parts is None:
        raise CouldNotRun(f"{name}: it is not in the one form in which documents are issued")
    return report.verdict, extract(name, parts, report, directory)
