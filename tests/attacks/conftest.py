import sys
from pathlib import Path

import pytest

# Test folders are not packages; helpers are imported by their name, from here and from where seals are tried.
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "sealing"))
sys.path.insert(0, str(Path(__file__).parent))

from attack_scene import Scene


@pytest.fixture(scope="session")
def scene() -> Scene:
    """The stage of every attack; what is made on it is made once."""
    return Scene()
