"""One line at the bottom of a terminal that says how far a long run is."""

import time
from collections.abc import Callable
from typing import TextIO

_WIDTH = 24
_SECONDS_BETWEEN = 0.1
_QUICK = 10  # a second; below that, tenths matter
_CLEAR = "\r\x1b[K"
_MINUTE, _HOUR = 60, 3600


class Progress:
    """Drawn on `stream` where that is a terminal and there is more than one document; else silent."""

    def __init__(self, stream: TextIO, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._total, self._clock = stream, total, clock
        self._is_shown = total > 1 and stream.isatty()
        self._began = self._drawn = clock()
        self._done = self._judged = 0
        self._is_on_screen = False

    def advance(self, *, judged: bool = True) -> None:
        """One more; `judged` tells it from one that an earlier run had done."""
        self._done += 1
        self._judged += judged
        if self._is_shown and self._clock() - self._drawn >= _SECONDS_BETWEEN:
            self._draw()

    def clear(self) -> None:
        """Takes the line away, so that something else can be written."""
        if self._is_on_screen:
            self._stream.write(_CLEAR)
            self._stream.flush()
            self._is_on_screen = False

    def _draw(self) -> None:
        self._drawn = self._clock()
        share = min(self._done / self._total, 1.0)
        bar = "█" * round(share * _WIDTH)
        seconds = max(self._drawn - self._began, 1e-9)
        rate = self._judged / seconds
        left = (self._total - self._done) / rate if rate else 0.0
        speed = f"{rate:.0f}/s" if rate >= _QUICK else f"{rate:.1f}/s"
        self._stream.write(
            f"{_CLEAR}{bar:░<{_WIDTH}} {self._done:,}/{self._total:,}  {speed}  {_duration(left)} left"
        )
        self._stream.flush()
        self._is_on_screen = True


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole >= _HOUR:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02} min"
    return f"{whole // _MINUTE}:{whole % _MINUTE:02}"
