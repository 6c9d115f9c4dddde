"""A key file in which anything was changed opens no key."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keys.errors import KeyRefused
from keys.key_file import ScryptCost
from keys.signer import Algorithm, Purpose
from keys.software import SoftwareCustody

CHEAP = ScryptCost(n=2, p=1)
ASCII = bytes(range(9, 127))


@pytest.fixture(scope="module", params=Algorithm)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    directory = tmp_path_factory.mktemp("keys")
    custody(directory).generate("a", purpose=Purpose.SEAL, algorithm=request.param)
    return directory, (directory / "a.key.pem").read_bytes()


def custody(directory: Path) -> SoftwareCustody:
    return SoftwareCustody(directory, lambda: b"correct horse", cost=CHEAP)


def refused(directory: Path, changed: bytes) -> None:
    (directory / "a.key.pem").write_bytes(changed)
    with pytest.raises(KeyRefused):
        custody(directory).load("a")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_flipped_byte_is_refused(written: tuple[Path, bytes], data: st.DataObject) -> None:
    directory, good = written
    at = data.draw(st.integers(0, len(good) - 1))
    flipped = data.draw(st.integers(1, 255))

    refused(directory, good[:at] + bytes((good[at] ^ flipped,)) + good[at + 1 :])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_piece_cut_out_or_put_in_is_refused(written: tuple[Path, bytes], data: st.DataObject) -> None:
    directory, good = written
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, len(good)))
    put = data.draw(st.binary(max_size=8) | st.text(alphabet=ASCII.decode(), max_size=8).map(str.encode))
    changed = good[:start] + put + good[end:]
    if changed != good:
        refused(directory, changed)
