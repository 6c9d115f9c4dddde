"""What a verifier knows, rolled back or exchanged: status lists, trust lists, the root's list, bundles.

The document was withdrawn; whoever sits between verifier and publisher wants it to be in force again.
"""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from attack_publication import LIST_EXTENSIONS, ROOT, ROOT_CRL, STATUS, Publisher, Shelf
from attack_register import Source, attack
from attack_scene import Attempt, Scene
from sealing_office import Office
from sealing_pki import NOW, Authority, Revocation, certify, key

from signing.formats.status_list import Status
from signing.formats.trust_list import FILE_NAME, KeyState
from verify.bundle.opening import open_trust
from verify.bundle.store import TrustStore
from verify.bundle.update import VouchedRoot, update_store
from verify.memory import NOTHING_SEEN, Memory
from verify.trust import load_trust
from verify.verdict import Verdict

LISTS, BUNDLES = "Status lists and trust lists rolled back", "Trust bundles"
OPEN = Verdict.UNDECIDED
AT = NOW + timedelta(hours=6)
EARLY, LATE = NOW + timedelta(hours=2), NOW + timedelta(hours=4)


class Withdrawn:
    """A document, the shelf that says it is valid, and the later one that says it was withdrawn."""

    def __init__(self) -> None:
        self.office = Office()
        self.pdf = self.office.document()
        self.publisher = Publisher(self.office)
        self.early = self.publisher.shelf(version=1, crl=1, listed_at=EARLY)
        self.office.statuses[7] = Status.REVOKED_FRAUD
        self.late = self.publisher.shelf(version=2, crl=2, listed_at=LATE)

    def seen(self) -> Memory:
        """What somebody remembers who saw the later shelf."""
        trust = load_trust(self.late, at=AT)
        trust.status_list(1)
        return trust.remember()

    def shown(self, shelf: Shelf, memory: Memory = NOTHING_SEEN) -> Attempt:
        return Attempt(pdf=self.pdf, trust=load_trust(shelf, at=AT, memory=memory), at=AT)


@cache
def withdrawn_of(scene: Scene) -> Withdrawn:
    """Made once for each scene."""
    del scene
    return Withdrawn()


@attack(LISTS, Source.OURS, verdict=Verdict.NOT_IN_FORCE, because="revoked-fraud")
def withdrawn_document(scene: Scene) -> Attempt:
    """Nothing is changed: the withdrawn document is shown where the present lists are published."""
    withdrawn = withdrawn_of(scene)
    return withdrawn.shown(withdrawn.late)


@attack(LISTS, Source.OURS, verdict=OPEN, because="status-rolled-back")
def older_status_list(scene: Scene) -> Attempt:
    """Yesterday's status list, well signed and not expired, is shown to somebody who saw today's."""
    withdrawn = withdrawn_of(scene)
    old = {STATUS: withdrawn.early.files[STATUS]}
    return withdrawn.shown(withdrawn.late.with_(old), withdrawn.seen())


@attack(
    LISTS,
    Source.OURS,
    verdict=OPEN,
    because="seal-code",
    each=[("trust list", FILE_NAME), ("root's list", ROOT_CRL)],
)
def older(scene: Scene, name: str) -> Attempt:
    """An older list, well signed, is shown to somebody who saw a newer one."""
    withdrawn = withdrawn_of(scene)
    old = {name: withdrawn.early.files[name], STATUS: withdrawn.early.files[STATUS]}
    return withdrawn.shown(withdrawn.late.with_(old), withdrawn.seen())


@attack(LISTS, Source.OURS, verdict=OPEN, because="status-stale")
def status_list_that_has_expired(scene: Scene) -> Attempt:
    """The list that says valid is shown to somebody who never saw another, after its end."""
    withdrawn = withdrawn_of(scene)
    trust = load_trust(withdrawn.early, at=AT)
    return Attempt(pdf=withdrawn.pdf, trust=trust, at=EARLY + timedelta(days=4))


@attack(LISTS, Source.OURS, verdict=OPEN, because="status-missing")
def status_list_taken_away(scene: Scene) -> Attempt:
    """The status list cannot be had."""
    withdrawn = withdrawn_of(scene)
    rest = {name: content for name, content in withdrawn.late.files.items() if name != STATUS}
    return withdrawn.shown(Shelf(rest))


def _false_status(withdrawn: Withdrawn, kind: str) -> bytes:
    """A list that says valid, wrong in one thing."""
    office = replace(withdrawn.office, statuses={7: Status.VALID})
    publisher = Publisher(office)
    match kind:
        case "by a stranger":
            return publisher.status(LATE, private=key("stranger"))
        case "by a key of codes":
            return publisher.status(LATE, private=office.code_key)
        case "of another number":
            return publisher.status(LATE, number=2)
        case "of another site":
            return publisher.status(LATE, origin="https://evil.example")
        case "changed":
            return publisher.status(LATE)[:-1] + b"\0"
        case _:
            return publisher.status(NOW - timedelta(days=60))


@attack(
    LISTS,
    Source.OURS,
    verdict=OPEN,
    because="status-missing",
    each=[
        (kind, kind)
        for kind in (
            "by a stranger",
            "by a key of codes",
            "of another number",
            "of another site",
            "changed",
            "from before its key",
        )
    ],
)
def status_list(scene: Scene, kind: str) -> Attempt:
    """A status list that says valid, signed by whom it must not be or about something else."""
    withdrawn = withdrawn_of(scene)
    return withdrawn.shown(withdrawn.late.with_({STATUS: _false_status(withdrawn, kind)}))


def _false_trust_list(withdrawn: Withdrawn, kind: str) -> bytes:
    publisher, root = withdrawn.publisher, withdrawn.office.authority.root
    match kind:
        case "by another root":
            stranger = Authority("-forged").root
            return publisher.trust_list(certify("trust-list", stranger, LIST_EXTENSIONS), version=9)
        case "by the issuing authority":
            issuing = withdrawn.office.authority.issuing
            return publisher.trust_list(certify("trust-list", issuing, LIST_EXTENSIONS), version=9)
        case "by a seal":
            return publisher.trust_list(withdrawn.office.authority.seal, version=9)
        case "by a certificate that had ended":
            ended = certify("trust-list", root, LIST_EXTENSIONS, not_after=NOW - timedelta(days=1))
            return publisher.trust_list(ended, version=9)
        case _:
            return withdrawn.late.files[FILE_NAME][:-1] + b"\0"


@attack(
    LISTS,
    Source.OURS,
    verdict=OPEN,
    because="refused: trust-list.cwt",
    each=[
        (kind, kind)
        for kind in (
            "by another root",
            "by the issuing authority",
            "by a seal",
            "by a certificate that had ended",
            "changed",
        )
    ],
)
def trust_list(scene: Scene, kind: str) -> Attempt:
    """A trust list that the root does not vouch for."""
    withdrawn = withdrawn_of(scene)
    return withdrawn.shown(withdrawn.late.with_({FILE_NAME: _false_trust_list(withdrawn, kind)}))


@attack(LISTS, Source.OURS, verdict=OPEN, because="refused: trust-list.cwt")
def trust_list_by_a_revoked_signer(_: Scene) -> Attempt:
    """The key of trust lists was stolen and its certificate revoked: the root's list says so."""
    withdrawn = Withdrawn()
    serial = withdrawn.publisher.signer.certificate.serial_number
    withdrawn.office.authority.revoked[serial] = Revocation(NOW)
    return withdrawn.shown(withdrawn.late.with_({ROOT_CRL: withdrawn.publisher.root_crl(3)}))


@attack(LISTS, Source.OURS, verdict=OPEN, because="not there: crl")
def roots_list_taken_away(scene: Scene) -> Attempt:
    """Without the root's list nobody knows whether the key of trust lists was stolen."""
    withdrawn = withdrawn_of(scene)
    rest = {name: content for name, content in withdrawn.late.files.items() if name != ROOT_CRL}
    return withdrawn.shown(Shelf(rest))


@attack(LISTS, Source.OURS, verdict=OPEN, because="refused: root.pem")
def another_root(scene: Scene) -> Attempt:
    """A whole shelf of somebody's own is shown to somebody who remembers ours."""
    other = Office(authority=Authority("-forged"))
    shelf = Publisher(other).shelf(version=9, crl=9)
    return withdrawn_of(scene).shown(shelf, withdrawn_of(scene).seen())


@attack(LISTS, Source.OURS, verdict=OPEN, because="seal-code")
def trust_list_that_has_expired(scene: Scene) -> Attempt:
    """The trust list's own end has passed."""
    withdrawn = withdrawn_of(scene)
    ended = {"issued_at": NOW - timedelta(days=20), "expires_at": NOW - timedelta(days=1), "version": 3}
    return withdrawn.shown(withdrawn.late.with_({FILE_NAME: withdrawn.publisher.trust_list(**ended)}))


@attack(LISTS, Source.OURS, because="seal-code")
def key_of_the_code_withdrawn_before_the_seal(scene: Scene) -> Attempt:
    """The code is by a key that was stolen and withdrawn before the file was sealed."""
    withdrawn = withdrawn_of(scene)
    (found,) = withdrawn.publisher.list_content().seal_keys
    stolen = replace(found, state=KeyState.COMPROMISED, not_after=NOW - timedelta(days=1))
    listed = withdrawn.publisher.trust_list(version=3, seal_keys=(stolen,))
    return withdrawn.shown(withdrawn.late.with_({FILE_NAME: listed}))


# --- bundles ------------------------------------------------------------------------------------------------


def _root_of(shelf: Shelf) -> VouchedRoot:
    return VouchedRoot.from_pem(shelf.files[ROOT])


def _stored(withdrawn: Withdrawn, first: Shelf, then: Shelf) -> Attempt:
    """A store that took in `first`, is shown `then`, and is asked of the document."""
    with TemporaryDirectory() as folder:
        store = TrustStore(Path(folder) / "store")
        update_store(store, first.write(Path(folder) / "first"), at=AT, root=_root_of(withdrawn.late))
        update_store(store, then.write(Path(folder) / "then"), at=AT)
        trust = store.open(at=AT)
        trust.status_list(1)
        return Attempt(pdf=withdrawn.pdf, trust=trust, at=AT)


@attack(
    BUNDLES,
    Source.OURS,
    verdict=OPEN,
    because="bundle-rolled-back",
    each=[("an older number", 1), ("the same number", 2)],
)
def bundle_that_goes_back(scene: Scene, version: int) -> Attempt:
    """A well signed bundle of older lists is shown to a store that holds a newer one."""
    withdrawn, publisher = withdrawn_of(scene), withdrawn_of(scene).publisher
    new = publisher.bundled(withdrawn.late, version=2, at=LATE)
    return _stored(withdrawn, new, publisher.bundled(withdrawn.early, version=version, at=EARLY))


@attack(BUNDLES, Source.OURS, verdict=OPEN, because="bundle-rolled-back")
def newer_bundle_of_older_lists(scene: Scene) -> Attempt:
    """A bundle with a higher number that holds lists older than those that the store has seen."""
    withdrawn, publisher = withdrawn_of(scene), withdrawn_of(scene).publisher
    new = publisher.bundled(withdrawn.late, version=2, at=LATE)
    return _stored(withdrawn, new, publisher.bundled(withdrawn.early, version=3, at=LATE))


@attack(BUNDLES, Source.OURS, verdict=OPEN, because="status-rolled-back")
def store_that_has_forgotten(scene: Scene) -> Attempt:
    """Older lists lie where a copy is kept, as a store of its own, for somebody who remembers newer ones."""
    withdrawn, publisher = withdrawn_of(scene), withdrawn_of(scene).publisher
    old = withdrawn.late.with_({STATUS: withdrawn.early.files[STATUS]})
    with TemporaryDirectory() as folder:
        store = TrustStore(Path(folder) / "store")
        shelf = publisher.bundled(old, version=1, at=EARLY).write(Path(folder) / "old")
        update_store(store, shelf, at=AT, root=_root_of(withdrawn.late))
        trust = open_trust(store.path, at=AT, memory=withdrawn.seen())
        content = {name: trust.source.read(name) for name in withdrawn.late.files}
    kept = Shelf({name: data for name, data in content.items() if data is not None})
    return Attempt(pdf=withdrawn.pdf, trust=replace(trust, source=kept), at=AT)


@attack(BUNDLES, Source.OURS, verdict=OPEN, because="bundle-incomplete")
def file_exchanged_in_a_bundle(scene: Scene) -> Attempt:
    """In the newer bundle's place of the status list lies the older one."""
    withdrawn, publisher = withdrawn_of(scene), withdrawn_of(scene).publisher
    first = publisher.bundled(withdrawn.early, version=1, at=EARLY)
    new = publisher.bundled(withdrawn.late, version=2, at=LATE)
    (place,) = [
        name for name, content in new.files.items() if name[:7] == "bundle/" and content == new.files[STATUS]
    ]
    return _stored(withdrawn, first, new.with_({place: withdrawn.early.files[STATUS]}))


@attack(BUNDLES, Source.OURS, verdict=OPEN, because="bundle-from-the-future")
def bundle_of_tomorrow(scene: Scene) -> Attempt:
    """A bundle that is dated in the future, so that nothing newer would be taken for long."""
    withdrawn, publisher = withdrawn_of(scene), withdrawn_of(scene).publisher
    first = publisher.bundled(withdrawn.late, version=1, at=LATE)
    return _stored(withdrawn, first, publisher.bundled(withdrawn.late, version=9, at=AT + timedelta(days=1)))


@attack(
    BUNDLES,
    Source.OURS,
    verdict=OPEN,
    because="bundle-not-believed",
    each=[("another root", "-forged"), ("a seal", "")],
)
def bundle_signed_by(scene: Scene, label: str) -> Attempt:
    """A bundle that nobody whom the root certified for it has signed."""
    withdrawn, publisher = withdrawn_of(scene), withdrawn_of(scene).publisher
    stranger = certify("trust-list", Authority(label).root, LIST_EXTENSIONS) if label else None
    signer = stranger or withdrawn.office.authority.seal
    first = publisher.bundled(withdrawn.late, version=1, at=LATE)
    return _stored(withdrawn, first, publisher.bundled(withdrawn.early, version=9, at=LATE, signer=signer))


@attack(BUNDLES, Source.OURS, verdict=OPEN, because="another-root")
def bundle_with_a_root_of_its_own(scene: Scene) -> Attempt:
    """On first use, a bundle of somebody's own, whose root is not the one that is vouched for."""
    withdrawn = withdrawn_of(scene)
    other = Publisher(Office(authority=Authority("-forged")))
    own = other.bundled(other.shelf(), version=1, at=LATE)
    fingerprint = VouchedRoot.from_fingerprint(_root_of(withdrawn.late).fingerprint)
    with TemporaryDirectory() as folder:
        store = TrustStore(Path(folder) / "store")
        update_store(store, own.write(Path(folder) / "own"), at=AT, root=fingerprint)
        return Attempt(pdf=withdrawn.pdf, trust=store.open(at=AT), at=AT)
