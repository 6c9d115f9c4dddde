"""The plan of a ceremony: one reviewed file that states every fact, and nothing that is not in it happens.

A first ceremony makes the root (`create-root`); every later one opens it (`root.certificate-sha256`,
`root.earlier-bundle-sha256` and `root.earlier` say which, and where its results lie). Each ends with a
revocation list of the root, so that what the world learns of it is never older than what it did last.

Pure but for `load_plan`, which reads the plan and the requests that it names.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

from cryptography import x509

from ca.ceremony.errors import PlanRefused, RequestRefused
from ca.ceremony.shares import MAX_CUSTODIANS, MIN_THRESHOLD
from ca.ceremony.strict_yaml import Fields, parse_yaml, refuse_unless
from ca.errors import ProfileViolation
from ca.names import Operator, authority_name
from ca.profiles import PROFILES, ProfileName
from ca.reasons import NEEDS_A_REASON, RevocationReason
from ca.revocation import SAY_WHY
from ca.urls import PublicUrls
from keys.signer import Algorithm

FORMAT = "wathiqa-ceremony-plan-1"
CHANGE_ME = "CHANGE-ME"
"""Stands in a drafted plan where people must write; a plan that says it anywhere is refused."""
ROOT_ALGORITHMS = (Algorithm.P384, Algorithm.P256, Algorithm.RSA3072)
CERTIFIED = (ProfileName.ISSUING, ProfileName.TRUST_LIST)
MAX_CRL_NUMBER = 2**53
MAX_REQUEST_OCTETS = 16_384
DAY = timedelta(days=1)
LONGEST_LIST_DAYS = 400
_EARLIER = ("certificate-sha256", "earlier-bundle-sha256", "earlier")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SERIAL = re.compile(r"[1-9a-f][0-9a-f]{0,39}")
_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_FOLDER = re.compile(r"/?(?:\.\./)*[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The name of an authority or of one of its services."""

    country: str
    organization: str
    organization_identifier: str
    common_name: str

    def name(self) -> x509.Name:
        """The same as a distinguished name.

        Raises:
            ProfileViolation: a part is not of its form.
        """
        operator = Operator(
            name=self.organization,
            country=self.country,
            organization_identifier=self.organization_identifier,
        )
        return authority_name(operator, self.common_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is in the room, and as what."""

    name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierRoot:
    """The root of an earlier ceremony, to be opened in this one."""

    certificate_sha256: str
    bundle_sha256: str  # of the last ceremony's bundle.json, as its signed transcript states it
    results: Path  # of the last ceremony with this root


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """Which root this ceremony makes or opens."""

    subject: Subject
    algorithm: Algorithm
    earlier: EarlierRoot | None  # None: it is made here


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRoot:
    """Make the root's key and its certificate."""

    valid_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Certify:
    """Certify a key of the service."""

    name: str  # of the key: "issuing", "trust-list", "issuing-2"
    profile: ProfileName
    request_sha256: str
    request: bytes  # as the file holds it
    request_file: str  # relative to the plan
    subject: Subject
    valid_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoke:
    """Revoke a certificate that the root issued."""

    serial_number: int
    name: str
    reason: RevocationReason


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueCrl:
    """Sign the root's revocation list."""

    number: int
    valid_days: int


Act: TypeAlias = CreateRoot | Certify | Revoke | IssueCrl


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that is to happen."""

    source: bytes  # the reviewed file
    ceremony: str  # names it: "root-2026"
    purpose: str
    place: str
    people: tuple[Person, ...]
    root: Root
    custodians: tuple[str, ...]
    threshold: int
    urls: PublicUrls
    acts: tuple[Act, ...]

    @property
    def sha256(self) -> str:
        """The digest of the reviewed file."""
        return hashlib.sha256(self.source).hexdigest()


def load_plan(path: Path) -> Plan:
    """Read a plan; the files that it names are found relative to it.

    Raises:
        PlanRefused: it cannot be read, or not be carried out.
        RequestRefused: a request is not the one that it names.
    """
    try:
        source = path.read_bytes()
    except OSError as error:
        raise PlanRefused(field=str(path), rule="it can be read") from error
    return parse_plan(source, folder=path.parent)


def parse_plan(source: bytes, *, folder: Path) -> Plan:
    """The plan in these bytes; `folder` is where the files lie that it names.

    Raises:
        PlanRefused: see `load_plan`.
        RequestRefused: see `load_plan`.
    """
    top = Fields(parse_yaml(source), "")
    if CHANGE_ME.encode() in source:
        line = source[: source.index(CHANGE_ME.encode())].count(b"\n") + 1
        raise PlanRefused(
            field=f"line {line}", rule=f"nothing is left to be filled in, and {CHANGE_ME} stands there"
        )
    if top.text("format") != FORMAT:
        raise PlanRefused(field="format", rule=FORMAT)
    custody = top.mapping("custody")
    plan = Plan(
        source=source,
        ceremony=top.matching("ceremony", _NAME, "small letters, digits and hyphens, at most 63"),
        purpose=top.text("purpose", longest=500),
        place=top.text("place"),
        people=_people(top.mappings("people")),
        root=_root(top.mapping("root"), folder),
        custodians=tuple(_custodian(each) for each in custody.mappings("custodians")),
        threshold=custody.number("threshold", MIN_THRESHOLD, MAX_CUSTODIANS),
        urls=_urls(top),
        acts=tuple(_act(each, folder) for each in top.mappings("acts")),
    )
    custody.finish()
    top.finish()
    _check(plan)
    return plan


def _check(plan: Plan) -> None:
    creates = [isinstance(act, CreateRoot) for act in plan.acts]
    is_first = plan.root.earlier is None
    lists = [isinstance(act, IssueCrl) for act in plan.acts]
    refuse_unless(
        {
            ("acts", "create-root first, and once, where the root is made here"): not is_first
            or (creates[0] and sum(creates) == 1),
            ("acts", "no create-root where `root.earlier` names an existing root"): is_first
            or not any(creates),
            ("acts", "issue-crl last, and once"): lists[-1] and sum(lists) == 1,
            ("acts", "no key is certified twice"): _distinct(
                act.name for act in plan.acts if isinstance(act, Certify)
            ),
            ("acts", "no certificate is revoked twice"): _distinct(
                act.serial_number for act in plan.acts if isinstance(act, Revoke)
            ),
            ("acts", "nothing to revoke where the root is made here"): not is_first
            or not any(isinstance(act, Revoke) for act in plan.acts),
            ("custody.threshold", "no more than there are custodians"): plan.threshold
            <= len(plan.custodians),
            ("custody.custodians", f"at most {MAX_CUSTODIANS}"): len(plan.custodians) <= MAX_CUSTODIANS,
            ("custody.custodians", "every custodian is somebody else"): _distinct(plan.custodians),
        }
    )


def _distinct(values: Iterable[Hashable]) -> bool:
    return all(count == 1 for count in Counter(values).values())


def _people(found: list[Fields]) -> tuple[Person, ...]:
    people = []
    for each in found:
        people.append(Person(name=each.text("name"), role=each.text("role")))
        each.finish()
    return tuple(people)


def _custodian(fields: Fields) -> str:
    name = fields.text("name")
    fields.finish()
    return name


def _urls(top: Fields) -> PublicUrls:
    origin = top.text("addresses-in-certificates")
    try:
        return PublicUrls(origin=origin)
    except ProfileViolation as error:
        raise PlanRefused(field="addresses-in-certificates", rule=str(error.facts["rule"])) from error


def _root(fields: Fields, folder: Path) -> Root:
    subject = _subject(fields.mapping("subject"), "root.subject")
    algorithm = fields.text("algorithm")
    if algorithm not in ROOT_ALGORITHMS:
        raise PlanRefused(field="root.algorithm", rule=f"one of {', '.join(ROOT_ALGORITHMS)}")
    earlier = None
    if any(fields.has(each) for each in _EARLIER):
        earlier = EarlierRoot(
            certificate_sha256=fields.matching("certificate-sha256", _SHA256, "64 hexadecimal digits"),
            bundle_sha256=fields.matching("earlier-bundle-sha256", _SHA256, "64 hexadecimal digits"),
            results=folder / fields.matching("earlier", _FOLDER, "the folder of the last ceremony's results"),
        )
    fields.finish()
    return Root(subject=subject, algorithm=Algorithm(algorithm), earlier=earlier)


def _subject(fields: Fields, where: str) -> Subject:
    subject = Subject(
        country=fields.text("country"),
        organization=fields.text("organization"),
        organization_identifier=fields.text("organization-identifier"),
        common_name=fields.text("common-name"),
    )
    fields.finish()
    try:
        subject.name()
    except ProfileViolation as error:
        raise PlanRefused(field=f"{where}: {error.facts['field']}", rule=str(error.facts["rule"])) from error
    return subject


def _act(fields: Fields, folder: Path) -> Act:
    act: Act
    match fields.text("act"):
        case "create-root":
            act = CreateRoot(valid_days=_days(fields, ProfileName.ROOT))
        case "certify":
            act = _certify(fields, folder)
        case "revoke":
            act = _revoke(fields)
        case "issue-crl":
            act = IssueCrl(
                number=fields.number("number", 1, MAX_CRL_NUMBER),
                valid_days=fields.number("valid-days", 1, LONGEST_LIST_DAYS),
            )
        case _:
            raise PlanRefused(field=fields.path("act"), rule="create-root, certify, revoke or issue-crl")
    fields.finish()
    return act


def _certify(fields: Fields, folder: Path) -> Certify:
    name = fields.matching("key", _NAME, "the name of a key: issuing, trust-list, issuing-2")
    profile = ceremony_profile(name)
    if profile is None:
        raise PlanRefused(field=fields.path("key"), rule=f"a key of: {', '.join(CERTIFIED)}")
    if fields.text("profile") != profile.value:
        raise PlanRefused(field=fields.path("profile"), rule=f"{profile.value}, for the key {name}")
    stated = fields.matching("request-sha256", _SHA256, "64 hexadecimal digits")
    file = fields.matching("request", _FILE, "a file beside the plan or in a folder beside it")
    return Certify(
        name=name,
        profile=profile,
        request_sha256=stated,
        request=_read_request(folder / file, name, stated),
        request_file=file,
        subject=_subject(fields.mapping("subject"), fields.path("subject")),
        valid_days=_days(fields, profile),
    )


def _read_request(path: Path, name: str, sha256: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_REQUEST_OCTETS + 1)
    except OSError as error:
        raise RequestRefused(name=name, rule=f"{path} can be read") from error
    if len(data) > MAX_REQUEST_OCTETS or hashlib.sha256(data).hexdigest() != sha256:
        raise RequestRefused(name=name, rule=f"{path} has another SHA-256 than the plan states")
    return data


def _revoke(fields: Fields) -> Revoke:
    reason = fields.text("reason")
    if reason not in set(RevocationReason):
        raise PlanRefused(field=fields.path("reason"), rule=f"one of {', '.join(RevocationReason)}")
    name = fields.text("key")
    if reason == RevocationReason.UNSPECIFIED and ceremony_profile(name) in NEEDS_A_REASON:
        raise PlanRefused(field=fields.path("reason"), rule=SAY_WHY)
    return Revoke(
        serial_number=int(fields.matching("serial", _SERIAL, "hexadecimal, small letters, no colons"), 16),
        name=name,
        reason=RevocationReason(reason),
    )


def _days(fields: Fields, profile: ProfileName) -> int:
    return fields.number("valid-days", 1, PROFILES[profile].lifetime // DAY)


def ceremony_profile(key: str) -> ProfileName | None:
    """What a ceremony certifies the key of this name as; None for a key that it does not certify.

    The name is that of the line, or of one of its generations: "issuing", "issuing-2".
    """
    line, hyphen, generation = key.rpartition("-")
    if not (hyphen and generation.isdecimal() and not generation.startswith("0") and int(generation) > 1):
        line = key
    return next((profile for profile in CERTIFIED if profile.value == line), None)
