"""Making the root's key under sheets of words, or opening it from them."""

from collections.abc import Sequence
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca.ceremony.certified import certified_facts
from ca.ceremony.earlier import Earlier
from ca.ceremony.errors import PlanRefused, SheetRefused
from ca.ceremony.plan import CreateRoot, Plan
from ca.ceremony.results import sha256
from ca.ceremony.root_key import KEY_ID, Custody, make_root_key, open_root_key
from ca.ceremony.scene import OpenRoot, Scene
from ca.ceremony.shares import Sheet, combine, new_secret, split
from ca.ceremony.sheet_checks import FromThisSet, SameSheet
from ca.ceremony.transcript import Mark, MarkKind
from ca.certificates import CertificateRequest, Issuer, issue, prepare, sign
from ca.imports import import_bundle
from ca.profiles import ProfileName
from ca.serials import check_serial, random_serial
from keys.key_file import ScryptCost
from keys.signer import Signer


def create_root(scene: Scene, act: CreateRoot, cost: ScryptCost) -> OpenRoot:
    """A new key, its sheets handed out and typed back, its certificate signed by itself.

    Raises:
        SheetRefused: the sheets as they were typed do not open the key.
        ProfileViolation: the certificate breaks the root's profile.
    """
    plan = scene.plan
    secret = new_secret()
    key_file = make_root_key(plan.root.algorithm, secret, key_id=scene.key_id, cost=cost)
    scene.step("create-root: the root's key is made", ("algorithm", plan.root.algorithm.value))
    custody, sheets = _share(scene, secret)
    signer = _open_from(scene, key_file, sheets)
    subject = plan.root.subject.name()
    itself = Issuer(name=KEY_ID, subject=subject, signer=signer, certificate=None)
    request = CertificateRequest(
        profile=ProfileName.ROOT,
        name=KEY_ID,
        subject=subject,
        key_id=KEY_ID,
        public_key=signer.public_key,
        lifetime=timedelta(days=act.valid_days),
    )
    certificate = issue(scene.books, itself, request, at=scene.clock(), urls=plan.urls)
    scene.step("create-root: the root's certificate is signed", *certified_facts(certificate))
    issuer = Issuer(name=KEY_ID, subject=subject, signer=signer, certificate=certificate)
    return OpenRoot(issuer=issuer, custody=custody, key_file=key_file)


def open_root(scene: Scene, earlier: Earlier, cost: ScryptCost) -> OpenRoot:
    """The key of an earlier ceremony, from as many sheets as it needs.

    Raises:
        PlanRefused: the earlier results are others than the plan states, or are not whole.
        SheetRefused: the sheets do not open the key.
    """
    _check_earlier(scene, earlier)
    custody, key_file = earlier.custody, earlier.key_file
    if scene.is_rehearsal:
        custody, key_file = _stand_in(scene, cost)
    signer = _collect(scene, custody, key_file)
    root = earlier.bundle.root
    if scene.is_rehearsal:
        root = _stand_in_certificate(root, signer, scene.plan)
    if _spki(signer.public_key) != _spki(root.public_key()):
        raise PlanRefused(field="root.earlier", rule="the key in its file is the one that its root certifies")
    issuer = Issuer(name=KEY_ID, subject=root.subject, signer=signer, certificate=root)
    return OpenRoot(issuer=issuer, custody=custody, key_file=key_file)


def _share(scene: Scene, secret: bytes) -> tuple[Custody, list[Sheet]]:
    """Splits the secret and hands the sheets out; returns them as they were typed back."""
    plan, count = scene.plan, len(scene.plan.custodians)
    custody, sheets = _split(plan, secret)
    scene.step(
        "create-root: the passphrase of its file is shared",
        ("sheets", str(count)),
        ("needed to open", str(plan.threshold)),
        ("set of sheets", Mark(MarkKind.SET, str(custody.share_set))),
    )
    typed = []
    for custodian, sheet in zip(plan.custodians, sheets, strict=True):
        check = SameSheet(sheet)
        scene.room.hand_out(custodian, sheet, count=count, check=check)
        typed.append(check.passed())
        scene.step(
            f"create-root: sheet {sheet.number} of {count} is handed out and typed back",
            ("to", custodian),
        )
    return custody, typed


def _split(plan: Plan, secret: bytes) -> tuple[Custody, list[Sheet]]:
    sheets = list(split(secret, threshold=plan.threshold, count=len(plan.custodians)))
    custody = Custody(share_set=sheets[0].share_set, threshold=plan.threshold, custodians=plan.custodians)
    return custody, sheets


def _open_from(scene: Scene, key_file: bytes, sheets: Sequence[Sheet]) -> Signer:
    """Open the key by sheets as they were typed: each of them takes part at least once."""
    threshold, doubled = scene.plan.threshold, [*sheets, *sheets]
    groups = [doubled[start : start + threshold] for start in range(len(sheets))]
    secrets = {combine(group) for group in groups}
    if len(secrets) != 1:
        raise SheetRefused(rule="the sheets do not open one and the same key")
    signer = open_root_key(key_file, secrets.pop(), key_id=scene.key_id)
    tried = ", ".join("+".join(str(sheet.number) for sheet in group) for group in groups)
    scene.step(
        "create-root: the key is opened from the sheets",
        ("sheets tried together", tried),
        ("public key SHA-256", _key_mark(signer)),
    )
    return signer


def _check_earlier(scene: Scene, earlier: Earlier) -> None:
    earlier.require_stated(scene.plan)
    fingerprint = sha256(earlier.bundle.certificates[0].der)
    imported = import_bundle(
        scene.books,
        earlier.bundle,
        at=scene.clock(),
        root_sha256=fingerprint,
        own_key=None,
        may_have_ended=True,
    )
    scene.step(
        "open-root: the results of the last ceremony are checked",
        ("ceremony", earlier.bundle.ceremony),
        ("root certificate SHA-256", fingerprint),
        ("certificates", str(len(earlier.bundle.certificates))),
        ("last list", f"number {imported.crl.number}"),
    )


def _stand_in(scene: Scene, cost: ScryptCost) -> tuple[Custody, bytes]:
    """In a rehearsal, another key under sheets of its own, which the room has."""
    secret = new_secret()
    key_file = make_root_key(scene.plan.root.algorithm, secret, key_id=scene.key_id, cost=cost)
    custody, sheets = _split(scene.plan, secret)
    scene.played_by(sheets)
    return custody, key_file


def _collect(scene: Scene, custody: Custody, key_file: bytes) -> Signer:
    given: list[Sheet] = []
    while len(given) < custody.threshold:
        check = FromThisSet(custody, given)
        scene.room.collect(custody.custodians, check=check)
        given.append(check.passed())
    signer = open_root_key(key_file, combine(given), key_id=scene.key_id)
    who = ", ".join(sorted(custody.custodians[sheet.number - 1] for sheet in given))
    scene.step(
        "open-root: the key is opened from the sheets",
        ("sheets", f"{len(given)} of {len(custody.custodians)}"),
        ("of", Mark(MarkKind.PEOPLE, who)),
        ("set of sheets", Mark(MarkKind.SET, str(custody.share_set))),
        ("public key SHA-256", _key_mark(signer)),
    )
    return signer


def _stand_in_certificate(root: x509.Certificate, signer: Signer, plan: Plan) -> x509.Certificate:
    """In a rehearsal: a certificate like the root's, of a throwaway key, kept nowhere."""
    itself = Issuer(name=KEY_ID, subject=root.subject, signer=signer, certificate=None)
    request = CertificateRequest(
        profile=ProfileName.ROOT,
        name=KEY_ID,
        subject=root.subject,
        key_id=signer.key_id,
        public_key=signer.public_key,
        lifetime=root.not_valid_after_utc - root.not_valid_before_utc,
    )
    begins, serial = root.not_valid_before_utc, check_serial(random_serial())
    return sign(itself, prepare(itself, request, serial=serial, at=begins, urls=plan.urls))


def _key_mark(signer: Signer) -> Mark:
    return Mark(MarkKind.KEY, sha256(_spki(signer.public_key)))


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
