"""A store takes in whole bundles of its own root, and never goes back."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from trust_store_world import World, changed

from signing.formats.trust_bundle import FILE_NAME, Bundle, BundleFile
from verify.bundle.export import export_store
from verify.bundle.problems import BundleError, BundleProblem
from verify.bundle.update import VouchedRoot, update_store
from verify.reasons import Reason


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
    ready.sign(changed(bundle, expires_at=bundle.expires_at - timedelta(days=1)))
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
    ready.sign(changed(newer, version=3, files=mixed))
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
        return changed(bundle, files=tuple(file for file in bundle.files if file.name != name))

    return change


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (_without("trust-list.cwt"), BundleProblem.INCOMPLETE),
        (_without("crl/root.crl"), BundleProblem.INCOMPLETE),
        (
            lambda bundle: changed(bundle, verify_origin="https://verify.elsewhere.example"),
            BundleProblem.NOT_BELIEVED,
        ),
        (
            lambda bundle: changed(
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
    ready.sign(changed(change(ready.first), version=2))
    assert ready.refusal()[0] is problem
    assert ready.store.bundle() == ready.first


def test_a_signer_that_the_root_has_revoked_is_not_believed(ready: World) -> None:
    ready.site.publish_root_crl(number=2, revoked=ready.site.signer.certificate.serial_number)
    ready.published_later()
    assert ready.refusal()[0] is BundleProblem.NOT_BELIEVED


def test_what_a_later_bundle_may_hold_is_left_where_it_is(ready: World) -> None:
    unknown = BundleFile(name="weather/today.txt", sha256=bytes(32), size=1 << 31)
    ready.sign(changed(ready.first, version=2, files=(*ready.first.files, unknown)))
    assert ready.update().bundle.version == 2
    assert not (ready.store.path / unknown.place).exists()


def test_a_bundle_that_would_fill_the_disk_is_refused(ready: World) -> None:
    huge = tuple(
        BundleFile(name=f"crl/{number}.crl", sha256=bytes([number]) * 32, size=1 << 24)
        for number in range(17)
    )
    ready.sign(changed(ready.first, version=2, files=(*huge, *ready.first.files)))
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
