import pickle
import stat
from pathlib import Path

import pytest

from keys import software
from keys.errors import KeyNotFound, KeyRefused, PassphraseMissing
from keys.key_file import ScryptCost
from keys.passphrase import passphrase_from_callback, passphrase_from_environment, passphrase_from_file
from keys.signer import Purpose
from keys.software import SoftwareCustody

CHEAP = ScryptCost(n=2, p=1)


def custody(directory: Path, passphrase: bytes = b"correct horse") -> SoftwareCustody:
    return SoftwareCustody(directory, lambda: passphrase, cost=CHEAP)


def test_key_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    custody(tmp_path / "keys").generate("a", purpose=Purpose.SEAL)

    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "keys" / "a.key.pem").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["a.key.pem"]


def test_the_wrong_passphrase_opens_nothing(tmp_path: Path) -> None:
    custody(tmp_path).generate("a", purpose=Purpose.SEAL)

    with pytest.raises(KeyRefused):
        custody(tmp_path, b"wrong horse").load("a")


def test_a_flipped_bit_anywhere_in_the_file_is_refused(tmp_path: Path) -> None:
    custody(tmp_path).generate("a", purpose=Purpose.SEAL)
    path = tmp_path / "a.key.pem"
    good = path.read_bytes()

    for position in range(len(good)):
        changed = bytearray(good)
        changed[position] ^= 1
        path.write_bytes(changed)
        with pytest.raises(KeyRefused):
            custody(tmp_path).load("a")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"Purpose: seal", b"Purpose: root", id="given another purpose"),
        pytest.param(b"Algorithm: P-256", b"Algorithm: P-384", id="given another algorithm"),
        pytest.param(b"\n", b"\r\n", id="other line endings"),
        pytest.param(b"Wathiqa", b"\nWathiqa", id="a line before"),
        pytest.param(b"-----END ENCRYPTED PRIVATE KEY-----\n", b"", id="cut short"),
        pytest.param(b"Key-Id: a", b"Key-Id: b", id="renamed inside"),
    ],
)
def test_an_edited_file_is_refused(tmp_path: Path, old: bytes, new: bytes) -> None:
    custody(tmp_path).generate("a", purpose=Purpose.SEAL)
    path = tmp_path / "a.key.pem"
    path.write_bytes(path.read_bytes().replace(old, new))

    with pytest.raises(KeyRefused):
        custody(tmp_path).load("a")


@pytest.mark.parametrize("content", [b"", b"\xff" * 100, b"a" * 20_000], ids=["empty", "binary", "huge"])
def test_what_is_no_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.key.pem").write_bytes(content)

    with pytest.raises(KeyRefused):
        custody(tmp_path).load("a")


def test_a_file_under_another_name_is_refused(tmp_path: Path) -> None:
    custody(tmp_path).generate("seal-a", purpose=Purpose.SEAL)
    (tmp_path / "seal-a.key.pem").rename(tmp_path / "seal-b.key.pem")

    with pytest.raises(KeyRefused):
        custody(tmp_path).load("seal-b")


def test_a_costly_scrypt_in_a_hostile_file_is_refused_before_it_is_run() -> None:
    with pytest.raises(ValueError, match="out of bounds"):
        ScryptCost(n=2**30)


def test_a_crash_before_the_link_leaves_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(software.os, "link", crash)
    with pytest.raises(OSError, match="No space"):
        custody(tmp_path).generate("a", purpose=Purpose.SEAL)

    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyNotFound):
        custody(tmp_path).load("a")


def test_a_draft_left_by_a_kill_is_no_key(tmp_path: Path) -> None:
    (tmp_path / ".a.key.pem.0011").write_bytes(b"half")

    assert custody(tmp_path).key_ids() == []


def test_the_passphrase_is_asked_for_once_and_not_before_it_is_needed(tmp_path: Path) -> None:
    asked = []
    keys = SoftwareCustody(tmp_path, lambda: asked.append(1) or b"correct horse", cost=CHEAP)  # type: ignore[func-returns-value]  # counts
    assert not asked
    for key_id in ("a", "b"):
        keys.generate(key_id, purpose=Purpose.SEAL)
        keys.load(key_id)

    assert asked == [1]


def test_a_key_shows_and_pickles_nothing_secret(tmp_path: Path) -> None:
    signer = custody(tmp_path).generate("a", purpose=Purpose.SEAL)

    assert repr(signer) == "<SoftwareSigner a seal P-256>"
    with pytest.raises(TypeError):
        pickle.dumps(signer)


def test_the_passphrase_comes_from_environment_file_or_callback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_PASSPHRASE", "جملة السر")
    secret = tmp_path / "secret"
    secret.write_bytes("جملة السر".encode() + b"\r\nsecond line\n")

    expected = "جملة السر".encode()
    assert passphrase_from_environment("SOME_PASSPHRASE")() == expected
    assert passphrase_from_file(secret)() == expected
    assert passphrase_from_callback(lambda: "جملة السر")() == expected


def test_no_passphrase_is_an_error_and_not_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOME_PASSPHRASE", raising=False)
    (tmp_path / "empty").write_bytes(b"\n")
    sources = (
        passphrase_from_environment("SOME_PASSPHRASE"),
        passphrase_from_file(tmp_path / "empty"),
        passphrase_from_file(tmp_path / "missing"),
        passphrase_from_callback(str),
    )

    for source in sources:
        with pytest.raises(PassphraseMissing):
            source()
    with pytest.raises(PassphraseMissing):
        SoftwareCustody(tmp_path / "keys", sources[0]).generate("a", purpose=Purpose.SEAL)
