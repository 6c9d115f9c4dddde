"""Opens what judges: the pool of processes with what this person believes."""

from datetime import datetime
from pathlib import Path

from verify.errors import CouldNotRun
from verify.isolation.pool import JudgingPool
from verify.memory import NOTHING_SEEN
from verify.memory_file import MemoryUnreadable, load_memory


def open_pool(
    trust: str, at: datetime, *, memory: Path | None = None, workers: int | None = None
) -> JudgingPool:
    """A pool that is yet to be entered.

    Raises:
        CouldNotRun: nobody said whom to believe, or the memory cannot be read.
    """
    location = trust or default_trust()
    try:
        seen = NOTHING_SEEN if memory is None else load_memory(memory)
    except (MemoryUnreadable, OSError) as error:
        raise CouldNotRun(f"--memory {error}") from error
    return JudgingPool(location, at=at, workers=workers, memory=seen)


def default_trust() -> str:
    """The person's own trust store.

    Raises:
        CouldNotRun: there is none.
    """
    from verify.bundle.opening import default_store_path
    from verify.bundle.store import TrustStore

    store = default_store_path()
    if not TrustStore.is_at(store):
        raise CouldNotRun(
            "there is no trust store yet: make one with `wathiqa-verify trust update`,"
            " or name what to believe with --trust"
        )
    return str(store)
