import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# Test folders are not packages; the helpers beside this file are imported by their name.
sys.path.insert(0, str(Path(__file__).parent))

from code_key_site import CodeKeySite
from trust_store_world import World

from verify.bundle.store import TrustStore


@pytest.fixture
def site_of_codes(tmp_path: Path, open_keyring: Callable[..., Any]) -> CodeKeySite:
    """Nothing is published yet."""
    return CodeKeySite(tmp_path, open_keyring)


@pytest.fixture
def world(site_of_codes: CodeKeySite, tmp_path: Path) -> World:
    return World(site_of_codes, TrustStore(tmp_path / "store"))


@pytest.fixture
def ready(world: World) -> World:
    """The store has been set up."""
    world.update(root=world.vouched)
    return world
