"""What a store has taken in stays whole, can be carried away, and says how old it is."""

import hashlib
import json
import os
import shutil
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from trust_store_world import World

from signing.formats.seal_code import parse_seal_code
from signing.formats.trust_bundle import FILE_NAME, parse_bundle
from signing.trust_bundles import sign_bundle
from verify.bundle.export import export_store
from verify.bundle.opening import default_store_path, open_trust
from verify.bundle.overview import PartKind, look_at
from verify.bundle.problems import SENTENCES, BundleError, BundleProblem
from verify.bundle.store import STATE_FILE, TrustStore
from verify.bundle.update import update_store
from verify.bundle.words import overview_as_json, overview_lines, update_as_json, update_lines
from verify.memory import Memory
from verify.reasons import Reason
from verify.seal import validate_seal_code
from verify.trust import ROOT_FILE, TrustError, TrustRefused


@pytest.mark.parametrize("fails_at", range(1, 5))
def test_an_update_cut_short_leaves_what_was(
    ready: World, fails_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two lists, the bundle, the state: whichever write is the one at which the power goes."""
    newer = ready.published_later()
    replace, calls = Path.replace, 0

    def cut(path: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls == fails_at:
            raise OSError(5, "the power went")
        return replace(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", cut)
        assert ready.refusal()[0] is BundleProblem.STORE_UNWRITABLE
    assert ready.store.bundle() == ready.first
    assert ready.reason(ready.site.code()) is not Reason.UNKNOWN_KEY
    assert ready.update().bundle == newer
    assert not list(ready.store.path.rglob(".*.*"))


def test_what_was_superseded_stays_a_day_for_who_still_works_with_it(ready: World) -> None:
    trust = open_trust(ready.store, at=ready.site.now)
    code = ready.site.code()
    at = ready.site.now
    ready.published_later()
    ready.update()
    assert validate_seal_code(code, trust=trust, at=at).reason is Reason.IN_FORCE
    before = len(ready.store.digests())
    ready.site.later(days=1)
    ready.site.publish_all()
    ready.update()
    ready.site.later(days=1)
    ready.update()
    assert len(ready.store.digests()) == len(ready.first.files) + 1 < before


def test_damage_is_noticed_and_mended_by_the_next_update(ready: World) -> None:
    code = ready.site.code()
    status = next(file for file in ready.first.files if file.name == "status/1.cwt")
    path = ready.store.path / status.place
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert ready.reason(code) is Reason.STATUS_MISSING
    assert ready.update().fetched_files == 1
    assert ready.reason(code) is Reason.IN_FORCE


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff", b"{" * 9999, None], ids=str)
def test_a_store_that_lost_its_memory_is_not_taken_for_an_empty_one(
    ready: World, content: bytes | None
) -> None:
    path = ready.store.path / STATE_FILE
    path.write_bytes(
        content if content is not None else path.read_bytes().replace(b'"version": 1', b'"v": 1')
    )
    assert ready.refusal(root=ready.vouched)[0] is BundleProblem.STORE_DAMAGED
    with pytest.raises(TrustError):
        open_trust(ready.store.path, at=ready.site.now)


def test_another_root_put_into_the_store_is_noticed(ready: World, tmp_path: Path) -> None:
    other = World(type(ready.site)(tmp_path / "other", ready.site.open_keyring), ready.store)
    shutil.copy(other.site.public / "root.pem", ready.store.path / "root.pem")
    with pytest.raises(BundleError) as caught:
        open_trust(ready.store, at=ready.site.now)
    assert caught.value.problem is BundleProblem.STORE_DAMAGED
    ready.update(root=ready.vouched)  # who has the certificate mends it
    assert ready.reason(ready.site.code()) is Reason.IN_FORCE


def _as_a_store(ready: World, public: Path, signed: bytes) -> Path:
    """A published directory that somebody made look like a store which remembers nothing."""
    digest = hashlib.sha256(signed).hexdigest()
    (public / "bundle" / digest).write_bytes(signed)
    state = json.loads((ready.store.path / STATE_FILE).read_bytes())
    forgotten = {**state["memory"], "trust_list": 0, "root_crl": 0, "status_lists": {}}
    told = {**state, "bundle": digest, "memory": forgotten, "superseded": {}}
    (public / STATE_FILE).write_text(json.dumps(told))
    return public


def test_a_place_that_looks_like_a_store_does_not_set_the_callers_memory_aside(ready: World) -> None:
    """Whoever keeps the copy puts old lists back, and a store's file beside them."""
    older = ready.copy("older")
    signed = (older / FILE_NAME).read_bytes()
    code = ready.site.code()
    ready.published_later()
    newest = open_trust(ready.site.public, at=ready.site.now)
    newest.status_list(1)
    trust = open_trust(_as_a_store(ready, older, signed), at=ready.site.now, memory=newest.remember())
    report = validate_seal_code(code, trust=trust, at=ready.site.now)
    assert report.reason in {Reason.TRUST_ROLLED_BACK, Reason.STATUS_ROLLED_BACK}
    another = Memory(root="0" * 64, trust_list_version=1)
    with pytest.raises(TrustRefused, match="another root"):
        open_trust(ready.store, at=ready.site.now, memory=another)


def test_the_bundle_of_a_store_is_believed_only_as_it_was_signed(ready: World) -> None:
    """Its digest stands in a file that anybody can write."""
    forged = bytearray((ready.site.public / FILE_NAME).read_bytes())
    forged[-1] ^= 1
    place = TrustStore(_as_a_store(ready, ready.copy("forged"), bytes(forged)))
    for ask in (place.bundle, lambda: place.open(at=ready.site.now)):
        with pytest.raises(BundleError) as caught:
            ask()
        assert caught.value.problem is BundleProblem.NOT_BELIEVED


def test_a_stick_carries_a_store_to_where_there_is_no_network(ready: World, tmp_path: Path) -> None:
    stick, again = tmp_path / "stick.zip", tmp_path / "again.zip"
    assert export_store(ready.store, stick) == len(ready.first.files) + 1
    export_store(ready.store, again)
    assert stick.read_bytes() == again.read_bytes()
    offline = TrustStore(tmp_path / "offline")
    update_store(offline, stick, at=ready.site.now, root=ready.vouched)
    assert offline.bundle() == ready.first
    at = ready.site.now
    for place in (stick, offline, offline.path, ready.site.public):
        report = validate_seal_code(ready.site.code(), trust=open_trust(place, at=at), at=at)
        assert report.reason is Reason.IN_FORCE


def _hostile_zips(folder: Path, good: Path) -> dict[str, Path]:
    def write(name: str, data: bytes) -> Path:
        path = folder / f"{name}.zip"
        path.write_bytes(data)
        return path

    data = good.read_bytes()
    bomb = folder / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(FILE_NAME, bytes(1 << 25))
    rare = folder / "rare.zip"
    with zipfile.ZipFile(rare, "w", zipfile.ZIP_LZMA) as packed:
        packed.writestr(FILE_NAME, b"bundle")
    many = folder / "many.zip"
    with zipfile.ZipFile(many, "w") as packed:
        for number in range(20_001):
            packed.writestr(str(number), b"")
    twice = write("twice", data)
    with zipfile.ZipFile(twice, "a") as packed, pytest.warns(UserWarning, match="Duplicate name"):
        packed.writestr(FILE_NAME, packed.read(FILE_NAME))
    return {
        "nothing": write("nothing", b""),
        "no zip": write("none", b"PK" * 50),
        "cut short": write("short", data[:-40]),
        "with a comment": write("comment", data[:-2] + b"\1\0x"),
        "something behind it": write("behind", data + b"x"),
        "a name twice": twice,
        "a bundle of 32 MB in 32 KB": bomb,
        "packed in a rare way": rare,
        "more members than any bundle": many,
        "its bundle damaged": write("damaged", data[:60] + bytes([data[60] ^ 255]) + data[61:]),
    }


def test_a_hostile_zip_is_refused(ready: World, tmp_path: Path) -> None:
    good = tmp_path / "good.zip"
    export_store(ready.store, good)
    for name, path in _hostile_zips(tmp_path, good).items():
        problem, _ = ready.refusal(path)
        assert problem in {BundleProblem.PLACE_UNAVAILABLE, BundleProblem.UNREADABLE}, name
        with pytest.raises(TrustError):
            open_trust(path, at=ready.site.now)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes on Windows")
def test_nobody_waits_for_a_named_pipe_where_a_file_should_be(ready: World, tmp_path: Path) -> None:
    stick = tmp_path / "stick.zip"
    os.mkfifo(stick)
    assert ready.refusal(stick)[0] is BundleProblem.PLACE_UNAVAILABLE
    for name in (ROOT_FILE, STATE_FILE):
        (ready.store.path / name).unlink()
        os.mkfifo(ready.store.path / name)
        with pytest.raises(BundleError) as caught:
            ready.store.open(at=ready.site.now)
        assert caught.value.problem is BundleProblem.STORE_DAMAGED


def test_a_zip_is_believed_as_it_stands_only_if_its_own_root_signed_it(ready: World, tmp_path: Path) -> None:
    other = World(type(ready.site)(tmp_path / "other", ready.site.open_keyring), TrustStore(tmp_path / "o"))
    signer = other.site.signer
    forged = sign_bundle(ready.first, signer=signer.signer, certificate=signer.certificate)
    path = tmp_path / "forged.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(FILE_NAME, forged)
        for file in ready.first.files:
            packed.writestr(file.place, (ready.site.public / file.place).read_bytes())
    with pytest.raises(BundleError) as caught:
        open_trust(path, at=ready.site.now)
    assert caught.value.problem is BundleProblem.NOT_BELIEVED


def test_the_overview_says_how_old_everything_is_and_until_when_it_serves(ready: World) -> None:
    seen = look_at(ready.store, at=ready.site.now)
    assert (seen.version, seen.root, seen.root_name) == (1, ready.vouched.fingerprint, "Root")
    assert (seen.files, seen.size) == (len(ready.first.files), sum(file.size for file in ready.first.files))
    assert seen.taken_from == str(ready.site.public)
    assert {part.kind for part in seen.parts} == set(PartKind)
    status = next(part for part in seen.parts if part.kind is PartKind.DOCUMENT_STATUSES)
    assert seen.usable_until == status.expires_at
    assert [part.is_over(status.expires_at + timedelta(seconds=1)) for part in seen.parts[:2]] == [
        True,
        False,
    ]
    code = ready.site.code()
    assert ready.reason(code, seen.usable_until) is Reason.IN_FORCE
    assert ready.reason(code, seen.usable_until + timedelta(seconds=1)) is not Reason.IN_FORCE


def test_where_there_is_no_store_nothing_is_made_up(tmp_path: Path, world: World) -> None:
    for ask in (world.store.state, world.store.bundle, lambda: look_at(world.store, at=world.site.now)):
        with pytest.raises(BundleError) as caught:
            ask()
        assert caught.value.problem is BundleProblem.NO_STORE
    with pytest.raises(BundleError):
        export_store(world.store, tmp_path / "stick.zip")
    assert not (tmp_path / "stick.zip").exists()


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({"WATHIQA_TRUST_STORE": "/srv/trust", "XDG_DATA_HOME": "/data"}, "linux", "/srv/trust"),
        ({"XDG_DATA_HOME": "/data"}, "linux", "/data/wathiqa-verify"),
        ({"XDG_DATA_HOME": "data"}, "linux", "~/.local/share/wathiqa-verify"),
        ({}, "linux", "~/.local/share/wathiqa-verify"),
        ({}, "darwin", "~/Library/Application Support/wathiqa-verify"),
        ({"LOCALAPPDATA": "/users/a/local"}, "win32", "/users/a/local/wathiqa-verify"),
    ],
)
def test_where_a_store_is_that_nobody_named(
    environment: dict[str, str], platform: str, expected: str
) -> None:
    assert default_store_path(environment, platform) == Path(expected).expanduser()


def test_every_problem_is_said_in_both_languages_without_jargon() -> None:
    assert SENTENCES.keys() == set(BundleProblem)
    for problem in BundleProblem:
        error = BundleError(problem, "x")
        assert error.code == problem.value
        assert error.en.endswith(".")
        assert any("؀" <= letter <= "ۿ" for letter in error.ar)
        assert not any(word in error.en.lower() for word in ("cose", "digest", "sha", "manifest", "hash"))


def test_the_published_bundle_is_read_back_as_it_was_written(world: World) -> None:
    data = (world.site.public / FILE_NAME).read_bytes()
    assert parse_bundle(data).bundle == world.first
    assert parse_seal_code(world.site.code()).verify_origin == world.first.verify_origin


def test_people_are_told_what_they_have_and_until_when(ready: World) -> None:
    seen = look_at(ready.store, at=ready.site.now)
    english = overview_lines(seen, at=ready.site.later(hours=5), language="en")
    assert english[0].startswith("Root: Root (")
    assert english[0].endswith(f"{seen.root[-4:]})")
    assert [line for line in english if "status/1.cwt" in line] == [
        (
            "  good until 25 November 2026, 11:00 Damascus time: statuses of documents (status/1.cwt),"
            " made 5 hours ago"
        )
    ]
    assert english[-1] == (
        "Everything can be judged without a network until 25 November 2026, 11:00 Damascus time."
    )
    late = ready.site.later(days=4)
    no_status = "No document can be found in force until you update the store."
    assert overview_lines(seen, at=late, language="en")[-1] == no_status
    status = next(part for part in seen.parts if part.kind is PartKind.DOCUMENT_STATUSES)
    kept = replace(status, expires_at=late + timedelta(days=9))
    newer = replace(seen, parts=(*seen.parts, kept))
    assert "some documents" in overview_lines(newer, at=late, language="en")[-1]
    assert [line for line in overview_lines(seen, at=late, language="en") if "status/1.cwt" in line] == [
        (
            "  over since 25 November 2026, 11:00 Damascus time: statuses of documents (status/1.cwt),"
            " made 4 days ago"
        )
    ]
    assert overview_as_json(seen, at=late)["usable_until"] == seen.usable_until.isoformat()
    arabic = overview_lines(seen, at=late, language="ar")
    assert [line for line in arabic if "status/1.cwt" in line] == [
        "  انتهى في 25 تشرين الثاني 2026، 11:00 بتوقيت دمشق: حالات الوثائق (status/1.cwt)، صدر قبل 4 أيام"
    ]
    assert len(arabic) == len(english)
    assert all(any("؀" <= letter <= "ۿ" for letter in line) for line in arabic)


def test_people_are_told_what_an_update_did(ready: World) -> None:
    same = ready.update()
    assert (
        update_lines(same, language="en")[0]
        == "You have the newest trust bundle: 1 of 22 November 2026, 11:00 Damascus time."
    )
    ready.published_later()
    report = ready.update()
    assert (
        update_lines(report, language="en")[0]
        == "Took in trust bundle 2 of 22 November 2026, 12:00 Damascus time."
    )
    assert update_as_json(report)["fetched_files"] == report.fetched_files > 0
    assert len(update_lines(report, language="ar")) == len(update_lines(same, language="ar"))
