"""What tests of several rooms need: keys under guard in a folder, and a root that is held offline."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from hypothesis import settings
from sqlalchemy import Engine

from ca.ceremony.bundle import CONTENTS, Bundle
from ca.ceremony.earlier import Earlier
from ca.ceremony.plan import Plan, parse_plan
from ca.ceremony.play import Performance, perform
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
from ca.ceremony.results import sha256
from ca.ceremony.room import EmptyRoom
from ca.ceremony.root_key import FILE_NAME, RECORD_NAME, parse_custody
from ca.imports import Imported, import_bundle
from ca.names import Operator
from ca.reasons import RevocationReason
from ca.urls import PublicUrls
from keys.classes import KeyClass
from keys.guard import GuardedKeyring
from keys.key_file import ScryptCost
from keys.keyring import Keyring
from keys.register import Register
from keys.signer import Algorithm, Purpose
from keys.software import SoftwareCustody
from keys.use_log import UseLog

# How long an example takes is the machine's affair, not the property's; and the same code gets the same
# answer twice. To look further, say HYPOTHESIS_PROFILE=exploring.
settings.register_profile("unhurried", deadline=None, derandomize=True)
settings.register_profile("exploring", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "unhurried"))

FAST = ScryptCost(n=2, p=1)
PURPOSES = {"issuing": Purpose.ISSUING, "trust-list": Purpose.TRUST_LIST}
OPERATOR = Operator()


@dataclass
class OfflineRoot:
    """The machine with the root's key; what it makes is carried to the service by `take_in`."""

    keyring: Keyring
    engine: Engine
    origin: str = PublicUrls().origin
    room: EmptyRoom = field(default_factory=EmptyRoom)
    last: Performance | None = None

    def found(self, *, at: datetime) -> Imported:
        """The first ceremony, and its results taken in."""
        self.hold(at=at, certify=("issuing", "trust-list"))
        return self.take_in(at=at)

    def request(self, key: str, *, at: datetime) -> DraftedRequest:
        """For a key of the service, made where there is none."""
        line = next(each for each in PURPOSES if key == each or key.startswith(f"{each}-"))
        if not self.keyring.generations(line):
            self.keyring.obtain(line, purpose=PURPOSES[line], at=at)
        return draft_request(self.keyring.load(key), certified_subject(OPERATOR, key))

    def plan(
        self,
        *,
        at: datetime,
        certify: Sequence[str] = (),
        revoke: Sequence[tuple[str, int, RevocationReason]] = (),
    ) -> Plan:
        """A plan that makes the root, or opens it."""
        requests = [self.request(key, at=at) for key in certify]
        revocations = [DraftedRevocation(name=n, serial_number=s, reason=r) for n, s, r in revoke]
        gathering = Gathering(
            ceremony=f"held-{at:%Y-%m-%d}",
            purpose="a test",
            place="here",
            people=[("witness", "هند المثال")],
            custodians=["أمل", "باسل", "Carim"],
        )
        root: Any = root_subject(OPERATOR)
        if self.last is not None:
            root = KnownRoot(
                certificate=self.last.bundle.root,
                algorithm=Algorithm.P384,
                subject=root,
                last_list=_number(self.last.bundle),
            )
        source = draft_plan(
            gathering, root=root, origin=self.origin, requests=requests, revocations=revocations
        )
        if self.last is not None:
            digest = sha256(self.last.bundle.files()[CONTENTS])
            source = source.replace(b"bundle-sha256: CHANGE-ME", f"bundle-sha256: {digest}".encode())
        source = source.replace(b"earlier: CHANGE-ME", b"earlier: ../earlier")
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "requests").mkdir()
            for request in requests:
                (Path(folder) / request.file).write_bytes(request.pem)
            return parse_plan(source, folder=Path(folder))

    def hold(self, *, at: datetime, **acts: Any) -> Performance:
        """A ceremony."""
        plan, earlier = self.plan(at=at, **acts), self.earlier()
        self.last = perform(
            plan, self.room, clock=lambda: at, program="wathiqa test", earlier=earlier, cost=FAST
        )
        return self.last

    def earlier(self) -> Earlier | None:
        """The results of the last ceremony."""
        if self.last is None:
            return None
        files = self.last.files
        return Earlier(
            bundle=self.last.bundle, custody=parse_custody(files[RECORD_NAME]), key_file=files[FILE_NAME]
        )

    def take_in(self, *, at: datetime, bundle: Bundle | None = None, **changes: Any) -> Imported:
        """Import what the last ceremony made."""
        if bundle is None:
            assert self.last is not None
            bundle = self.last.bundle
        arguments: dict[str, Any] = {
            "at": at,
            "root_sha256": sha256(bundle.certificates[0].der),
            "own_key": self.own_key,
        }
        return import_bundle(self.engine, bundle, **(arguments | changes))

    def own_key(self, name: str) -> Any:
        """The service's key of this name."""
        return next((each.public_key for each in self.keyring.records() if each.key_id == name), None)


def _number(bundle: Bundle) -> int:
    crl = x509.load_der_x509_crl(bundle.crl)
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


@pytest.fixture(scope="session")
def offline_root() -> type[OfflineRoot]:
    """Makes a root for a keyring and books: `offline_root(keyring, engine).found(at=…)`."""
    return OfflineRoot


@pytest.fixture(scope="session")
def open_keyring() -> Iterator[Callable[[Path, Callable[[], datetime]], GuardedKeyring]]:
    """Opens a keyring of cheap key files in a folder, as one process does; any number at once."""
    opened: list[GuardedKeyring] = []

    def open_in(folder: Path, clock: Callable[[], datetime]) -> GuardedKeyring:
        (folder / "use-log").mkdir(parents=True, exist_ok=True)
        keyring = GuardedKeyring(
            SoftwareCustody(folder / "keys", lambda: b"correct horse battery", cost=FAST),
            register=Register(folder / "keys.db"),
            logs={each: UseLog(folder / "use-log" / f"{each}.db") for each in KeyClass},
            clock=clock,
            backend="software",
        )
        opened.append(keyring)
        return keyring

    yield open_in
    for keyring in opened:
        keyring.close()
