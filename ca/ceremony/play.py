"""Carrying out a plan, step by step, in a room; nothing touches a disk.

A rehearsal walks through the same steps with throwaway keys and without people, and writes
the same transcript but for its marked fields. What comes out of a ceremony has passed, before
anybody sees it, the checks with which the service will take it in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool

from ca.ceremony.bundle import CONTENTS, LIST_FILE, Bundle, BundledCertificate
from ca.ceremony.certified import certified_facts
from ca.ceremony.earlier import Earlier
from ca.ceremony.errors import PlanRefused, RequestRefused, SheetRefused
from ca.ceremony.plan import Act, Certify, CreateRoot, IssueCrl, Plan, Revoke
from ca.ceremony.results import BUNDLE, PLAN, SIGNATURES, TRANSCRIPT, TRANSCRIPT_JSON, sha256
from ca.ceremony.room import EmptyRoom, Room
from ca.ceremony.root_key import (
    FILE_NAME,
    KEY_ID,
    RECORD_NAME,
    REHEARSED_KEY_ID,
    Custody,
    make_root_key,
    open_root_key,
)
from ca.ceremony.shares import Sheet, combine, new_secret, read_sheet, read_words, split
from ca.ceremony.signatures import signature_form
from ca.ceremony.transcript import Mark, MarkKind, Step, Transcript, Value
from ca.certificates import CertificateRequest, Issuer, issue, prepare, sign
from ca.clock import Clock
from ca.crl import issue_crl
from ca.csr import check_subject, key_kind, parse_request
from ca.imports import Imported, import_bundle
from ca.profiles import ProfileName
from ca.refusals import RequestRefused as RequestNotAccepted
from ca.revocation import revoke, revoke_authority
from ca.serials import check_serial, random_serial, serial_text
from ca.store import load_certificate, load_last_crl, prepare_books
from keys.key_file import ScryptCost
from keys.signer import Signer

WRITTEN = "The results are written"
DIGESTED = (FILE_NAME, RECORD_NAME, f"{BUNDLE}/{CONTENTS}", f"{BUNDLE}/{LIST_FILE}")
"""Results whose digests the transcript states; the list of contents states those of the certificates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """How a ceremony, or its rehearsal, ended."""

    transcript: Transcript
    bundle: Bundle
    files: Mapping[str, bytes]  # the results; a rehearsal leaves its transcript and nothing else


def rehearse(plan: Plan, *, clock: Clock, program: str, earlier: Earlier | None = None) -> Performance:
    """Play the plan on throwaway keys; see `perform`."""
    stage = _Stage(plan, EmptyRoom(), clock=clock, program=program, earlier=earlier, is_rehearsal=True)
    return stage.play(ScryptCost(n=2, p=1))


def perform(
    plan: Plan,
    room: Room,
    *,
    clock: Clock,
    program: str,
    earlier: Earlier | None = None,
    cost: ScryptCost | None = None,
) -> Performance:
    """Carry the plan out.

    Args:
        plan: what is to happen.
        room: who is there.
        clock: the time of the ceremony's machine.
        program: name and version, for the transcript.
        earlier: the last ceremony's results, where the plan opens an existing root.
        cost: of opening the key file.

    Raises:
        CeremonyError: a step could not be taken; there are no results.
        ProfileViolation: what was to be signed breaks its profile.
    """
    stage = _Stage(plan, room, clock=clock, program=program, earlier=earlier, is_rehearsal=False)
    return stage.play(cost or ScryptCost())


class _Stage:
    """One ceremony under way."""

    def __init__(
        self,
        plan: Plan,
        room: Room,
        *,
        clock: Clock,
        program: str,
        earlier: Earlier | None,
        is_rehearsal: bool,
    ) -> None:
        self._plan, self._room, self._clock = plan, room, clock
        self._earlier, self._is_rehearsal = earlier, is_rehearsal
        self._transcript = Transcript(head=_head(plan, program, is_rehearsal=is_rehearsal))
        self._key_id = REHEARSED_KEY_ID if is_rehearsal else KEY_ID
        self._custody: Custody | None = None
        self._key_file = b""
        self._issued: list[BundledCertificate] = []  # here, in this order
        self._crl = b""

    def play(self, cost: ScryptCost) -> Performance:
        """Every act, in order, then the results."""
        engine = _memory_books()
        try:
            self._step(
                "The plan is read", ("acts", str(len(self._plan.acts))), ("SHA-256", self._plan.sha256)
            )
            issuer = (
                self._create_root(engine, cost) if self._earlier is None else self._open_root(engine, cost)
            )
            for act in self._plan.acts:
                self._act(engine, issuer, act)
            return self._finish(issuer)
        finally:
            engine.dispose()

    def _act(self, engine: Engine, issuer: Issuer, act: Act) -> None:
        match act:
            case CreateRoot():
                pass  # came first
            case Certify():
                self._certify(engine, issuer, act)
            case Revoke():
                self._revoke(engine, act)
            case IssueCrl():
                self._issue_crl(engine, issuer, act)
            case _:
                assert_never(act)

    # The root

    def _create_root(self, engine: Engine, cost: ScryptCost) -> Issuer:
        plan = self._plan
        act = next(each for each in plan.acts if isinstance(each, CreateRoot))
        secret = new_secret()
        self._key_file = make_root_key(plan.root.algorithm, secret, key_id=self._key_id, cost=cost)
        self._step("create-root: the root's key is made", ("algorithm", plan.root.algorithm.value))
        sheets = self._share(secret)
        signer = self._open_from(sheets)
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
        certificate = issue(engine, itself, request, at=self._clock(), urls=plan.urls)
        self._step("create-root: the root's certificate is signed", *certified_facts(certificate))
        return Issuer(name=KEY_ID, subject=subject, signer=signer, certificate=certificate)

    def _share(self, secret: bytes) -> list[Sheet]:
        plan, count = self._plan, len(self._plan.custodians)
        sheets = split(secret, threshold=plan.threshold, count=count)
        self._custody = Custody(
            share_set=sheets[0].share_set, threshold=plan.threshold, custodians=plan.custodians
        )
        self._step(
            "create-root: the passphrase of its file is shared",
            ("sheets", str(count)),
            ("needed to open", str(plan.threshold)),
            ("set of sheets", Mark(MarkKind.SET, str(sheets[0].share_set))),
        )
        typed = []
        for custodian, sheet in zip(plan.custodians, sheets, strict=True):
            check = _SameSheet(sheet)
            self._room.hand_out(custodian, sheet, count=count, check=check)
            typed.append(check.passed())
            self._step(
                f"create-root: sheet {sheet.number} of {count} is handed out and typed back",
                ("to", custodian),
            )
        return typed

    def _open_from(self, sheets: Sequence[Sheet]) -> Signer:
        """Open the key by sheets as they were typed: each of them takes part at least once."""
        threshold, doubled = self._plan.threshold, [*sheets, *sheets]
        groups = [doubled[start : start + threshold] for start in range(len(sheets))]
        secrets = {combine(group) for group in groups}
        if len(secrets) != 1:
            raise SheetRefused(rule="the sheets do not open one and the same key")
        signer = open_root_key(self._key_file, secrets.pop(), key_id=self._key_id)
        tried = ", ".join("+".join(str(sheet.number) for sheet in group) for group in groups)
        self._step(
            "create-root: the key is opened from the sheets",
            ("sheets tried together", tried),
            ("public key SHA-256", _key_mark(signer)),
        )
        return signer

    def _open_root(self, engine: Engine, cost: ScryptCost) -> Issuer:
        earlier = self._earlier
        assert earlier is not None  # noqa: S101  (the caller looked)
        earlier.require_stated(self._plan)
        fingerprint = sha256(earlier.bundle.certificates[0].der)
        imported = import_bundle(
            engine,
            earlier.bundle,
            at=self._clock(),
            root_sha256=fingerprint,
            own_key=None,
            may_have_ended=True,
        )
        self._step(
            "open-root: the results of the last ceremony are checked",
            ("ceremony", earlier.bundle.ceremony),
            ("root certificate SHA-256", fingerprint),
            ("certificates", str(len(earlier.bundle.certificates))),
            ("last list", f"number {imported.crl.number}"),
        )
        self._custody, self._key_file = earlier.custody, earlier.key_file
        if self._is_rehearsal:
            self._stand_in(cost)
        signer = self._collect()
        root = earlier.bundle.root
        if self._is_rehearsal:
            root = _stand_in_certificate(root, signer, self._plan)
        if _spki(signer.public_key) != _spki(root.public_key()):
            raise PlanRefused(
                field="root.earlier", rule="the key in its file is the one that its root certifies"
            )
        return Issuer(name=KEY_ID, subject=root.subject, signer=signer, certificate=root)

    def _stand_in(self, cost: ScryptCost) -> None:
        """In a rehearsal, another key under sheets of its own, which the room has."""
        secret = new_secret()
        self._key_file = make_root_key(self._plan.root.algorithm, secret, key_id=self._key_id, cost=cost)
        sheets = split(secret, threshold=self._plan.threshold, count=len(self._plan.custodians))
        self._custody = Custody(
            share_set=sheets[0].share_set, threshold=self._plan.threshold, custodians=self._plan.custodians
        )
        self._room = EmptyRoom(sheets=list(sheets))

    def _collect(self) -> Signer:
        custody = self._custody
        assert custody is not None  # noqa: S101  (set by the caller)
        given: list[Sheet] = []
        while len(given) < custody.threshold:
            check = _FromThisSet(custody, given)
            self._room.collect(custody.custodians, check=check)
            given.append(check.passed())
        signer = open_root_key(self._key_file, combine(given), key_id=self._key_id)
        who = ", ".join(sorted(custody.custodians[sheet.number - 1] for sheet in given))
        self._step(
            "open-root: the key is opened from the sheets",
            ("sheets", f"{len(given)} of {len(custody.custodians)}"),
            ("of", Mark(MarkKind.PEOPLE, who)),
            ("set of sheets", Mark(MarkKind.SET, str(custody.share_set))),
            ("public key SHA-256", _key_mark(signer)),
        )
        return signer

    # The acts

    def _certify(self, engine: Engine, issuer: Issuer, act: Certify) -> None:
        try:
            asked = parse_request(act.request)
            check_subject(asked.subject, act.subject.name())
        except RequestNotAccepted as error:
            raise RequestRefused(name=act.name, rule=str(error)) from error
        self._step(
            f"certify {act.name}: the request is checked",
            ("request SHA-256", act.request_sha256),
            ("key", key_kind(asked.public_key)),
            ("public key SHA-256", asked.key_fingerprint),
            ("proof of possession", "the request is signed with the key"),
        )
        request = CertificateRequest(
            profile=act.profile,
            name=act.name,
            subject=act.subject.name(),
            key_id=act.name,
            public_key=asked.public_key,
            lifetime=timedelta(days=act.valid_days),
        )
        at = self._clock()
        if issuer.certificate is not None and at + timedelta(days=act.valid_days) > _end(issuer.certificate):
            raise PlanRefused(
                field=f"certify {act.name}: valid-days",
                rule=f"not beyond the root, until {_end(issuer.certificate):%Y-%m-%d}",
            )
        certificate = issue(engine, issuer, request, at=at, urls=self._plan.urls)
        self._issued.append(BundledCertificate(name=act.name, profile=act.profile, certificate=certificate))
        self._step(
            f"certify {act.name}: the certificate is signed",
            ("profile", act.profile.value),
            *certified_facts(certificate),
        )

    def _revoke(self, engine: Engine, act: Revoke) -> None:
        at = self._clock()
        with engine.begin() as connection:
            found = load_certificate(connection, act.serial_number)
            if found.name != act.name:
                raise PlanRefused(
                    field=f"revoke {serial_text(act.serial_number)}",
                    rule=f"this certificate is of the key {found.name}, and the plan says {act.name}",
                )
            change = revoke_authority if found.profile is ProfileName.ISSUING else revoke
            change(
                connection, act.serial_number, reason=act.reason, at=at, by=f"ceremony {self._plan.ceremony}"
            )
        self._step(
            f"revoke {act.name}",
            ("serial number", serial_text(act.serial_number)),
            ("reason", act.reason.value),
        )

    def _issue_crl(self, engine: Engine, issuer: Issuer, act: IssueCrl) -> None:
        with engine.connect() as connection:
            last = load_last_crl(connection, KEY_ID)
        due = 1 if last is None else last.number + 1
        if act.number != due:
            raise PlanRefused(field="issue-crl: number", rule=f"{due}, which follows the last list")
        crl = issue_crl(engine, issuer, at=self._clock(), lasts=timedelta(days=act.valid_days))
        self._crl = crl.der
        listed = sorted(serial_text(each.serial_number) for each in x509.load_der_x509_crl(crl.der))
        self._step(
            "issue-crl: the revocation list is signed",
            ("number", str(crl.number)),
            ("relied on for", f"{act.valid_days} days"),
            ("revoked certificates", " ".join(listed) or "none"),
            ("SHA-256", Mark(MarkKind.DIGEST, sha256(crl.der))),
        )

    # The end

    def _finish(self, issuer: Issuer) -> Performance:
        bundle = self._bundle(issuer)
        imported = self._try_import(bundle, issuer)
        self._step(
            "The service would take the results in",
            ("root certificate SHA-256", Mark(MarkKind.DIGEST, imported.root_sha256)),
            ("certificates", str(len(bundle.certificates))),
            ("list", f"number {imported.crl.number}"),
        )
        assert self._custody is not None  # noqa: S101  (a root was made or opened)
        plan = self._plan
        reviewed = {PLAN: plan.source}
        reviewed |= {act.request_file: act.request for act in plan.acts if isinstance(act, Certify)}
        made = {FILE_NAME: self._key_file, RECORD_NAME: self._custody.encode()}
        made |= {f"{BUNDLE}/{name}": data for name, data in bundle.files().items()}
        self._step(
            WRITTEN,
            *((name, sha256(data)) for name, data in reviewed.items()),
            *((name, Mark(MarkKind.DIGEST, sha256(made[name]))) for name in DIGESTED),
        )
        transcript = self._transcript
        files = reviewed | made
        files |= {TRANSCRIPT: transcript.encode(), TRANSCRIPT_JSON: transcript.to_json()}
        files[SIGNATURES] = signature_form(plan, transcript)
        return Performance(transcript=transcript, bundle=bundle, files=files)

    def _bundle(self, issuer: Issuer) -> Bundle:
        before = () if self._earlier is None else self._earlier.bundle.certificates[1:]
        root = _bundled_root(issuer)
        return Bundle(
            ceremony=self._plan.ceremony, certificates=(root, *before, *self._issued), crl=self._crl
        )

    def _try_import(self, bundle: Bundle, issuer: Issuer) -> Imported:
        """As the service will, into books of its own; a rehearsal's root vouches only for what it signed."""
        left_out: frozenset[int] = frozenset()
        if self._is_rehearsal:
            left_out = frozenset(each.certificate.serial_number for each in bundle.certificates)
            bundle = replace(bundle, certificates=(_bundled_root(issuer), *self._issued))
        engine = _memory_books()
        try:
            fingerprint = sha256(bundle.certificates[0].der)
            return import_bundle(
                engine,
                bundle,
                at=self._clock(),
                root_sha256=fingerprint,
                own_key=None,
                left_out=left_out,
            )
        finally:
            engine.dispose()

    def _step(self, title: str, *facts: tuple[str, Value]) -> None:
        step = Step(title=title, facts=facts, at=self._clock())
        self._transcript.steps.append(step)
        self._room.told(step)


class _Check:
    """Reads what was typed, and remembers it once it passed."""

    def __init__(self) -> None:
        self._passed: Sheet | None = None

    def __call__(self, typed: str) -> Sheet:
        sheet = read_sheet(typed)
        self._examine(sheet)
        self._passed = sheet
        return sheet

    def passed(self) -> Sheet:
        """What passed.

        Raises:
            SheetRefused: nothing did.
        """
        if self._passed is None:
            raise SheetRefused(rule="nobody typed it")
        return self._passed

    def _examine(self, sheet: Sheet) -> None:
        raise NotImplementedError


class _SameSheet(_Check):
    """Is it the sheet that was handed out, word for word?"""

    def __init__(self, handed_out: Sheet) -> None:
        super().__init__()
        self._handed_out = handed_out

    def __call__(self, typed: str) -> Sheet:
        """Read it, naming the first word that is another than on the sheet."""
        pairs = zip(read_words(typed), self._handed_out.words, strict=True)
        for place, (word, right) in enumerate(pairs, start=1):
            if word != right:
                raise SheetRefused(rule=f"word {place} is not the one on the sheet")
        return super().__call__(typed)

    def _examine(self, sheet: Sheet) -> None:
        if sheet != self._handed_out:
            raise SheetRefused(rule="it is not the sheet that was just handed out")


class _FromThisSet(_Check):
    """Does it belong to this key, and was it not given before?"""

    def __init__(self, custody: Custody, given: Sequence[Sheet]) -> None:
        super().__init__()
        self._custody, self._given = custody, given

    def _examine(self, sheet: Sheet) -> None:
        custody = self._custody
        if sheet.share_set != custody.share_set or sheet.threshold != custody.threshold:
            raise SheetRefused(
                rule=f"it belongs to set {sheet.share_set}, and this key's sheets to set {custody.share_set}"
            )
        if sheet.number > len(custody.custodians) or sheet.number in {each.number for each in self._given}:
            raise SheetRefused(rule=f"sheet {sheet.number} was given before, or there is none of this number")


def _head(plan: Plan, program: str, *, is_rehearsal: bool) -> tuple[tuple[str, Value], ...]:
    sheets = ((f"custodian of sheet {number}", name) for number, name in enumerate(plan.custodians, start=1))
    return (
        ("ceremony", plan.ceremony),
        ("mode", Mark(MarkKind.MODE, "rehearsal" if is_rehearsal else "ceremony")),
        ("program", program),
        ("plan SHA-256", plan.sha256),
        ("purpose", plan.purpose),
        ("place", plan.place),
        ("addresses in certificates", plan.urls.origin),
        *((person.role, person.name) for person in plan.people),
        *sheets,
        ("sheets needed to open", f"{plan.threshold} of {len(plan.custodians)}"),
    )


def _memory_books() -> Engine:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    prepare_books(engine)
    return engine


def _bundled_root(issuer: Issuer) -> BundledCertificate:
    assert issuer.certificate is not None  # noqa: S101  (a root has signed its own)
    return BundledCertificate(name=KEY_ID, profile=ProfileName.ROOT, certificate=issuer.certificate)


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


def _end(certificate: x509.Certificate) -> datetime:
    return certificate.not_valid_after_utc


def _key_mark(signer: Signer) -> Mark:
    return Mark(MarkKind.KEY, sha256(_spki(signer.public_key)))


def _spki(key: object) -> bytes:
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert hasattr(key, "public_bytes")  # noqa: S101  (public keys of this library do)
    return bytes(key.public_bytes(*form))
