"""Signs trust lists, and keeps them append-only."""

from collections.abc import Hashable, Iterable

from cryptography import x509

from keys.signer import Purpose, Signer
from signing.formats.cose import encode_sign1, raw_signature, to_be_signed
from signing.formats.fields import Field
from signing.formats.profiles import Profile
from signing.formats.trust_list import Agency, SealKey, TrustList, encode_trust_list, protect_trust_list
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

    Raises:
        NotASuccessor: `following` is no later version, or drops or changes an agency's number or
            its identifier in certificates, a profile, a code or a key.
    """
    if following.version <= published.version:
        raise NotASuccessor(f"version {following.version} after {published.version}")
    if following.issued_at < published.issued_at:
        raise NotASuccessor("issued earlier")
    _require_all("agency", map(_named, published.agencies), map(_named, following.agencies))
    _require_all("profile", map(_meaning, published.profiles), map(_meaning, following.profiles))
    for name, codes in published.tables.items():
        _require_all(
            f"table {name}",
            ((c.number, c.key) for c in codes),
            ((c.number, c.key) for c in following.tables.get(name, ())),
        )
    _require_all("key", map(_identity, published.seal_keys), map(_identity, following.seal_keys))


def _meaning(profile: Profile) -> Hashable:
    """A profile without its words, which may be mended."""
    return profile.code, profile.kind, tuple(map(_meaning_of_field, profile.fields))


def _meaning_of_field(field: Field) -> Hashable:
    columns = tuple(map(_meaning_of_field, field.columns))
    return field.name, field.kind, field.path, field.width, field.table, field.optional, columns


def _named(agency: Agency) -> Hashable:
    """An agency without its words."""
    return agency.code, agency.id, agency.organization_identifier


def _identity(key: SealKey) -> Hashable:
    return key.kid, key.public_key.public_numbers(), key.agency


def _require_all(what: str, published: Iterable[Hashable], following: Iterable[Hashable]) -> None:
    kept = set(following)
    for item in published:
        if item not in kept:
            raise NotASuccessor(f"{what} {item} is gone or changed")
