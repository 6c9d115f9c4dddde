"""The bundle says what is published, as one whole, and never goes back."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from issuance import trust_bundle_publication
from issuance.trust_bundle_publication import TrustBundlePublisher
from signing.formats.trust_bundle import FILE_NAME, Bundle, parse_bundle
from signing.trust_bundles import sign_bundle
from signing.trust_lists import NotASuccessor
from verify.bundle.problems import BundleError


def _published(site: Any) -> Bundle:
    return parse_bundle((site.public / FILE_NAME).read_bytes()).bundle


def _publisher(site: Any) -> TrustBundlePublisher:
    return TrustBundlePublisher(
        public=site.public, kept=site.root / FILE_NAME, verify_origin="https://verify.wathiqa.example"
    )


def test_it_names_what_verifiers_read_and_keeps_the_bytes(site_of_codes: Any) -> None:
    site = site_of_codes
    (site.public / "index.html").write_text("a page")
    (site.public / "status").mkdir()
    (site.public / "status" / ".1.cwt.ab12").write_bytes(b"half a draft")

    bundle = site.publish_all()

    assert [file.name for file in bundle.files] == [
        "crl/root.crl",
        "root.pem",
        "status/1.cwt",
        "trust-list.cwt",
    ]
    for file in bundle.files:
        data = (site.public / file.name).read_bytes()
        assert (site.public / file.place).read_bytes() == data
        assert (hashlib.sha256(data).digest(), len(data)) == (file.sha256, file.size)
    assert _published(site) == bundle


def test_nothing_is_signed_where_nothing_changed(site_of_codes: Any) -> None:
    site = site_of_codes
    first = site.publish_all()
    site.later(hours=23)
    assert site.bundle() == first
    site.later(hours=1)
    assert site.bundle().version == first.version + 1


def test_it_is_due_when_something_changed_and_at_most_once_a_minute(site_of_codes: Any) -> None:
    site = site_of_codes
    publisher = _publisher(site)
    assert publisher.is_due(at=site.now)
    site.publish()
    publisher.publish(signer=site.signer, at=site.now)
    site.publish_status()
    assert not publisher.is_due(at=site.later(seconds=59))
    assert publisher.is_due(at=site.later(seconds=1))
    publisher.publish(signer=site.signer, at=site.now)
    assert not publisher.is_due(at=site.later(hours=23))


def test_the_bytes_of_the_bundle_before_stay_for_who_still_fetches_them(site_of_codes: Any) -> None:
    site = site_of_codes
    bundles = [site.publish_all()]
    for _ in range(2):
        site.later(hours=1)
        bundles.append(site.publish_all())

    def kept(bundle: Bundle) -> set[bool]:
        return {(site.public / file.place).exists() for file in bundle.files if file.name == "trust-list.cwt"}

    assert list(map(kept, bundles)) == [{False}, {True}, {True}]


def test_a_folder_that_was_emptied_or_set_back_gives_no_version_twice(site_of_codes: Any) -> None:
    site = site_of_codes
    old = site.publish_all()
    before = (site.public / FILE_NAME).read_bytes()
    site.later(hours=1)
    newer = site.publish_all()
    (site.public / FILE_NAME).write_bytes(before)
    assert site.bundle().version == newer.version + 1 > old.version + 1
    (site.public / FILE_NAME).unlink()
    assert site.bundle().version == newer.version + 2
    (site.public / FILE_NAME).write_bytes(b"not a bundle")
    assert site.bundle().version == newer.version + 3 == _published(site).version


def test_books_that_were_restored_follow_what_is_published(site_of_codes: Any) -> None:
    site = site_of_codes
    site.publish_all()
    site.later(hours=1)
    newer = site.publish_all()
    (site.root / FILE_NAME).unlink()
    site.later(hours=1)
    assert site.publish_all().version == newer.version + 1


def test_a_published_bundle_of_a_stranger_is_not_followed(site_of_codes: Any, tmp_path: Path) -> None:
    site = site_of_codes
    site.publish_all()
    stranger = type(site)(tmp_path / "stranger", site.open_keyring)
    forged = Bundle(
        version=99,
        issued_at=site.now,
        expires_at=site.later(days=1),
        verify_origin="https://verify.wathiqa.example",
        files=(),
    )
    signed = sign_bundle(forged, signer=stranger.signer.signer, certificate=stranger.signer.certificate)
    (site.public / FILE_NAME).write_bytes(signed)
    with pytest.raises(BundleError, match="not signed this bundle"):
        site.bundle()


def test_a_clock_that_went_back_signs_nothing(site_of_codes: Any) -> None:
    site = site_of_codes
    newest = site.publish_all()
    site.later(minutes=-4)
    (site.public / "certificates").mkdir()
    (site.public / "certificates" / "issuing.cer").write_bytes(b"certificate")
    assert site.bundle().issued_at == newest.issued_at
    site.later(minutes=-4)
    (site.public / "certificates" / "tsa.cer").write_bytes(b"certificate")
    with pytest.raises(NotASuccessor):
        site.bundle()


def test_of_too_many_certificates_those_with_names_are_in_it(
    site_of_codes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust_bundle_publication, "MAX_FILES_IN_FOLDER", 5)
    site = site_of_codes
    site.publish()
    folder = site.public / "certificates"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number:032x}.cer").write_bytes(number.to_bytes(2, "big"))
    (folder / "issuing.cer").write_bytes(b"certificate")
    names = [file.name for file in site.bundle().files if file.name.startswith("certificates/")]
    assert len(names) == 5
    assert "certificates/issuing.cer" in names
