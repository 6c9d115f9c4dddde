"""`wathiqa-verify check`, which is what the command does by itself: judge documents and seal codes."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from verify.cli.benches import open_pool
from verify.cli.filed import Filed, Printed
from verify.cli.inputs import Inputs
from verify.cli.journal import Journal
from verify.cli.options import instant
from verify.cli.outputs import Explained, Lines, Output, People
from verify.cli.progress import Progress
from verify.cli.session import Session
from verify.errors import CouldNotRun
from verify.isolation.limits import MAX_DOCUMENT_OCTETS, MAX_SCAN_OCTETS
from verify.isolation.pool import processors
from verify.report.knowledge import Knowledge
from verify.report.words import Language

MANY = 10  # documents; from here on a line each says more than a page each


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What one run was asked."""

    names: tuple[str, ...]
    seals: tuple[str, ...]
    trust: str
    at: str
    memory: Path | None
    language: Language
    as_json: bool
    html: Path | None = None
    xml: Path | None = None  # a folder
    brief: bool | None = None  # None: as the number of documents suggests
    workers: int | None = None
    journal: Path | None = None
    explained: bool = False
    scanned: bool = False  # the names are of pictures


def answer(question: Question) -> int:
    """Judges; the exit status.

    Raises:
        CouldNotRun: it could not even begin.
    """
    if not question.names and not question.seals:
        raise CouldNotRun("name at least one FILE, or --seal TEXT")
    at = instant(question.at)
    inputs = Inputs(question.names, MAX_SCAN_OCTETS if question.scanned else MAX_DOCUMENT_OCTETS)
    total = _total(question, inputs)
    workers = question.workers or min(processors(), max(total, 1))
    with ExitStack() as open_:
        pool = open_.enter_context(open_pool(question.trust, at, memory=question.memory, workers=workers))
        journal = _journal(question, pool.knowledge)
        if journal is not None:
            open_.enter_context(journal)
        session = Session(
            pool,
            _outputs(question, total, pool.knowledge, open_),
            Progress(sys.stderr, total),
            journal=journal,
            memory=question.memory,
        )
        return session.run(inputs, question.seals, scanned=question.scanned)


def _total(question: Question, inputs: Inputs) -> int:
    return inputs.count() + len(question.seals)


def _journal(question: Question, knowledge: Knowledge | None) -> Journal | None:
    if question.journal is None:
        return None
    root = knowledge.root if knowledge else ""
    return Journal(question.journal, trust=question.trust, root=root, at=question.at or None)


def _outputs(
    question: Question, total: int, knowledge: Knowledge | None, open_: ExitStack
) -> Sequence[Output]:
    brief = question.brief if question.brief is not None else total >= MANY
    outputs: list[Output] = []
    if question.as_json:
        outputs.append(Lines())
    elif question.explained:
        outputs.append(Explained(language=question.language))
    else:
        outputs.append(People(language=question.language, brief=brief, knowledge=knowledge))
    if question.html is not None:
        printed = Printed(question.html, language=question.language, knowledge=knowledge)
        open_.callback(printed.close)
        outputs.append(printed)
    if question.xml is not None:
        outputs.append(Filed(question.xml))
    return outputs
