"""The published trust list: each one follows the one before (`docs/formats/trust-list.md`).

Call `publish` with nobody else publishing: two successors of one list would have one version.

What was last signed is kept beside the service's books too, and written there first. So a
published folder that was emptied or set back does not set the list back, and no version is
ever given to two lists, wherever a crash falls.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from ca.hierarchy import Credential
from issuance.agencies import Agency
from issuance.public_files import settle, write_public
from keys.keyring import KeyRecord, Keyring, KeyState
from signing.formats.profiles import PROFILES
from signing.formats.trust_list import (
    LIFETIME,
    SealKey,
    StatusKey,
    TrustList,
    parse_trust_list,
)
from signing.formats.trust_list import Agency as ListedAgency
from signing.formats.trust_list import KeyState as ListedState
from signing.seal_codes import key_identifier, require_p256
from signing.trust_lists import require_successor, sign_trust_list
from verify.trust import require_believable

# What a verifier that cannot list a directory must be able to find.
LISTED_FOLDERS = ("certificates/", "crl/")
# And by what digest it believes a template set. These stay for ever, because paper does.
TEMPLATE_SETS = "templates/"
# The longest window of a key; rotation ends it earlier.
CODE_KEY_LASTS = timedelta(days=3 * 365)
STATUS_LINE = "status"
CLOCKS_DIFFER = timedelta(minutes=5)
_SECOND = timedelta(seconds=1)
_GONE = frozenset({KeyState.RETIRED, KeyState.DESTROYED})


def seal_code_line(agency: str) -> str:
    """The line of keys that sign the seal codes of an agency."""
    return f"seal-code-{agency}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustListPublisher:
    """Signs and writes the list that says who seals what.

    Args:
        path: where the list is published.
        kept: where a copy of the newest is kept.
        verify_origin: the verification address.
        agencies: who seals.
        keyring: the generations of their keys.
    """

    path: Path
    kept: Path
    verify_origin: str
    agencies: Sequence[Agency]
    keyring: Keyring

    def publish(
        self,
        names: Sequence[str] | None,
        *,
        signer: Credential,
        at: datetime,
        compromised: Collection[str] = (),
    ) -> TrustList:
        """Write the list that follows the newest one.

        Args:
            names: the published files; None: as the newest list says.
            signer: signs trust lists; the root certified it.
            at: now.
            compromised: identifiers of keys that others may have; that is never taken back.

        Raises:
            NotASuccessor: the register or the clock would take back what was published.
            TrustRefused: the published list is not ours.
        """
        newest = self._newest(signer.chain[-1], at)
        at = _not_before_the_last(at, newest)
        following = TrustList(
            version=1 if newest is None else newest.version + 1,
            issued_at=at,
            expires_at=at + LIFETIME,
            verify_origin=self.verify_origin,
            agencies=tuple(_listed(agency) for agency in self.agencies),
            seal_keys=tuple(self._seal_keys(newest, at, compromised)),
            status_keys=tuple(self._status_keys(newest, at, compromised)),
            files=_files(names, newest),
        )
        if newest is not None:
            require_successor(newest, following)
        signed = sign_trust_list(following, signer=signer.signer, certificate=signer.certificate)
        write_public(self.kept, signed)
        settle(self.kept.parent)
        write_public(self.path, signed)
        return following

    def _newest(self, root: x509.Certificate, at: datetime) -> TrustList | None:
        """The list to be followed; a published one of a higher version only if the root vouches for it."""
        kept = parse_trust_list(self.kept.read_bytes()).trust_list if self.kept.exists() else None
        if not self.path.exists():
            return kept
        try:
            published = parse_trust_list(self.path.read_bytes())
        except ValueError:
            if kept is None:
                raise
            return kept
        if kept is not None and kept.version >= published.trust_list.version:
            return kept
        require_believable(published, [root], (), at)
        return published.trust_list

    def _seal_keys(
        self, newest: TrustList | None, at: datetime, compromised: Collection[str]
    ) -> Iterable[SealKey]:
        listed = () if newest is None else newest.seal_keys
        records = self._records(seal_code_line(agency.id) for agency in self.agencies)
        for key in listed:
            yield _kept_seal_key(key, records.get(_point(key.public_key)), newest, at, compromised)
        known = {_point(key.public_key) for key in listed}
        for agency in self.agencies:
            is_first = not any(key.agency == agency.code for key in listed)
            for record in self.keyring.generations(seal_code_line(agency.id)):
                public_key = require_p256(record)
                if _point(public_key) in known or record.state in _GONE:
                    continue
                begins = _begin(record, at, newest, is_first=is_first)
                yield SealKey(
                    kid=key_identifier(public_key),
                    public_key=public_key,
                    agency=agency.code,
                    profiles=_ALL_PROFILES,
                    not_before=begins,
                    not_after=_end(begins + CODE_KEY_LASTS, record, newest, at),
                )

    def _status_keys(
        self, newest: TrustList | None, at: datetime, compromised: Collection[str]
    ) -> Iterable[StatusKey]:
        listed = () if newest is None else newest.status_keys
        records = self._records([STATUS_LINE])
        for key in listed:
            record = records.get(_point(key.public_key))
            ends = _end(key.not_after, record, newest, at)
            if record is not None and record.key_id in compromised:
                # Lists by it could be dated back; by closing its window they count for nothing.
                ends = min(ends, key.not_before - _SECOND)
            yield replace(key, not_after=ends)
        known = {_point(key.public_key) for key in listed}
        for record in self.keyring.generations(STATUS_LINE):
            public_key = require_p256(record)
            if _point(public_key) in known or record.state in _GONE:
                continue
            begins = _begin(record, at, newest, is_first=not listed)
            yield StatusKey(
                kid=key_identifier(public_key),
                public_key=public_key,
                not_before=begins,
                not_after=_end(begins + CODE_KEY_LASTS, record, newest, at),
            )

    def _records(self, lines: Iterable[str]) -> Mapping[tuple[int, int], KeyRecord]:
        return {
            _point(require_p256(record)): record
            for line in lines
            for record in self.keyring.generations(line)
        }


_ALL_PROFILES = tuple(profile.code for profile in PROFILES)


def _kept_seal_key(
    key: SealKey,
    record: KeyRecord | None,
    newest: TrustList | None,
    at: datetime,
    compromised: Collection[str],
) -> SealKey:
    """A listed key as the next list has it; it stays for ever, because paper does."""
    ends, state = _end(key.not_after, record, newest, at), key.state
    if record is not None and record.key_id in compromised:
        ends, state = min(ends, at), ListedState.COMPROMISED
    elif state is ListedState.ACTIVE and ends < at:
        state = ListedState.RETIRED
    profiles = key.profiles
    if state is ListedState.ACTIVE:
        profiles += tuple(code for code in _ALL_PROFILES if code not in key.profiles)
    return replace(key, not_after=ends, state=state, profiles=profiles)


def _begin(record: KeyRecord, at: datetime, newest: TrustList | None, *, is_first: bool) -> datetime:
    """From when a key that is not listed yet signs.

    Never before it is listed: a verifier takes a code by an unknown key for nobody's where the code is older
    than its list.
    """
    if newest is None:
        return at - CLOCKS_DIFFER
    earliest = max(at, newest.issued_at)
    return earliest if is_first else max(earliest, _whole(record.active_from))


def _end(listed: datetime, record: KeyRecord | None, newest: TrustList | None, at: datetime) -> datetime:
    """Until when a key signs: its window is shortened as the register says, and what was published stands."""
    ends = listed
    if record is not None and record.retires_at is not None:
        ends = min(ends, record.retires_at.replace(microsecond=0))
    if record is not None and record.state in _GONE:
        ends = min(ends, at)
    return ends if newest is None else min(listed, max(ends, newest.issued_at))


def _not_before_the_last(at: datetime, newest: TrustList | None) -> datetime:
    """Whoever waited while another published takes the other's instant."""
    at = at.replace(microsecond=0)
    if newest is not None and timedelta(0) < newest.issued_at - at <= CLOCKS_DIFFER:
        return newest.issued_at
    return at


def _whole(instant: datetime) -> datetime:
    """The first whole second not before an instant."""
    return instant.replace(microsecond=0) + timedelta(seconds=ceil(instant.microsecond / 1_000_000))


def _point(public_key: ec.EllipticCurvePublicKey) -> tuple[int, int]:
    numbers = public_key.public_numbers()
    return numbers.x, numbers.y


def _files(names: Sequence[str] | None, newest: TrustList | None) -> tuple[str, ...]:
    if names is None:
        return () if newest is None else newest.files
    before = () if newest is None else newest.files
    sets = {name for name in before if name.startswith(TEMPLATE_SETS)}
    listed = {name for name in names if name.startswith((*LISTED_FOLDERS, TEMPLATE_SETS))}
    return tuple(sorted(listed | sets))


def _listed(agency: Agency) -> ListedAgency:
    return ListedAgency(
        code=agency.code,
        id=agency.id,
        ar=agency.ar,
        en=agency.en,
        organization_identifier=agency.organization_identifier,
    )
