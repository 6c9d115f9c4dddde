"""The judging process: loads its trust once, then answers order after order on two pipes.

    head     encoded `Beginning`          →   `Ready`
    head     encoded `Order`, body a file →   `Ready`, body a report

Started by `process.py` as a program of its own. It ends when its input ends, and dies
rather than answer when a file exhausts it.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import BinaryIO

from verify.documents import DocumentJudge
from verify.isolation.frames import BrokenFrame, read_frame, write_frame
from verify.isolation.limits import MAX_DOCUMENT_OCTETS
from verify.isolation.orders import Beginning, Order, Ready, Task
from verify.isolation.plain import encode_plain, parse_plain
from verify.isolation.restraint import allow_processor_time, restrain
from verify.memory import encode_memory, parse_memory
from verify.seal import validate_seal_code
from verify.trust import Trust, TrustError, load_trust

_MAX_ORDER_OCTETS = MAX_DOCUMENT_OCTETS + (1 << 20)
_EXHAUSTED = 3


class Bench:
    """One judge with its trust."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._judge = DocumentJudge(trust)
        self._tasks: dict[Task, Callable[[bytes, datetime], object]] = {
            Task.DOCUMENT: self._document,
            Task.SEAL: self._seal,
        }

    @property
    def memory(self) -> str:
        """What of the published lists was seen so far."""
        return encode_memory(self._trust.remember())

    def answer(self, order: Order, body: bytes) -> object:
        """The report that the order asks for."""
        return self._tasks[order.task](body, order.at)

    def _document(self, body: bytes, at: datetime) -> object:
        return self._judge.validate(body, at=at)

    def _seal(self, body: bytes, at: datetime) -> object:
        report = validate_seal_code(body.decode("utf-8", "replace"), trust=self._trust, at=at)
        # What a report shows stands in its document and its fields; the claims stay here.
        return replace(report, claims=None)


def main() -> None:
    """Serve until the input ends."""
    orders, answers = _own_pipes()
    try:
        head, _ = read_frame(orders, max_octets=_MAX_ORDER_OCTETS)
        bench = _begin(parse_plain(Beginning, head), answers)
        while bench is not None:
            head, body = read_frame(orders, max_octets=_MAX_ORDER_OCTETS)
            order = parse_plain(Order, head)
            allow_processor_time(order.processor_milliseconds / 1000)
            report = bench.answer(order, body)
            write_frame(answers, encode_plain(Ready(problem="", memory=bench.memory)), encode_plain(report))
    except (BrokenFrame, BrokenPipeError):
        return
    except (MemoryError, RecursionError):
        os._exit(_EXHAUSTED)


def _begin(beginning: Beginning, answers: BinaryIO) -> Bench | None:
    try:
        trust = load_trust(beginning.trust, at=beginning.at, memory=parse_memory(beginning.memory))
    except (TrustError, OSError, ValueError) as error:
        write_frame(answers, encode_plain(Ready(problem=str(error), memory=beginning.memory)))
        return None
    bench = Bench(trust)
    restrain(beginning.address_space_octets)
    write_frame(answers, encode_plain(Ready(problem="", memory=bench.memory)))
    return bench


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes, where nothing that a library prints can come between the messages."""
    orders, answers = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    with suppress(AttributeError, ValueError):
        sys.stdin.close()
    return os.fdopen(orders, "rb"), os.fdopen(answers, "wb")
