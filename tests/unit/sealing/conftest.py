import sys
from pathlib import Path

import pytest

# Test folders are not packages; the helpers beside this file are imported by their name.
sys.path.insert(0, str(Path(__file__).parent))

from sealing_office import Office


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture(scope="session")
def sealed() -> bytes:
    """A genuine document, as `Office().document()` makes it; certificates differ from run to run."""
    return shared_office().document()


@pytest.fixture(scope="session")
def sealed_by() -> Office:
    """The office that made `sealed`."""
    return shared_office()


_SHARED: list[Office] = []


def shared_office() -> Office:
    if not _SHARED:
        _SHARED.append(Office())
        _SHARED[0].document()
    return _SHARED[0]
