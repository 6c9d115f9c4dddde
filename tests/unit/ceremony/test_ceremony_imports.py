"""Taking a ceremony's results into the books: what is believed, what is not, and all or nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import func, select, text

import ca.imports
from ca.ceremony.bundle import parse_bundle, read_bundle
from ca.ceremony.errors import ImportRefused, PlanRefused, ResultsRefused, RootListEnded
from ca.ceremony.results import sha256
from ca.ceremony.root_key import FILE_NAME, KEY_ID, open_root_key
from ca.ceremony.shares import combine
from ca.imports import last_root_crl
from ca.reasons import RevocationReason
from ca.store import find_certificates, load_last_crl
from keys.private_key import as_private_key
from keys.signer import Purpose

FIRST = ("issuing", "trust-list")


def books(places: Any) -> Any:
    """Everything that an import may change."""
    with places.engine.connect() as connection:
        certificates = [(row.der, row.revoked_at, row.reason) for row in find_certificates(connection)]
        tables = ("ca_serials", "ca_certificates", "ca_status_changes", "ca_crl_numbers", "ca_crls")
        counts = [connection.scalar(select(func.count()).select_from(text(table))) for table in tables]
        return certificates, load_last_crl(connection, "root"), counts


def refused(places: Any, why: str, **changes: Any) -> None:
    before = books(places)
    with pytest.raises(ImportRefused, match=why):
        places.take_in(**changes)
    assert books(places) == before


def test_a_first_import_needs_the_fingerprint_of_the_root(places: Any) -> None:
    root = places.hold(certify=FIRST).bundle.certificates[0]
    refused(places, "is stated", root_sha256=None)
    refused(places, "the one stated", root_sha256="0" * 64)

    told: list[Any] = []
    imported = places.take_in(audit=lambda act, facts, _: told.append((act, facts)))

    assert imported.certificates == ("root", *FIRST)
    assert [act for act, _ in told] == ["ceremony-import"]
    assert told[0][1]["root_sha256"] == sha256(root.der)


def test_a_fingerprint_may_be_written_as_people_write_them(places: Any) -> None:
    digest = sha256(places.hold(certify=FIRST).bundle.certificates[0].der).upper()

    imported = places.take_in(root_sha256=":".join(digest[place : place + 2] for place in range(0, 64, 2)))

    assert imported.certificates == ("root", *FIRST)


def test_what_is_there_already_changes_nothing(founded: Any) -> None:
    before = books(founded)
    told: list[Any] = []

    assert not founded.take_in(root_sha256=None, audit=lambda *told_: told.append(told_)).is_anything
    assert books(founded) == before
    assert told == []


def test_revocations_of_the_root_s_list_are_taken_in(ready: Any) -> None:
    old = ready.root.last.bundle.certificates[2].certificate
    ready.later(hours=3)

    imported = ready.take_in()

    assert (imported.certificates, imported.revoked) == (("trust-list-2",), ("trust-list",))
    with ready.engine.connect() as connection:
        (row,) = [row for row in find_certificates(connection) if row.serial_number == old.serial_number]
    assert (row.reason, row.revoked_at) == (RevocationReason.SUPERSEDED, ready.now - timedelta(hours=3))


# Attacks


def test_another_root_is_refused_even_with_its_fingerprint(founded: Any, offline_root: Any) -> None:
    other = offline_root(founded.keyring, founded.engine)
    bundle = other.hold(at=founded.later(days=1), certify=FIRST).bundle

    refused(founded, "this is another", bundle=bundle)


def test_a_certificate_for_another_key_is_refused(places: Any, open_keyring: Any, offline_root: Any) -> None:
    strangers = offline_root(open_keyring(places.folder / "strangers", lambda: places.now), places.engine)
    bundle = strangers.hold(at=places.now, certify=FIRST).bundle
    places.hold(certify=FIRST)

    refused(places, "the key of ours", bundle=bundle)


def test_a_certificate_under_another_key_s_name_is_refused(places: Any) -> None:
    bundle = places.hold(certify=FIRST).bundle
    root, issuing, trust_list = bundle.certificates
    for certificates, why in (
        ((root, replace(issuing, name="issuing-2"), trust_list), "key of ours"),
        ((root, replace(issuing, name="seal-x"), trust_list), "name of a key of its profile"),
        ((root, replace(issuing, name="trust-list", profile=trust_list.profile), trust_list), "profile"),
        ((issuing, root, trust_list), "comes first|signed by the root|state|stated"),
        ((root, root, trust_list), "comes first, and once"),
        ((replace(root, name="issuing"), issuing, trust_list), "comes first"),
    ):
        refused(places, why, bundle=replace(bundle, certificates=certificates))


def test_a_certificate_that_another_signed_is_refused(founded: Any, offline_root: Any) -> None:
    other = offline_root(founded.keyring, founded.engine).hold(at=founded.now, certify=FIRST).bundle
    own = founded.root.last.bundle

    refused(
        founded,
        "signed by the root",
        bundle=replace(own, certificates=(own.certificates[0], other.certificates[1])),
    )


def test_what_is_not_yet_is_refused(places: Any) -> None:
    """The ceremony's clock is ahead of the service's, or somebody says so."""
    places.hold(certify=FIRST)

    refused(places, "its validity has begun", at=places.now - timedelta(seconds=1))


def test_an_older_list_is_refused(founded: Any) -> None:
    old = founded.root.last.bundle
    founded.later(days=1)
    founded.hold()
    founded.take_in()

    refused(founded, "numbered above 2", bundle=old)


def crafted(places: Any, **changes: Any) -> Any:
    """The last bundle with a list of its root's that says something else."""
    sheets = places.root.room.sheets

    signer = open_root_key(places.root.last.files[FILE_NAME], combine(sheets), key_id=KEY_ID)
    bundle = places.root.last.bundle
    crl = x509.load_der_x509_crl(bundle.crl)
    said: dict[str, Any] = {
        "issuer": bundle.root.subject,
        "number": crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number,
        "this_update": crl.last_update_utc,
        "next_update": crl.next_update_utc,
        "entries": list(crl),
        "more": None,
        "key": as_private_key(signer, purpose=Purpose.ROOT),
    } | changes
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(said["issuer"])
        .last_update(said["this_update"])
        .next_update(said["next_update"])
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key), critical=False)
        .add_extension(x509.CRLNumber(said["number"]), critical=False)
    )
    if said["more"] is not None:
        builder = builder.add_extension(said["more"], critical=True)
    for entry in said["entries"]:
        builder = builder.add_revoked_certificate(entry)
    return replace(bundle, crl=builder.sign(said["key"], hashes.SHA384()).public_bytes(Encoding.DER))


def _entry(serial: int, at: datetime, reason: Any = x509.ReasonFlags.superseded) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder(serial, at)
    return builder.add_extension(x509.CRLReason(reason), critical=False).build()


ATTACKS: dict[str, tuple[Callable[[Any], dict[str, Any]], str]] = {
    "its number again, with other content": (lambda p: {"this_update": p.now}, "numbered above 2"),
    "a dropped entry": (lambda p: {"number": 3, "this_update": p.now, "entries": []}, "still says"),
    "an entry with another reason": (
        lambda p: {
            "number": 3,
            "this_update": p.now,
            "entries": [_entry(p.old, p.revoked_at, x509.ReasonFlags.key_compromise)],
        },
        "still says",
    ),
    "an entry at another instant": (
        lambda p: {"number": 3, "this_update": p.now, "entries": [_entry(p.old, p.now)]}, "still says"
    ),
    "a time before the last list's": (
        lambda p: {"number": 3, "this_update": p.now - timedelta(days=1, seconds=1)}, "no older|no earlier"
    ),
    "a time to come": (
        lambda p: {"number": 3, "this_update": p.now + timedelta(seconds=1)}, "its time has come"
    ),
    "an end that has passed": (
        lambda p: {
            "number": 3,
            "this_update": p.now - timedelta(hours=2),
            "next_update": p.now - timedelta(hours=1),
        },
        "not run out",
    ),
    "another authority's key": (
        lambda p: {"number": 3, "this_update": p.now, "key": ec.generate_private_key(ec.SECP384R1())},
        "signed by the root",
    ),
    "another authority's name": (
        lambda p: {"number": 3, "this_update": p.now, "issuer": x509.Name([])}, "signed by the root"
    ),
    "only a part of the certificates": (
        lambda p: {
            "number": 3,
            "this_update": p.now,
            "more": x509.IssuingDistributionPoint(None, None, True, False, None, False, False),  # noqa: FBT003  (the library's)
        },
        "a full list",
    ),
    "only what changed since another": (
        lambda p: {"number": 3, "this_update": p.now, "more": x509.DeltaCRLIndicator(1)}, "a full list"
    ),
    "a suspension": (
        lambda p: {
            "number": 3,
            "this_update": p.now,
            "entries": [*p.entries, _entry(4711, p.now, x509.ReasonFlags.certificate_hold)],
        },
        "suspends nothing",
    ),
    "the root's own revocation": (
        lambda p: {
            "number": 3,
            "this_update": p.now,
            "entries": [*p.entries, _entry(p.root.last.bundle.root.serial_number, p.now)],
        },
        "does not revoke itself",
    ),
    "a certificate twice": (
        lambda p: {"number": 3, "this_update": p.now, "entries": [*p.entries, *p.entries]}, "once"
    ),
    "a number beyond counting": (lambda p: {"number": 2**80, "this_update": p.now}, "a number"),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_list_with(revoked: Any, attack: str) -> None:
    """RFC 5280 §3.3, §5.2: whoever has the root's key for an hour brings nobody back."""
    crl = x509.load_der_x509_crl(revoked.root.last.bundle.crl)
    revoked.entries = list(crl)
    revoked.old, revoked.revoked_at = revoked.entries[0].serial_number, revoked.entries[0].revocation_date_utc
    changes, why = ATTACKS[attack]

    refused(revoked, why, bundle=crafted(revoked, **changes(revoked)))


def test_a_list_of_the_right_form_from_the_same_hand_is_taken(revoked: Any) -> None:
    """So that the attacks above fail for their own reasons."""
    imported = revoked.take_in(bundle=crafted(revoked, number=9, this_update=revoked.now))

    assert (imported.crl.number, imported.is_new_crl) == (9, True)
    revoked.later(days=1)
    refused(revoked, "numbered above 9", bundle=crafted(revoked, number=8, this_update=revoked.now))


def test_a_list_and_more_behind_it_is_refused(places: Any) -> None:
    bundle = places.hold(certify=FIRST).bundle

    refused(places, "revocation list|nothing behind", bundle=replace(bundle, crl=bundle.crl + b"\0"))


def test_an_entry_stays_after_the_certificate_s_end(revoked: Any) -> None:
    """Documents outlive certificates: RFC 5280 §3.3 lets an entry go, and we keep it."""
    before = list(x509.load_der_x509_crl(revoked.root.last.bundle.crl))
    revoked.later(days=2 * 365)
    revoked.hold()
    revoked.take_in()
    revoked.later(days=1)
    bundle = revoked.hold().bundle

    after = list(x509.load_der_x509_crl(bundle.crl))
    assert [entry.serial_number for entry in after] == [entry.serial_number for entry in before]
    refused(revoked, "still says", bundle=crafted(revoked, number=9, this_update=revoked.now, entries=[]))


# What was taken out of a bundle: its list of contents is signed by nobody


def stripped(bundle: Any, *names: str) -> Any:
    """As a medium would hold it after somebody wrote bundle.json anew."""
    left = tuple(each for each in bundle.certificates if each.name not in names)
    return parse_bundle(replace(bundle, certificates=left).files())


def test_a_revocation_is_not_lost_with_the_certificate_it_is_about(founded: Any) -> None:
    """The attack: the list says that the issuing CA is revoked, and the books went on as if it were not."""
    issuing = founded.root.last.bundle.certificates[1].certificate
    founded.later(days=1)
    lost = ("issuing", issuing.serial_number, RevocationReason.KEY_COMPROMISE)
    full = founded.hold(revoke=[lost]).bundle
    founded.later(hours=1)

    refused(founded, "the books know.*issuing.* is missing", bundle=stripped(full, "issuing"))
    assert founded.take_in(bundle=full).revoked == ("issuing",)


def test_a_certificate_that_the_books_know_is_not_left_out(founded: Any) -> None:
    founded.later(days=1)
    full = founded.hold().bundle

    refused(founded, "trust-list.* is missing", bundle=stripped(full, "trust-list"))


def test_a_list_names_nothing_that_is_not_in_the_bundle(places: Any) -> None:
    """Books that know nothing yet cannot miss a certificate; the list does."""
    places.hold(certify=FIRST)
    old = places.root.last.bundle.certificates[2].certificate
    places.later(days=1)
    full = places.hold(revoke=[("trust-list", old.serial_number, RevocationReason.SUPERSEDED)]).bundle

    refused(places, "the list names.* is missing", bundle=stripped(full, "trust-list"))
    assert places.take_in(bundle=full).revoked == ("trust-list",)


def test_no_ceremony_goes_on_from_results_that_lack_a_revoked_certificate(revoked: Any) -> None:
    """The root would sign a next list without its revocation."""
    last = revoked.root.last
    old = x509.load_der_x509_crl(last.bundle.crl)[0].serial_number
    left = tuple(each for each in last.bundle.certificates if each.certificate.serial_number != old)
    revoked.root.last = replace(last, bundle=replace(last.bundle, certificates=left))

    with pytest.raises(ImportRefused, match="the list names"):
        revoked.hold()


def test_no_ceremony_opens_another_bundle_than_its_plan_states(founded: Any) -> None:
    """Where no list tells: a certificate that was never revoked is taken out, so that it never can be."""
    last = founded.root.last
    plan = founded.root.plan(at=founded.now)
    founded.root.last = replace(last, bundle=stripped(last.bundle, "trust-list"))

    with pytest.raises(PlanRefused, match="earlier-bundle-sha256"):
        founded.root.earlier().require_stated(plan)


def test_what_ran_out_is_not_relied_on(founded: Any) -> None:
    assert last_root_crl(founded.engine, at=founded.now).number == 1

    with pytest.raises(RootListEnded, match="2027-11-22"):
        last_root_crl(founded.engine, at=founded.later(days=365, seconds=1))


# The bundle as a folder


@pytest.mark.parametrize("kind", ["bundle.json", "root.crl", "certificate"])
@pytest.mark.parametrize("where", [0.1, 0.4, 0.7, 0.99])
def test_one_changed_byte_of_a_bundle_is_refused(places: Any, kind: str, where: float) -> None:
    files = dict(places.hold(certify=FIRST).bundle.files())
    name = kind if kind in files else next(name for name in files if name.startswith("certificates/"))
    data = bytearray(files[name])
    data[int(len(data) * where)] ^= 1
    files[name] = bytes(data)

    with pytest.raises((ResultsRefused, ImportRefused)):
        places.take_in(
            bundle=parse_bundle(files), root_sha256=sha256(places.root.last.bundle.certificates[0].der)
        )


def test_a_folder_with_anything_beside_the_bundle_is_refused(places: Any, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    for name, data in places.hold(certify=FIRST).bundle.files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    assert read_bundle(folder) == places.root.last.bundle

    (folder / "certificates/more.cer").write_bytes(b"")
    with pytest.raises(ResultsRefused, match=r"more\.cer"):
        read_bundle(folder)
    (folder / "certificates/more.cer").unlink()
    (folder / "root.crl").unlink()
    with pytest.raises(ResultsRefused):
        read_bundle(folder)
    (folder / "root.crl").symlink_to("/etc/hostname")
    with pytest.raises(ResultsRefused, match="ordinary file"):
        read_bundle(folder)
    with pytest.raises(ResultsRefused, match="a folder"):
        read_bundle(tmp_path / "nothing")


# All or nothing

WRITES = ("reserve_serial", "save_intent", "redeem_intent", "save_issued", "save_crl", "save_status_change")


@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed, but written"])
@pytest.mark.parametrize("write", WRITES)
def test_a_failure_at_any_write_leaves_the_books_as_they_were(
    ready: Any,
    monkeypatch: pytest.MonkeyPatch,
    write: str,
    persisted: bool,  # noqa: FBT001  (a case)
) -> None:
    before, real = books(ready), getattr(ca.imports, write)

    def fails(*arguments: Any, **options: Any) -> None:
        if persisted:
            real(*arguments, **options)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(ca.imports, write, fails)
        with pytest.raises(OSError, match="No space"):
            ready.take_in()
    assert books(ready) == before

    assert ready.take_in().certificates == ("trust-list-2",)


def test_an_import_that_was_committed_and_not_told_is_found_done(founded: Any) -> None:
    """The commit reached the disk, and its process died before it could say so."""
    founded.later(days=1)
    founded.hold()
    founded.take_in()

    assert not founded.take_in().is_anything


def test_where_the_audit_cannot_be_written_nothing_is_taken_in(places: Any) -> None:
    places.hold(certify=FIRST)
    before = books(places)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        places.take_in(audit=full_disk)
    assert books(places) == before
