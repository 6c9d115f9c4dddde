"""Fuzzes one parser, or all in turn, for some seconds each.

    python tests/attacks/fuzz.py [SECONDS] [TARGET …]        (as `make fuzz` does)

With atheris (requirements/fuzz.txt) inputs are led by what code they reach; without it they are changed at
random. An input that crashes a parser, or takes it too long, is written to tests/attacks/crashes/, where
the tests find it ever after; the command then ends with 1.
"""

import hashlib
import os
import random
import subprocess
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path

# Test folders are not packages; run as a command, this finds its neighbours by itself.
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "sealing"))
sys.path.insert(0, str(Path(__file__).parent))

FOLDER = os.environ.get("FUZZ_FOLDER")  # set for the process that one parser is fuzzed in
INSTRUMENTED = ["signing", "verify", "asn1crypto", "pypdf", "pyhanko.pdf_utils"]


def _instrumented() -> AbstractContextManager[object]:
    """What is imported inside tells atheris which of its lines are reached."""
    if FOLDER is None:
        return nullcontext()
    import atheris  # noqa: PLC0415 - not everywhere

    imports: AbstractContextManager[object] = atheris.instrument_imports(include=INSTRUMENTED)
    return imports


with _instrumented():
    from fuzz_targets import TARGETS, Target
    from test_fuzz import CRASHES, MOST_SECONDS, WORDS, edited

DEFAULT_SECONDS = 20
LARGEST_KEPT = 64 * 1024


class Crash(Exception):
    """An input that no parser should stumble over."""


def feed(target: Target, data: bytes) -> None:
    """Parses once; a crash is kept.

    Raises:
        Crash: the parser raised what it may not, or took too long.
    """
    began = time.process_time()
    try:
        target.feed(data)
    except Exception as error:
        raise Crash(f"{target.name}: {type(error).__name__}: {error}; {_keep(target, data)}") from error
    if time.process_time() - began > MOST_SECONDS:
        raise Crash(f"{target.name}: too long; {_keep(target, data)}")


def _keep(target: Target, data: bytes) -> str:
    if len(data) > LARGEST_KEPT:
        return f"{len(data)} octets, too large to keep"
    path = CRASHES / target.name / hashlib.sha256(data).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return str(path)


def at_random(target: Target, seconds: float) -> int:
    """How many changed seeds were parsed."""
    chance, seeds, ends, count = random.Random(), target.seeds(), time.monotonic() + seconds, 0  # noqa: S311 - no secret
    while time.monotonic() < ends:
        edits = [
            (chance.random(), chance.randrange(40), chance.choice([*WORDS, chance.randbytes(6)]))
            for _ in range(chance.randrange(1, 5))
        ]
        feed(target, edited(chance.choice(seeds), edits))
        count += 1
    return count


def led_by_coverage(target: Target, seconds: float) -> None:
    """Does not return: libFuzzer ends the process."""
    import atheris  # noqa: PLC0415 - not everywhere

    folder = Path(FOLDER or "") / target.name
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (folder / f"seed-{number}").write_bytes(seed)
    options = [
        sys.argv[0],
        str(folder),
        f"-max_total_time={int(seconds)}",
        "-rss_limit_mb=2048",
        "-verbosity=0",
    ]
    atheris.Setup(options, lambda data: feed(target, data))
    atheris.Fuzz()


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_SECONDS
    chosen = [each for each in TARGETS if each.name in sys.argv[2:] or not sys.argv[2:]]
    if FOLDER is not None:
        led_by_coverage(chosen[0], seconds)
    return 1 if sum(_run(target, seconds) for target in chosen) else 0


def _run(target: Target, seconds: float) -> bool:
    """Whether it crashed."""
    if find_spec("atheris") is None:
        try:
            count = at_random(target, seconds)
        except Crash as crash:
            sys.stdout.write(f"{crash}\n")
            return True
        sys.stdout.write(f"{target.name}: {count} inputs at random (no atheris here), no crash\n")
        return False
    folder = Path(__file__).parents[2] / "build" / "fuzz"
    command = [sys.executable, __file__, str(seconds), target.name]
    ended = subprocess.run(command, env={**os.environ, "FUZZ_FOLDER": str(folder)}, check=False)
    sys.stdout.write(f"{target.name}: {'crashed' if ended.returncode else 'led by coverage, no crash'}\n")
    return ended.returncode != 0


if __name__ == "__main__":
    sys.exit(main())
