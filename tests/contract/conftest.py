import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# Test folders are not packages; the helpers in this folder are imported by their names.
sys.path.insert(0, str(Path(__file__).parent / "custody"))

if TYPE_CHECKING:
    from cloud_kms import CloudKms
    from soft_hsm import SoftHsm


@pytest.fixture(scope="session")
def token(tmp_path_factory: pytest.TempPathFactory) -> "SoftHsm":
    """A token of SoftHSM; what a test leaves in it, the next one finds unless it wipes it."""
    from soft_hsm import SoftHsm  # noqa: PLC0415  (python-pkcs11 is needed by few tests)

    return SoftHsm(tmp_path_factory.mktemp("softhsm"))


@pytest.fixture(scope="session")
def service() -> Iterator["CloudKms"]:
    """The key service of moto, on loopback."""
    import botocore.loaders  # noqa: PLC0415  (boto3 is needed by few tests)
    from cloud_kms import CREDENTIALS, CloudKms  # noqa: PLC0415  (moto takes a second to load)

    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        # boto3 reads its description of the service anew for each session: 0.1 s a custody.
        patch.setattr("botocore.session.create_loader", cache(botocore.loaders.create_loader))
        running = CloudKms()
        yield running
        running.stop()
