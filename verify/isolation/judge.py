"""The judging process: loads its trust once, then answers order after order on two pipes.

    head     encoded `Beginning`          →   `Ready`
    head     encoded `Order`, body a file →   `Answered`, body a report

Started by `process.py` as a program of its own. It ends when its input ends, and dies
rather than answer when a file exhausts it.
"""

import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO

from verify.bundle.opening import open_trust
from verify.isolation.frames import BrokenFrame, read_frame, write_frame
from verify.isolation.limits import MAX_SCAN_OCTETS
from verify.isolation.orders import (
    KEPT_BACK,
    Answered,
    Beginning,
    Order,
    Ready,
    Scanned,
    Symbol,
    TakenApart,
    Task,
)
from verify.isolation.plain import encode_plain, parse_plain
from verify.isolation.restraint import allow_processor_time, has_swollen, restrain
from verify.memory import encode_memory, parse_memory
from verify.report.knowledge import knowledge_of
from verify.seal import validate_seal_code
from verify.trust import Trust, TrustError

if TYPE_CHECKING:
    from verify.documents import DocumentJudge

_MAX_ORDER_OCTETS = MAX_SCAN_OCTETS + (1 << 20)
_EXHAUSTED = 3
_OBJECTS_BETWEEN_COLLECTIONS = 10_000  # some ten collections a file, and 4 MB more


class Bench:
    """One judge with its trust."""

    def __init__(self, trust: Trust, address_space_octets: int) -> None:
        self._trust, self._address_space_octets = trust, address_space_octets
        self._tasks: dict[Task, Callable[[bytes, datetime], bytes]] = {
            Task.DOCUMENT: self._document,
            Task.SEAL: self._seal,
            Task.PARTS: self._parts,
            Task.SCAN: self._scan,
        }

    def serve(self, orders: BinaryIO, answers: BinaryIO) -> None:
        """Answer until the input ends, or until a file took so much that the next may lack it."""
        while not has_swollen(self._address_space_octets):
            head, body = read_frame(orders, max_octets=_MAX_ORDER_OCTETS)
            order = parse_plain(Order, head)
            allow_processor_time(order.processor_milliseconds / 1000)
            report = self._tasks[order.task](body, order.at)
            answered = Answered(memory=encode_memory(self._trust.remember()))
            write_frame(answers, encode_plain(answered), report)

    @cached_property
    def _judge(self) -> "DocumentJudge":
        # Two PDF parsers come with it; for a seal code nobody needs them.
        from verify.documents import DocumentJudge  # noqa: PLC0415 - see above

        judge = DocumentJudge(self._trust)
        # What is here by now stays; to look through it again and again for garbage takes a file's time.
        gc.freeze()
        gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
        return judge

    def _document(self, body: bytes, at: datetime) -> bytes:
        return encode_plain(self._judge.validate(body, at=at))

    def _parts(self, body: bytes, at: datetime) -> bytes:
        from verify.report.parts import NotOfOurForm, parts_of  # noqa: PLC0415 - as above

        del at
        try:
            return encode_plain(TakenApart(parts=parts_of(body)))
        except NotOfOurForm:
            return encode_plain(TakenApart(parts=None))

    def _scan(self, body: bytes, at: datetime) -> bytes:
        from verify.paper.scan import ScanRefused, SymbolKind, scan  # noqa: PLC0415 - as above

        del at
        try:
            found = scan(body, verify_origin=self._trust.trust_list.verify_origin)
        except ScanRefused as error:
            return encode_plain(Scanned(refused=error.words))
        symbols = (
            Symbol(text=each.text, page=each.page, is_seal_code=each.kind is not SymbolKind.OTHER)
            for each in found
        )
        return encode_plain(Scanned(symbols=tuple(symbols)))

    def _seal(self, body: bytes, at: datetime) -> bytes:
        report = validate_seal_code(body.decode("utf-8", "replace"), trust=self._trust, at=at)
        return encode_plain(report, without=KEPT_BACK)


def main() -> None:
    """Serve until the input ends."""
    orders, answers = _own_pipes()
    try:
        head, _ = read_frame(orders, max_octets=_MAX_ORDER_OCTETS)
        bench = _begin(parse_plain(Beginning, head), answers)
        if bench is not None:
            bench.serve(orders, answers)
    except (BrokenFrame, BrokenPipeError):
        return
    except MemoryError:
        os._exit(_EXHAUSTED)


def _begin(beginning: Beginning, answers: BinaryIO) -> Bench | None:
    try:
        trust = open_trust(beginning.trust, at=beginning.at, memory=parse_memory(beginning.memory))
    except (TrustError, OSError, ValueError) as error:
        write_frame(answers, encode_plain(Ready(problem=str(error))))
        return None
    restrain(beginning.address_space_octets)
    write_frame(answers, encode_plain(Ready(knowledge=knowledge_of(trust))))
    return Bench(trust, beginning.address_space_octets)


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes, where nothing that a library prints can come between the messages."""
    orders, answers = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    with suppress(AttributeError, ValueError):
        sys.stdin.close()
    return os.fdopen(orders, "rb"), os.fdopen(answers, "wb")
