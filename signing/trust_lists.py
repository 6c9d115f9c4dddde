"""Signs trust lists, and keeps them append-only."""

from collections.abc import Hashable, Iterable
from datetime import datetime

from cryptography import x509

from keys.signer import Purpose, Signer
from signing.formats.cose import encode_sign1, raw_signature, to_be_signed
from signing.formats.fields import Field
from signing.formats.profiles import Profile
from signing.formats.trust_list import (
    Agency,
    KeyState,
    SealKey,
    StatusKey,
    TrustList,
    encode_trust_list,
    protect_trust_list,
)
from signing.seal_codes import require_p256


class NotASuccessor(ValueError):
    """A trust list that takes back or alters what an earlier one said; `what` names it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"not a successor of the published trust list: {what}")
        self.what = what


def sign_trust_list(trust_list: TrustList, *, signer: Signer, certificate: x509.Certificate) -> bytes:
    """The signed trust list; `certificate` is the signer's, issued by the root.

    Raises:
        ValueError: a certificate for another key, a key that cannot do ES256, a lifetime too long.
        WrongPurpose: the key is not for trust lists.
        KeyUnavailable: the key did not answer; safe to retry.
    """
    if certificate.public_key() != require_p256(signer):
        raise ValueError(f"{signer.key_id}: the certificate is for another key")
    protected, content = protect_trust_list(certificate), encode_trust_list(trust_list)
    signature = signer.sign(to_be_signed(protected, content), purpose=Purpose.TRUST_LIST)
    return encode_sign1(protected, content, raw_signature(signature))


def require_successor(published: TrustList, following: TrustList) -> None:
    """Paper lasts: what a number meant once it means for ever, and a key is retired, never forgotten.

    A window may be shortened at its end, and never into the time before the published list: what was
    signed until then stands. A key that is listed for the first time signs from then on, not before.
    Permitted profiles may be added; a state only goes on, from active to retired to compromised.

    Raises:
        NotASuccessor: `following` is no later version, or drops or changes an agency's number or its
            identifier in certificates, a profile, a code or a key, or gives a key more than it had.
    """
    if following.version <= published.version:
        raise NotASuccessor(f"version {following.version} after {published.version}")
    if following.issued_at < published.issued_at:
        raise NotASuccessor("issued earlier")
    if following.verify_origin != published.verify_origin:
        raise NotASuccessor("for another verification address")
    _require_all("agency", map(_named, published.agencies), map(_named, following.agencies))
    _require_all("profile", map(_meaning, published.profiles), map(_meaning, following.profiles))
    for name, codes in published.tables.items():
        _require_all(
            f"table {name}",
            ((c.number, c.key) for c in codes),
            ((c.number, c.key) for c in following.tables.get(name, ())),
        )
    _require_keys(published, following)


_ORDER = {KeyState.ACTIVE: 0, KeyState.RETIRED: 1, KeyState.COMPROMISED: 2}


def _require_keys(published: TrustList, following: TrustList) -> None:
    seal_keys = {_identity(key): key for key in following.seal_keys}
    status_keys = {_identity(key): key for key in following.status_keys}
    if len(seal_keys) != len(following.seal_keys) or len(status_keys) != len(following.status_keys):
        raise NotASuccessor("a key stands in it twice")
    for seal_key in published.seal_keys:
        kept = seal_keys.pop(_identity(seal_key), None)
        if kept is None:
            raise NotASuccessor(f"key {seal_key.kid.hex()} is gone or changed")
        _require_window(seal_key, kept, published.issued_at)
        if _ORDER[kept.state] < _ORDER[seal_key.state]:
            raise NotASuccessor(f"key {kept.kid.hex()} is {kept.state} again")
        if not set(seal_key.profiles) <= set(kept.profiles):
            raise NotASuccessor(f"key {kept.kid.hex()} may not seal what it sealed")
    for status_key in published.status_keys:
        kept_status = status_keys.pop(_identity(status_key), None)
        if kept_status is None:
            raise NotASuccessor(f"key {status_key.kid.hex()} is gone or changed")
        # Lists live for days: the window of a key that was stolen may be closed altogether.
        _require_window(status_key, kept_status, None)
    added: list[SealKey | StatusKey] = [*seal_keys.values(), *status_keys.values()]
    for key in added:
        # A verifier whose list is younger than a code and lacks its key calls the code nobody's.
        if key.not_before < published.issued_at:
            raise NotASuccessor(f"key {key.kid.hex()} signs before it was listed")


def _require_window(before: SealKey | StatusKey, after: SealKey | StatusKey, stands: datetime | None) -> None:
    kid = before.kid.hex()
    if after.not_before != before.not_before or after.not_after > before.not_after:
        raise NotASuccessor(f"the window of key {kid} is another or longer")
    if stands is not None and after.not_after < min(before.not_after, stands):
        raise NotASuccessor(f"the window of key {kid} ends before the published list")


def _meaning(profile: Profile) -> Hashable:
    """A profile without its words, which may be mended."""
    return profile.code, profile.kind, tuple(map(_meaning_of_field, profile.fields))


def _meaning_of_field(field: Field) -> Hashable:
    columns = tuple(map(_meaning_of_field, field.columns))
    return field.name, field.kind, field.path, field.width, field.table, field.optional, columns


def _named(agency: Agency) -> Hashable:
    """An agency without its words."""
    return agency.code, agency.id, agency.organization_identifier


def _identity(key: SealKey | StatusKey) -> Hashable:
    agency = key.agency if isinstance(key, SealKey) else None
    return key.kid, key.public_key.public_numbers(), agency


def _require_all(what: str, published: Iterable[Hashable], following: Iterable[Hashable]) -> None:
    kept = set(following)
    for item in published:
        if item not in kept:
            raise NotASuccessor(f"{what} {item} is gone or changed")
