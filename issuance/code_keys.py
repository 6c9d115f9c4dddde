"""The keys of seal codes and status lists: which generation signs, which one follows, and when.

The register (`keys.keyring`) says which keys there are and for how long; the published trust list says
when a verifier believes each. A key signs where both say so, at the instant that is in what it
signs. So nothing is signed that a verifier would refuse, whatever order a crash leaves.

A next generation is listed before it signs, for longer than any list is believed (`ADVANCE`): no
verifier meets a key that its list does not have, however long it was offline. After a theft there is
no such time: the next generation signs at once, and who is offline cannot judge its codes until he
gets a newer list.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Generic, TypeVar

from issuance.agencies import Agency
from issuance.trust_list_publication import CLOCKS_DIFFER, STATUS_LINE, seal_code_line
from keys.errors import KeyNotActive, KeyNotFound
from keys.keyring import KeyRecord, Keyring, KeyState
from keys.signer import Purpose, Signer
from keys.states import ADVISED_PERIOD
from signing.formats.claims import SealClaims
from signing.formats.status_list import StatusList, parse_status_list, status_list_name
from signing.formats.trust_list import LIFETIME, SealKey, StatusKey, TrustList, parse_trust_list
from signing.formats.trust_list import KeyState as ListedState
from signing.seal_codes import SealCode, SealCodeSigner, require_p256
from signing.status_lists import StatusListSigner
from signing.trust_lists import NotASuccessor

# Any list from before a key was listed has expired by then; a day more, for a list that is published late.
ADVANCE = LIFETIME + timedelta(days=1)
CODE_KEY_SIGNS_FOR = ADVISED_PERIOD[Purpose.SEAL_CODE]
# Certificates are fetched with what they certify; two days are for people and caches.
OTHERS_ADVANCE = timedelta(days=2)

_NEVER = datetime.max.replace(tzinfo=UTC)
_Tool = TypeVar("_Tool")
_Made = TypeVar("_Made")
_USABLE = frozenset({KeyState.PRE_ACTIVE, KeyState.ACTIVE, KeyState.SUSPENDED})


class TrustListFile:
    """A trust list of ours in a file, such as verifiers can fetch now; read again when the file changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: tuple[tuple[int, int, int], TrustList] | None = None

    def __call__(self) -> TrustList | None:
        """The list; None before the first was written."""
        try:
            found = self.path.stat()
            version = (found.st_mtime_ns, found.st_ino, found.st_size)
            read = self._read
            if read is None or read[0] != version:
                self._read = read = version, parse_trust_list(self.path.read_bytes()).trust_list
        except FileNotFoundError:
            return None
        return read[1]


class _Line(Generic[_Tool]):
    """Signs with the newest generation of a line that register and list allow."""

    def __init__(
        self,
        line: str,
        *,
        keyring: Keyring,
        listed: Callable[[], Sequence[SealKey | StatusKey]],
        make: Callable[[Signer, bytes], _Tool],
    ) -> None:
        self._line, self._keyring, self._listed, self._make = line, keyring, listed, make
        self._key_ids: dict[tuple[int, int], str] = {}
        self._tools: dict[str, _Tool] = {}

    def use(self, at: datetime, act: Callable[[_Tool], _Made]) -> _Made:
        """What `act` makes with the tool of the generation that signs at `at`.

        Raises:
            KeyNotActive: no generation signs at that instant, or none is published.
        """
        refused: KeyNotActive | None = None
        for tool in self._tools_at(at):
            try:
                return act(tool)
            except KeyNotActive as error:  # suspended or retired: the one before it may still sign
                refused = refused or error
        raise refused or KeyNotActive(key_id=self._line, state="not in the published trust list")

    def _tools_at(self, at: datetime) -> Iterator[_Tool]:
        inside = [key for key in self._listed() if key.not_before <= at <= key.not_after]
        for key in sorted(inside, key=lambda each: each.not_before, reverse=True):
            key_id = self._key_id(key)
            if key_id is None:
                continue
            if key_id not in self._tools:
                try:
                    self._tools[key_id] = self._make(self._keyring.load(key_id), key.kid)
                except KeyNotFound:  # destroyed
                    continue
            yield self._tools[key_id]

    def _key_id(self, key: SealKey | StatusKey) -> str | None:
        numbers = key.public_key.public_numbers()
        point = (numbers.x, numbers.y)
        if point not in self._key_ids:
            for record in self._keyring.generations(self._line):
                known = require_p256(record).public_numbers()
                self._key_ids[known.x, known.y] = record.key_id
        return self._key_ids.get(point)


class AgencyCodes:
    """Signs the seal codes of one agency, each with the key of the instant that it claims."""

    def __init__(self, line: _Line[SealCodeSigner]) -> None:
        self._line = line

    def sign(self, claims: SealClaims) -> SealCode:
        """See `SealCodeSigner.sign`.

        Raises:
            KeyNotActive: no published key seals at the instant of issue.
        """
        return self._line.use(claims.issued_at, lambda signer: signer.sign(claims))


class StatusLists:
    """Signs status lists with the key of the instant, none dated before the one that it follows."""

    def __init__(self, line: _Line[StatusListSigner], public: Path) -> None:
        self._line, self._public = line, public

    def sign(self, number: int, entries: StatusList, at: datetime) -> bytes:
        """See `StatusListSigner.sign`.

        Raises:
            KeyNotActive: no published key signs lists now.
            NotASuccessor: the published list is from later: the clock went back.
        """
        issued_at = self._after_the_last(number, at.replace(microsecond=0))
        return self._line.use(issued_at, lambda signer: signer.sign(number, entries, issued_at))

    def _after_the_last(self, number: int, at: datetime) -> datetime:
        name = status_list_name(number)
        try:
            last = parse_status_list((self._public / name).read_bytes()).claims.issued_at
        except (FileNotFoundError, ValueError):  # none, or none of ours: it takes nothing back
            return at
        if last - at > CLOCKS_DIFFER:
            raise NotASuccessor(f"{name}: issued earlier")
        return max(last, at)  # whoever waited while another published takes the other's instant


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeKeys:
    """All lines of one installation.

    Args:
        keyring: the keys.
        agencies: who seals.
        published: the list that verifiers have.
        kept: the copy of the newest list, which may be about to be published.
        verify_origin: the verification address.
        signs_for: how long a generation signs before the next one does.
    """

    keyring: Keyring
    agencies: Sequence[Agency]
    published: TrustListFile
    kept: TrustListFile
    verify_origin: str
    signs_for: timedelta = CODE_KEY_SIGNS_FOR

    def __post_init__(self) -> None:
        """Refuse a period in which rotations would overtake one another."""
        if self.signs_for < 2 * ADVANCE:
            raise ValueError(f"keys sign for at least {2 * ADVANCE.days} days")

    @property
    def lines(self) -> dict[str, Purpose]:
        """Every line and what its keys are for."""
        seal_codes = {seal_code_line(agency.id): Purpose.SEAL_CODE for agency in self.agencies}
        return {**seal_codes, STATUS_LINE: Purpose.STATUS}

    def establish(self, *, at: datetime) -> None:
        """Make the first generation of each line that has none."""
        for line, purpose in self.lines.items():
            if not self.keyring.generations(line):
                self.keyring.obtain(line, purpose=purpose, at=at)

    def seal_codes(self, agency: Agency) -> AgencyCodes:
        """Who signs an agency's seal codes."""

        def listed() -> Sequence[SealKey]:
            published = self.published()
            keys = () if published is None else published.seal_keys
            return [key for key in keys if key.agency == agency.code and key.state is ListedState.ACTIVE]

        return AgencyCodes(
            _Line(
                seal_code_line(agency.id),
                keyring=self.keyring,
                listed=listed,
                make=lambda signer, kid: SealCodeSigner(
                    signer=signer, kid=kid, verify_origin=self.verify_origin
                ),
            )
        )

    def status_lists(self) -> StatusLists:
        """Who signs the status lists."""

        def listed() -> Sequence[StatusKey]:
            published = self.published()
            return () if published is None else published.status_keys

        return StatusLists(
            _Line(
                STATUS_LINE,
                keyring=self.keyring,
                listed=listed,
                make=lambda signer, kid: StatusListSigner(
                    signer=signer, kid=kid, verify_origin=self.verify_origin
                ),
            ),
            self.published.path.parent,
        )

    def rotates_at(self, line: str) -> datetime | None:
        """When the next generation of a line is to be made; None where it waits already.

        None too where people stopped the newest one for good: they say when another follows.
        """
        newest = self.keyring.generations(line)[-1]
        was_stopped = newest.state not in _USABLE and newest.retires_at is None
        if newest.state is KeyState.PRE_ACTIVE or was_stopped:
            return None
        return min(newest.active_from + self.signs_for, self._end(newest)) - ADVANCE

    def tend(self, *, at: datetime) -> list[KeyRecord]:
        """Make what must follow: the next generation in good time, another in the place of a stolen key.

        Safe to repeat; what a process left undone that died in a withdrawal is completed.
        """
        made = []
        for line in self.lines:
            if any(self._is_withdrawn(record) for record in self.keyring.generations(line)):
                made.append(self.keyring.replace(line, at=at))
            due = self.rotates_at(line)
            if due is not None and at >= due:
                made.append(self.rotate(line, at=at))
        return made

    def withdraw(self, key_id: str, *, publish: Callable[[Collection[str]], object], at: datetime) -> None:
        """Others may have this key: tell everybody, and put another in its place.

        The list goes first: a process that dies after it leaves the rest to the next `tend`.

        Args:
            key_id: the key.
            publish: publishes the list that follows, with these keys compromised.
            at: now.

        Raises:
            KeyNotFound: no seal code and no status list is signed by this key.
        """
        if self.keyring.record(key_id).line not in self.lines:
            raise KeyNotFound(key_id=key_id)
        publish([key_id])
        self.tend(at=at)
        publish([])

    def rotate(self, line: str, *, at: datetime) -> KeyRecord:
        """The next generation of a line: listed from the next publication on, signing `ADVANCE` later.

        Sooner where the newest ends before that: who is offline waits for his next list, all others do not.
        """
        ends = self._end(self.keyring.generations(line)[-1])
        return self.keyring.rotate(line, at=at, active_from=max(at, min(at + ADVANCE, ends)))

    def _is_withdrawn(self, record: KeyRecord) -> bool:
        """Whether the list calls a key compromised that the register would still let sign."""
        listed = self._listed(record)
        if record.state not in _USABLE or listed is None:
            return False
        if isinstance(listed, SealKey):
            return listed.state is ListedState.COMPROMISED
        return listed.not_after < listed.not_before

    def _end(self, record: KeyRecord) -> datetime:
        """When a generation signs no more, by the list or by the register."""
        listed, ends = self._listed(record), record.retires_at or _NEVER
        return ends if listed is None else min(ends, listed.not_after)

    def signs_until(self, line: str) -> datetime | None:
        """The end of the newest generation's window; None where it is not published."""
        listed = self._listed(self.keyring.generations(line)[-1])
        return None if listed is None else listed.not_after

    def _listed(self, record: KeyRecord) -> SealKey | StatusKey | None:
        lists = [found for found in (self.published(), self.kept()) if found is not None]
        if not lists:
            return None
        newest, public_key = max(lists, key=lambda found: found.version), require_p256(record)
        keys: tuple[SealKey | StatusKey, ...] = (
            newest.status_keys if record.purpose is Purpose.STATUS else newest.seal_keys
        )
        return next((key for key in keys if key.public_key == public_key), None)


def advance_of(line: str, keyring: Keyring) -> timedelta:
    """How long before it signs the next key of a line is made.

    Raises:
        KeyNotFound: there is no such line.
    """
    known = keyring.generations(line)
    if not known:
        raise KeyNotFound(key_id=line)
    return ADVANCE if known[-1].purpose in {Purpose.SEAL_CODE, Purpose.STATUS} else OTHERS_ADVANCE
