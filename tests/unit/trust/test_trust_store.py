"""A store takes in whole bundles of its own root, keeps them, and never goes back."""

import shutil
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from signing.formats.seal_code import parse_seal_code
from signing.formats.trust_bundle import FILE_NAME, Bundle, BundleFile, parse_bundle
from signing.trust_bundles import sign_bundle
from verify.bundle.export import export_store
from verify.bundle.opening import default_store_path, open_trust
from verify.bundle.overview import PartKind, look_at
from verify.bundle.problems import SENTENCES, BundleError, BundleProblem
from verify.bundle.store import STATE_FILE, TrustStore
from verify.bundle.update import Update, VouchedRoot, update_store
from verify.reasons import Reason
from verify.seal import validate_seal_code
from verify.trust import TrustError


class World:
    """A publishing site and a verifier's store."""

    def __init__(self, site: Any, store: TrustStore) -> None:
        self.site, self.store = site, store
        self.first = site.publish_all()

    @property
    def vouched(self) -> VouchedRoot:
        return VouchedRoot.from_pem((self.site.public / "root.pem").read_bytes())

    def update(self, place: Path | None = None, **choice: Any) -> Update:
        return update_store(self.store, place or self.site.public, at=self.site.now, **choice)

    def refusal(self, place: Path | None = None, **choice: Any) -> tuple[BundleProblem, str]:
        with pytest.raises(BundleError) as caught:
            self.update(place, **choice)
        return caught.value.problem, caught.value.artefact

    def published_later(self) -> Bundle:
        self.site.later(hours=1)
        return self.site.publish_all()  # type: ignore[no-any-return]  (a fixture's class)

    def copy(self, name: str) -> Path:
        return Path(shutil.copytree(self.site.public, self.site.root / name))

    def sign(self, bundle: Bundle, place: Path | None = None) -> None:
        signer = self.site.signer
        signed = sign_bundle(bundle, signer=signer.signer, certificate=signer.certificate)
        ((place or self.site.public) / FILE_NAME).write_bytes(signed)

    def reason(self, text: str, at: datetime | None = None) -> Reason:
        at = at or self.site.now
        return validate_seal_code(text, trust=open_trust(self.store, at=at), at=at).reason


@pytest.fixture
def world(site_of_codes: Any, tmp_path: Path) -> World:
    return World(site_of_codes, TrustStore(tmp_path / "store"))


@pytest.fixture
def ready(world: World) -> World:
    """The store has been set up."""
    world.update(root=world.vouched)
    return world


def test_a_store_judges_when_everything_else_is_gone(ready: World) -> None:
    code = ready.site.code()
    shutil.rmtree(ready.site.public)
    assert ready.reason(code) is Reason.IN_FORCE
    assert ready.reason(code, ready.site.now + timedelta(days=31)) is not Reason.IN_FORCE


def test_the_first_use_needs_somebody_who_vouches_for_the_root(world: World) -> None:
    assert world.refusal() == (BundleProblem.ROOT_NEEDED, "root.pem")
    fingerprint = world.vouched.fingerprint
    spelt = ":".join(fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()
    report = world.update(root=VouchedRoot.from_fingerprint(spelt))
    assert (report.before, report.bundle, report.root) == (None, world.first, fingerprint)
    assert report.fetched_files == len(world.first.files)
    assert world.update().fetched_files == 0


@pytest.mark.parametrize("text", ["", "ab" * 31, "zz" * 32, "ab" * 33])
def test_what_is_no_fingerprint_vouches_for_nothing(text: str) -> None:
    with pytest.raises(ValueError, match="fingerprint"):
        VouchedRoot.from_fingerprint(text)


def test_a_bundle_of_another_root_is_refused(world: World, tmp_path: Path) -> None:
    other = World(type(world.site)(tmp_path / "other", world.site.open_keyring), world.store)
    wrong = VouchedRoot.from_fingerprint("ab" * 32)
    assert world.refusal(root=wrong)[0] is BundleProblem.ANOTHER_ROOT
    assert world.refusal(root=other.vouched)[0] is BundleProblem.NOT_BELIEVED
    world.update(root=world.vouched)
    assert world.refusal(other.site.public)[0] is BundleProblem.NOT_BELIEVED
    assert world.refusal(other.site.public, root=other.vouched)[0] is BundleProblem.ANOTHER_ROOT
    assert world.store.bundle() == world.first


def test_an_update_fetches_only_what_changed_and_says_so(ready: World) -> None:
    newer = ready.published_later()
    report = ready.update()
    changed = set(newer.files) - set(ready.first.files)
    assert (report.before, report.is_new, report.fetched_files) == (1, True, len(changed))
    assert report.fetched_bytes == sum(file.size for file in changed)
    assert ready.store.bundle() == newer
    assert not ready.update().is_new


def test_an_older_bundle_is_refused_however_it_comes(ready: World, tmp_path: Path) -> None:
    old = ready.copy("yesterday")
    export_store(ready.store, tmp_path / "yesterday.zip")
    ready.published_later()
    ready.update()
    assert ready.refusal(old) == (BundleProblem.ROLLED_BACK, FILE_NAME)
    assert ready.refusal(tmp_path / "yesterday.zip") == (BundleProblem.ROLLED_BACK, FILE_NAME)
    assert ready.store.bundle().version == 2


def test_two_bundles_of_one_version_are_not_the_same_bundle(ready: World) -> None:
    bundle = ready.first
    ready.sign(_changed(bundle, expires_at=bundle.expires_at - timedelta(days=1)))
    assert ready.refusal() == (BundleProblem.ROLLED_BACK, FILE_NAME)


@pytest.mark.parametrize("name", ["status/1.cwt", "trust-list.cwt", "crl/root.crl"])
def test_a_new_bundle_around_an_old_list_is_refused(ready: World, name: str) -> None:
    """Whoever has the signer's ear, or its key, still shows nobody an older list."""
    old = next(file for file in ready.first.files if file.name == name)
    if name == "crl/root.crl":
        ready.site.publish_root_crl(number=2)
    newer = ready.published_later()
    ready.update()
    others = [file for file in newer.files if file.name != name]
    mixed = tuple(sorted([*others, old], key=lambda file: file.name))
    ready.sign(_changed(newer, version=3, files=mixed))
    problem, artefact = ready.refusal()
    assert problem is BundleProblem.ROLLED_BACK
    assert artefact in {name, FILE_NAME}
    assert ready.store.bundle() == newer


def test_an_old_file_beside_a_new_bundle_is_refused(ready: World) -> None:
    """A mirror that keeps back the status list in which a document was revoked."""
    newer = ready.published_later()
    old, new = (next(f for f in bundle.files if f.name == "status/1.cwt") for bundle in (ready.first, newer))
    (ready.site.public / new.place).write_bytes((ready.site.public / old.place).read_bytes())
    assert ready.refusal() == (BundleProblem.INCOMPLETE, "status/1.cwt")
    (ready.site.public / new.place).unlink()
    assert ready.refusal() == (BundleProblem.INCOMPLETE, "status/1.cwt")
    (ready.site.public / new.place).write_bytes(bytes(new.size + 1))
    assert ready.refusal() == (BundleProblem.INCOMPLETE, "status/1.cwt")
    assert ready.store.bundle() == ready.first


def _without(name: str) -> Callable[[Bundle], Bundle]:
    def change(bundle: Bundle) -> Bundle:
        return _changed(bundle, files=tuple(file for file in bundle.files if file.name != name))

    return change


def _changed(bundle: Bundle, **changes: Any) -> Bundle:
    values = {name: getattr(bundle, name) for name in Bundle.__slots__}
    return Bundle(**{**values, "version": bundle.version, **changes})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (_without("trust-list.cwt"), BundleProblem.INCOMPLETE),
        (_without("crl/root.crl"), BundleProblem.INCOMPLETE),
        (
            lambda bundle: _changed(bundle, verify_origin="https://verify.elsewhere.example"),
            BundleProblem.NOT_BELIEVED,
        ),
        (
            lambda bundle: _changed(
                bundle,
                issued_at=bundle.issued_at + timedelta(hours=1),
                expires_at=bundle.expires_at,
            ),
            BundleProblem.FROM_THE_FUTURE,
        ),
    ],
    ids=["no trust list", "no list of the root", "for another verification address", "dated tomorrow"],
)
def test_a_signed_bundle_that_does_not_hold_together_is_refused(
    ready: World, change: Callable[[Bundle], Bundle], problem: BundleProblem
) -> None:
    ready.sign(_changed(change(ready.first), version=2))
    assert ready.refusal()[0] is problem
    assert ready.store.bundle() == ready.first


def test_a_signer_that_the_root_has_revoked_is_not_believed(ready: World) -> None:
    ready.site.publish_root_crl(number=2, revoked=ready.site.signer.certificate.serial_number)
    ready.published_later()
    assert ready.refusal()[0] is BundleProblem.NOT_BELIEVED


def test_what_a_later_bundle_may_hold_is_left_where_it_is(ready: World) -> None:
    unknown = BundleFile(name="weather/today.txt", sha256=bytes(32), size=1 << 31)
    ready.sign(_changed(ready.first, version=2, files=(*ready.first.files, unknown)))
    assert ready.update().bundle.version == 2
    assert not (ready.store.path / unknown.place).exists()


def test_a_bundle_that_would_fill_the_disk_is_refused(ready: World) -> None:
    huge = tuple(
        BundleFile(name=f"crl/{number}.crl", sha256=bytes([number]) * 32, size=1 << 24)
        for number in range(17)
    )
    ready.sign(_changed(ready.first, version=2, files=(*huge, *ready.first.files)))
    assert ready.refusal() == (BundleProblem.UNREADABLE, FILE_NAME)


@pytest.mark.parametrize("content", [b"", b"\xd2\x84", b"{}", bytes(1 << 21)], ids=len)
def test_what_is_no_bundle_is_refused(ready: World, content: bytes) -> None:
    (ready.site.public / FILE_NAME).write_bytes(content)
    assert ready.refusal()[0] in {BundleProblem.UNREADABLE, BundleProblem.NO_BUNDLE}


def test_a_place_without_a_bundle_or_no_place_at_all(ready: World, tmp_path: Path) -> None:
    assert ready.refusal(tmp_path / "nowhere")[0] is BundleProblem.NO_BUNDLE
    assert ready.refusal(tmp_path / "nowhere.zip")[0] is BundleProblem.PLACE_UNAVAILABLE
    with pytest.raises(BundleError) as caught:
        update_store(ready.store, "https://127.0.0.1:9/", at=ready.site.now)
    assert caught.value.problem is BundleProblem.PLACE_UNAVAILABLE
    with pytest.raises(ValueError, match="https"):
        update_store(ready.store, "http://verify.wathiqa.example", at=ready.site.now)


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
    return {
        "nothing": write("nothing", b""),
        "no zip": write("none", b"PK" * 50),
        "cut short": write("short", data[:-40]),
        "with a comment": write("comment", data[:-2] + b"\1\0x"),
        "something behind it": write("behind", data + b"x"),
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
