"""Key files that are cheap to open, for installations that are opened hundreds of times.

Each file states what it costs, so whoever opens it later pays little, in whatever process. The cost is put
in from outside, here: no setting of the program makes keys weaker.

    python cheap_keys.py demo --directory PLACE     is `wathiqa demo --directory PLACE` with such keys
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from unittest import mock

from issuance import custody
from issuance.cli.commands import main
from keys.key_file import ScryptCost
from keys.software import SoftwareCustody


@contextmanager
def cheap_key_files() -> Iterator[None]:
    """Keys that are made meanwhile, in this process, are cheap to open ever after."""
    cheap = partial(SoftwareCustody, cost=ScryptCost(n=2, p=1))
    with mock.patch.object(custody, "SoftwareCustody", cheap):
        yield


if __name__ == "__main__":
    with cheap_key_files():
        main()
