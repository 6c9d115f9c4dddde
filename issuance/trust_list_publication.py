"""The published trust list: each one follows the one before (`docs/formats/trust-list.md`).

Call it with nobody else publishing: two successors of one list would have one version.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ca.hierarchy import Credential
from issuance.agencies import Agency
from issuance.public_files import write_public
from keys.signer import Signer
from signing.formats.profiles import PROFILES
from signing.formats.trust_list import (
    FILE_NAME,
    LIFETIME,
    SealKey,
    StatusKey,
    TrustList,
    parse_trust_list,
)
from signing.formats.trust_list import Agency as ListedAgency
from signing.seal_codes import key_identifier, require_p256
from signing.trust_lists import require_successor, sign_trust_list

# What a verifier that cannot list a directory must be able to find.
LISTED_FOLDERS = ("certificates/", "crl/")
SEAL_CODE_KEY_LASTS = timedelta(days=3 * 365)
_CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustListPublisher:
    """Signs and writes the list that says who seals what."""

    public: Path
    verify_origin: str
    agencies: Sequence[Agency]
    seal_code_signers: Mapping[str, Signer]  # by agency
    status_signer: Signer

    def publish(self, names: Sequence[str], *, signer: Credential, at: datetime) -> None:
        """Write the list that follows the published one; `names` are the published files."""
        at = at.replace(microsecond=0)
        path = self.public / FILE_NAME
        published = parse_trust_list(path.read_bytes()).trust_list if path.exists() else None
        following = TrustList(
            version=1 if published is None else published.version + 1,
            issued_at=at,
            expires_at=at + LIFETIME,
            verify_origin=self.verify_origin,
            agencies=tuple(_listed(agency) for agency in self.agencies),
            seal_keys=tuple(self._seal_key(agency, published, at) for agency in self.agencies),
            status_keys=(self._status_key(published, at),),
            files=tuple(sorted(name for name in names if name.startswith(LISTED_FOLDERS))),
        )
        if published is not None:
            require_successor(published, following)
        write_public(path, sign_trust_list(following, signer=signer.signer, certificate=signer.certificate))

    def _seal_key(self, agency: Agency, published: TrustList | None, at: datetime) -> SealKey:
        signer = self.seal_code_signers[agency.id]
        kid = key_identifier(signer.public_key)
        for known in published.seal_keys_of(kid) if published else ():
            if known.agency == agency.code:
                return known
        return SealKey(
            kid=kid,
            public_key=require_p256(signer),
            agency=agency.code,
            profiles=tuple(profile.code for profile in PROFILES),
            not_before=at - _CLOCKS_DIFFER,
            not_after=at + SEAL_CODE_KEY_LASTS,
        )

    def _status_key(self, published: TrustList | None, at: datetime) -> StatusKey:
        kid = key_identifier(self.status_signer.public_key)
        for known in published.status_keys_of(kid) if published else ():
            return known
        return StatusKey(
            kid=kid,
            public_key=require_p256(self.status_signer),
            not_before=at - _CLOCKS_DIFFER,
            not_after=at + SEAL_CODE_KEY_LASTS,
        )


def _listed(agency: Agency) -> ListedAgency:
    return ListedAgency(
        code=agency.code,
        id=agency.id,
        ar=agency.ar,
        en=agency.en,
        organization_identifier=agency.organization_identifier,
    )
