"""The service's side of a ceremony: what it hands out, what it takes in, what will soon be due.

    <dir>/ceremony/            requests and a drafted plan, for a ceremony elsewhere
    <dir>/offline-root/        where this machine held its own: to be carried away, and read by nobody here

The service has no key of the root and needs none: see docs/operations/ceremony.md.
"""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Engine

from ca.auditing import AuditRecorder, unrecorded
from ca.ceremony.bundle import read_bundle
from ca.ceremony.errors import ImportRefused
from ca.ceremony.plan import Subject, ceremony_profile, load_plan
from ca.ceremony.play import perform
from ca.ceremony.requests import (
    DraftedRequest,
    DraftedRevocation,
    Gathering,
    KnownRoot,
    certified_subject,
    draft_plan,
    draft_request,
    root_subject,
)
from ca.ceremony.results import PLAN, require_free, write_results
from ca.ceremony.sheets import SheetFolder
from ca.clock import Clock
from ca.csr import key_kind
from ca.imports import ROOT, Imported, import_bundle, load_root
from ca.names import Operator
from ca.profiles import PROFILES, ProfileName
from ca.reasons import RevocationReason
from ca.store import find_certificates, load_certificate, load_last_crl
from issuance.public_files import write_public
from issuance.settings import Layout
from keys.keyring import KeyRecord, Keyring, KeyState
from keys.signer import Algorithm, PublicKey

LINES = (ProfileName.ISSUING, ProfileName.TRUST_LIST)
WARN_BEFORE = timedelta(days=60)
_TO_BE_CERTIFIED = frozenset({KeyState.PRE_ACTIVE, KeyState.ACTIVE})
OWN_CEREMONY = Gathering(
    ceremony="root",
    purpose="The root of an installation that one machine set up by itself",
    place="this machine",
    people=(("set up by", "wathiqa init"),),
    custodians=("first sheet", "second sheet", "third sheet"),
    threshold=2,
)
_README = """\
The root's key of this installation is here. The service does not read this folder.

    ceremony/root.key.pem   the key, encrypted
    sheets/                 three sheets; any two of them open it
    ceremony/transcript.txt what was done, step by step

While all of this lies on one machine, whoever takes the machine has the root. So:

1. Print the sheets and give them to three people who keep them apart. Delete the folder sheets/.
2. Carry the folder ceremony/ away, on two media, into two safes. Delete this folder.

The service goes on without it. Once a year, and when an authority's certificate is to be renewed or
revoked, the key is opened in a ceremony: docs/operations/ceremony.md.

هنا المفتاح الجذر لهذا التثبيت، والخدمة لا تقرأ هذا المجلد. اطبع الأوراق الثلاث وسلّمها لثلاثة أشخاص يحفظونها
متفرقة، وانقل المجلد ceremony إلى مكان آمن، ثم احذف هذا المجلد من هنا.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Something that only a ceremony renews."""

    what: str
    act: str
    ends: datetime  # of what waits, since when
    is_over: bool
    waits: bool = False  # a key of ours that no ceremony has certified yet

    @property
    def standing(self) -> str:
        """How it is with it; a date belongs behind."""
        if self.waits:
            return "waits for its certificate since"
        return "ended on" if self.is_over else "ends on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the next ceremony is asked for, besides a revocation list."""

    certify: Sequence[str] = ()  # names of keys
    revocations: Sequence[DraftedRevocation] = ()


def ask_first(keyring: Keyring, *, at: datetime) -> Asked:
    """What a first ceremony must certify; the keys are made where there are none."""
    for profile in LINES:
        if not keyring.generations(profile.value):
            keyring.obtain(profile.value, purpose=PROFILES[profile].purpose, at=at)
    return Asked(certify=[_newest(keyring, profile) for profile in LINES])


def write_requests(
    folder: Path,
    asked: Asked,
    *,
    keyring: Keyring,
    engine: Engine,
    origin: str,
    gathering: Gathering,
    operator: Operator | None = None,
) -> Path:
    """Write requests for keys of ours and the plan that names them.

    Raises:
        AlreadyThere: a plan is there, which somebody may have reviewed.
        ImportRefused: a key is asked for that ceremonies do not certify.
        KeyNotFound: we have no such key.
        KeyNotActive: a key that may not sign cannot prove that we have it.
    """
    require_free(folder / PLAN)
    operator = operator or Operator()
    for key in asked.certify:
        if ceremony_profile(key) is None:
            raise ImportRefused(field=key, rule="a key that a ceremony certifies: issuing, trust-list")
    requests = [draft_request(keyring.load(key), certified_subject(operator, key)) for key in asked.certify]
    plan = draft_plan(
        gathering,
        root=_known_root(engine, operator),
        origin=origin,
        requests=requests,
        revocations=asked.revocations,
    )
    _write(folder, plan, requests)
    return folder / PLAN


def take_in(
    folder: Path,
    *,
    keyring: Keyring,
    engine: Engine,
    public: Path,
    at: datetime,
    root_sha256: str | None,
    audit: AuditRecorder = unrecorded,
) -> Imported:
    """Import the results of a ceremony, and publish the root's list at once.

    Raises:
        ResultsRefused: it is no bundle.
        ImportRefused: nothing of it was taken in.
    """

    def own_key(name: str) -> PublicKey | None:
        return next((each.public_key for each in keyring.records() if each.key_id == name), None)

    imported = import_bundle(
        engine, read_bundle(folder), at=at, root_sha256=root_sha256, own_key=own_key, audit=audit
    )
    write_public(public / "crl" / f"{ROOT}.crl", imported.crl.der)
    return imported


def has_root(engine: Engine) -> bool:
    """Whether a ceremony's results were taken in."""
    with engine.connect() as connection:
        return load_root(connection) is not None


def hold_own_ceremony(
    layout: Layout, *, keyring: Keyring, engine: Engine, origin: str, clock: Clock, audit: AuditRecorder
) -> Imported:
    """Requests, ceremony and import in one go, on this machine and without people.

    Interrupted, it is completed by the next run: the results appear at once or not at all, and
    before they do, the sheets open nothing.
    """
    folder = layout.offline_root
    results, sheets = folder / "ceremony", folder / "sheets"
    if not results.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        (folder / "README.txt").write_text(_README, encoding="utf-8")
        drafted = folder / "drafted"
        asked = ask_first(keyring, at=clock())
        plan = write_requests(
            drafted, asked, keyring=keyring, engine=engine, origin=origin, gathering=OWN_CEREMONY
        )
        room = SheetFolder(folder=sheets, ceremony=OWN_CEREMONY.ceremony)
        done = perform(load_plan(plan), room, clock=clock, program=program())
        write_results(results, done.files)
        shutil.rmtree(drafted)
    root = read_bundle(results).certificates[0].der
    return take_in(
        results,
        keyring=keyring,
        engine=engine,
        public=layout.public,
        at=clock(),
        root_sha256=hashlib.sha256(root).hexdigest(),
        audit=audit,
    )


def program() -> str:
    """How transcripts name this program."""
    return f"wathiqa {version('wathiqa')}"


def find_due(engine: Engine, keyring: Keyring, *, at: datetime) -> list[Due]:
    """What ends within 60 days and only a ceremony renews, has ended or waits; the soonest first."""
    keys = [key for profile in LINES for key in keyring.generations(profile.value)]
    with engine.connect() as connection:
        last = load_last_crl(connection, ROOT)
        certified = [(key, find_certificates(connection, name=key.key_id)[:1]) for key in keys]
        root = load_root(connection)
    newest = [
        row for key, rows in certified if key.state is KeyState.ACTIVE for row in rows if not row.is_revoked
    ]
    ends = [] if last is None else [("revocation list of the root", "issue-crl", last.next_update)]
    ends += [(f"certificate of {row.name}", f"certify {row.name}", row.not_after) for row in newest]
    if root is not None:
        ends.append(("certificate of the root", "create-root", root.not_after))
    due = [Due(what=what, act=act, ends=end, is_over=at > end) for what, act, end in ends]
    due = [each for each in due if at > each.ends - WARN_BEFORE]
    due += [_waiting(key, at) for key, rows in certified if not rows and key.state in _TO_BE_CERTIFIED]
    return sorted(due, key=lambda each: each.ends)


def _waiting(key: KeyRecord, at: datetime) -> Due:
    return Due(
        what=f"key {key.key_id}",
        act=f"certify {key.key_id}",
        ends=key.created_at,
        is_over=at > key.active_from,
        waits=True,
    )


def lines_of(names: Sequence[str] | None) -> list[str]:
    """Lines of keys whose next generation a ceremony certifies.

    Raises:
        ImportRefused: a key that it does not certify, or a generation instead of its line.
    """
    for name in names or ():
        if name not in {profile.value for profile in LINES}:
            raise ImportRefused(field=name, rule=f"it is one of {', '.join(LINES)}")
    return list(names or ())


def drafted_revocation(engine: Engine, serial: int, reason: RevocationReason) -> DraftedRevocation:
    """A certificate of the root's that the next ceremony is to revoke.

    Raises:
        CertificateNotFound: never issued.
        ImportRefused: it is not the root's to revoke.
    """
    with engine.connect() as connection:
        row = load_certificate(connection, serial)
    if row.issuer != ROOT or row.profile is ProfileName.ROOT:
        raise ImportRefused(
            field=row.name, rule="a certificate that the root issued; others: wathiqa ca revoke"
        )
    return DraftedRevocation(name=row.name, serial_number=serial, reason=reason)


def _newest(keyring: Keyring, profile: ProfileName) -> str:
    return keyring.generations(profile.value)[-1].key_id


def _known_root(engine: Engine, operator: Operator) -> Subject | KnownRoot:
    subject = root_subject(operator)
    with engine.connect() as connection:
        root, last = load_root(connection), load_last_crl(connection, ROOT)
    if root is None:
        return subject
    return KnownRoot(
        certificate=root.certificate,
        algorithm=Algorithm(key_kind(root.certificate.public_key())),
        subject=subject,
        last_list=0 if last is None else last.number,
    )


def _write(folder: Path, plan: bytes, requests: Sequence[DraftedRequest]) -> None:
    shutil.rmtree(folder / "requests", ignore_errors=True)
    (folder / "requests").mkdir(mode=0o700, parents=True)
    for request in requests:
        (folder / request.file).write_bytes(request.pem)
    (folder / PLAN).write_bytes(plan)
