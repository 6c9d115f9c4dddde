"""One run of `wathiqa-verify`: documents and symbols, judged in processes of their own, one after another."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from verify.cli.inputs import Inputs
from verify.cli.journal import Journal
from verify.cli.outputs import Output, Place, Tally, complain
from verify.cli.progress import Progress
from verify.errors import CouldNotRun
from verify.isolation.limits import MAX_SCAN_OCTETS
from verify.isolation.orders import Scanned
from verify.isolation.pool import JudgingPool
from verify.isolation.submissions import NotReadable, Submission, TooLarge
from verify.memory_file import MemoryUnreadable, save_memory
from verify.verdict import Verdict

COULD_NOT_RUN = 3
_SHOWN, _FEW = 80, 3  # characters of how many other symbols
# "Not genuine" must not hide behind "cannot be decided", nor either of them behind a missing file.
_GRAVITY = (COULD_NOT_RUN, 1, 2, 0)


class Session:
    """Hands each answer to the outputs as it comes, in the order of what was named."""

    def __init__(
        self,
        pool: JudgingPool,
        outputs: Sequence[Output],
        progress: Progress,
        *,
        journal: Journal | None = None,
        memory: Path | None = None,
    ) -> None:
        self._pool, self._outputs, self._progress = pool, outputs, progress
        self._journal, self._memory = journal, memory
        self._tally = Tally()

    def run(self, inputs: Inputs, seals: Iterable[str], *, scanned: bool = False) -> int:
        """Judges everything, `scanned` pages by their symbols; the exit status is the gravest answer's."""
        try:
            if scanned:
                self._judge_scans(inputs)
            else:
                self._judge_files(inputs)
            for text in seals:
                self._judge_seal(text)
        except KeyboardInterrupt as error:
            self._progress.clear()
            raise CouldNotRun(self._stopped()) from error
        finally:
            # However the run ends: lists that were seen are not forgotten.
            is_remembered = self._remember()
        for output in self._outputs:
            output.end(self._tally)
        return exit_status(self._tally, could_not_run=not is_remembered)

    def _judge_files(self, inputs: Inputs) -> None:
        for outcome in self._pool.judge_all(self._to_judge(inputs)):
            self._progress.clear()
            if outcome.report is None:
                self._unread(outcome.name, outcome.problem)
            else:
                self._tally.verdicts[outcome.report.verdict] += 1
                for output in self._outputs:
                    output.document(outcome.name, outcome.report)
                if self._journal is not None:
                    self._journal.write(outcome.submission, outcome.report.verdict)
            self._progress.advance()

    def _to_judge(self, inputs: Inputs) -> Iterator[Submission]:
        for each in inputs:
            verdict = self._journal.verdict_on(each) if self._journal is not None else None
            if verdict is None:
                yield each
            else:
                self._tally.verdicts[verdict] += 1
                self._tally.earlier += 1
                self._progress.advance(judged=False)

    def _judge_scans(self, inputs: Inputs) -> None:
        for each in inputs:
            try:
                found = self._pool.scan(each.read(MAX_SCAN_OCTETS)).result()
            except (NotReadable, CouldNotRun) as error:
                self._unread(each.name, str(error))
                continue
            except TooLarge:
                self._unread(each.name, "larger than any picture of a page")
                continue
            codes = [symbol for symbol in found.symbols if symbol.is_seal_code]
            if not codes:
                self._unread(each.name, _nothing_on(found))
            for symbol in codes:
                self._judge_seal(symbol.text, Place(each.name, symbol.page))
            self._progress.advance()

    def _judge_seal(self, text: str, where: Place | None = None) -> None:
        report = self._pool.judge_seal(text.strip()).result()
        self._tally.verdicts[report.verdict] += 1
        self._progress.clear()
        for output in self._outputs:
            output.seal(report, where)

    def _unread(self, name: str, reason: str) -> None:
        self._tally.unread += 1
        self._progress.clear()
        complain(f"{name}: {reason}")
        for output in self._outputs:
            output.unread(name)

    def _stopped(self) -> str:
        said = f"stopped after {self._tally.total:,} documents"
        return said if self._journal is None else f"{said}; the same command goes on from there"

    def _remember(self) -> bool:
        """Keeps what was seen; a run that cannot must not look as if it had."""
        if self._memory is None:
            return True
        try:
            save_memory(self._memory, self._pool.memory)
        except (MemoryUnreadable, OSError) as error:
            complain(f"--memory {self._memory}: {error}")
            return False
        return True


def _nothing_on(found: Scanned) -> str:
    """Why no symbol of a picture could be judged."""
    if found.refused is not None:
        return found.refused.en
    others = ", ".join(symbol.text[:_SHOWN] for symbol in found.symbols[:_FEW])
    said = "no seal code could be read on it"
    return f"{said}; its QR symbols say something else: {others}" if others else said


def exit_status(tally: Tally, *, could_not_run: bool = False) -> int:
    """That of the gravest answer."""
    codes = {verdict.exit_code for verdict in Verdict if tally.verdicts[verdict]}
    if could_not_run or tally.unread:
        codes.add(COULD_NOT_RUN)
    if not codes:
        raise CouldNotRun("there is nothing to judge")
    return next(code for code in _GRAVITY if code in codes)
