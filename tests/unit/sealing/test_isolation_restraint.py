"""What a judging process is held to."""

import subprocess
import sys

import pytest

_MEBIOCTET = 1 << 20
_PROGRAM = """
import sys
from verify.isolation.restraint import has_swollen
held = b"x" * int(sys.argv[1])
print(has_swollen(int(sys.argv[2])))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is measured on Windows")
@pytest.mark.parametrize(("held", "swollen"), [(0, "False"), (200 * _MEBIOCTET, "True")])
def test_a_judge_is_not_spent_by_what_its_caller_holds(held: int, swollen: str) -> None:
    """A program inherits its caller's `ru_maxrss`: a service of half a gibioctet would have no judge left."""
    ballast = b"x" * (400 * _MEBIOCTET)
    limit = 2 * 180 * _MEBIOCTET
    path = [sys.executable, "-c", _PROGRAM, str(held), str(limit)]
    told = subprocess.run(path, capture_output=True, text=True, check=True).stdout.strip()
    assert told == swollen, f"its caller holds {len(ballast)} octets"
