"""How far a long run is, on a terminal and nowhere else."""

import io
import itertools

from verify.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_how_far_it_is_and_is_left_clean() -> None:
    screen, clock = Terminal(), itertools.count()
    progress = Progress(screen, 200, clock=lambda: float(next(clock)))
    for _ in range(50):
        progress.advance()
    assert "█" in screen.getvalue()
    assert "50/200" in screen.getvalue()
    progress.clear()
    assert screen.getvalue().endswith("\r\x1b[K")
    written = screen.getvalue()
    progress.clear()
    assert screen.getvalue() == written


def test_what_an_earlier_run_did_makes_this_one_no_faster() -> None:
    screen, clock = Terminal(), iter([0.0, *[0.0] * 99, 10.0, 10.0])
    progress = Progress(screen, 200, clock=lambda: next(clock))
    for _ in range(99):
        progress.advance(judged=False)
    progress.advance()
    assert "100/200  0.1/s" in screen.getvalue()


def test_a_file_or_a_single_document_sees_none_of_it() -> None:
    for stream, total in ((io.StringIO(), 200), (Terminal(), 1)):
        progress = Progress(stream, total)
        progress.advance()
        progress.clear()
        assert stream.getvalue() == ""
