"""The trust services as the service uses them: who seals, what proves it, what is published.

Everything a verifier needs becomes a file below `public/`; nothing here is asked by a
verifier while it works. `publish` may be called at any time and as often as wanted.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Engine

from ca.auditing import AuditRecorder
from ca.evidence import Evidence, RevocationEvidence
from ca.hierarchy import Hierarchy, establish
from ca.names import Agency as SealedAgency
from ca.publication import publish as publish_authority
from ca.urls import PublicUrls
from issuance.agencies import Agency
from issuance.catalogue.embedded_json import published_schema, schema_name
from issuance.catalogue.models import DocumentKind
from issuance.clock import Clock
from issuance.documents.press import AgencySeal
from issuance.public_files import write_public
from keys.custody import Custody, obtain_key
from keys.signer import Algorithm, Purpose, Signer
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
from signing.pades.revocation import RevocationData, RevocationSource
from signing.pades.sealer import Sealer
from signing.seal_codes import SealCodeSigner, key_identifier, require_p256
from signing.status_lists import StatusListSigner
from signing.trust_lists import require_successor, sign_trust_list
from verify.publication import publish_page

# What a verifier that cannot list a directory must be able to find.
LISTED_FOLDERS = ("certificates/", "crl/")
SEAL_CODE_KEY_LASTS = timedelta(days=3 * 365)


class TrustServices:
    """Keys, certificates and lists of one installation.

    Args:
        engine: the authority's database.
        custody: where the keys are.
        agencies: who seals.
        clock: the service's.
        urls: addresses inside certificates.
        verify_origin: the address inside seal codes.
        public: the published root.
        audit: told before an authority's key is used.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        custody: Custody,
        agencies: Sequence[Agency],
        clock: Clock,
        urls: PublicUrls,
        verify_origin: str,
        public: Path,
        audit: AuditRecorder,
    ) -> None:
        self.engine, self._custody, self._agencies = engine, custody, agencies
        self._clock, self._verify_origin, self._public, self._audit = clock, verify_origin, public, audit
        self.hierarchy: Hierarchy = establish(
            custody,
            engine,
            at=clock(),
            urls=urls,
            agencies=[_sealed_agency(agency) for agency in agencies],
            audit=audit,
        )
        self.time_stamper = self.hierarchy.time_stamper(clock)
        self.evidence = RevocationEvidence(self.hierarchy, engine)
        self._status_signer = obtain_key(custody, "status", purpose=Purpose.STATUS, algorithm=Algorithm.P256)
        self._seal_code_signers = {agency.id: self._seal_code_signer(agency) for agency in agencies}

    def seals(self) -> Mapping[str, AgencySeal]:
        """Who seals files and codes for each agency."""
        return {agency.id: self._agency_seal(agency) for agency in self._agencies}

    def status_list_signer(self) -> StatusListSigner:
        """Signs the status lists."""
        kid = key_identifier(self._status_signer.public_key)
        return StatusListSigner(signer=self._status_signer, kid=kid, verify_origin=self._verify_origin)

    def publish(self, *, at: datetime) -> None:
        """Write certificates, CRLs, OCSP responses, schemas, the trust list and the page."""
        published = publish_authority(self._public, self.hierarchy, self.engine, at=at, audit=self._audit)
        names = (path.relative_to(self._public).as_posix() for path in published.files)
        self._publish_trust_list(at, [name for name in names if name.startswith(LISTED_FOLDERS)])
        for kind in DocumentKind:
            schema = published_schema(kind, self._verify_origin)
            write_public(self._public / "schemas" / f"{schema_name(kind)}.json", schema)
        anchor = self.hierarchy.root.certificate.public_key()
        publish_page(
            self._public,
            verify_origin=self._verify_origin,
            trust_anchor_spki=anchor.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        )

    def _publish_trust_list(self, at: datetime, files: Sequence[str]) -> None:
        at = at.replace(microsecond=0)
        path = self._public / FILE_NAME
        published = parse_trust_list(path.read_bytes()).trust_list if path.exists() else None
        following = TrustList(
            version=1 if published is None else published.version + 1,
            issued_at=at,
            expires_at=at + LIFETIME,
            verify_origin=self._verify_origin,
            agencies=tuple(_listed_agency(agency) for agency in self._agencies),
            seal_keys=tuple(self._listed_seal_key(agency, published, at) for agency in self._agencies),
            status_keys=(self._listed_status_key(published, at),),
            files=tuple(sorted(files)),
        )
        if published is not None:
            require_successor(published, following)
        signer = self.hierarchy.trust_list_signer
        write_public(path, sign_trust_list(following, signer=signer.signer, certificate=signer.certificate))

    def _listed_seal_key(self, agency: Agency, published: TrustList | None, at: datetime) -> SealKey:
        signer = self._seal_code_signers[agency.id]
        kid = key_identifier(signer.public_key)
        for known in published.seal_keys_of(kid) if published else ():
            if known.agency == agency.code:
                return known
        return SealKey(
            kid=kid,
            public_key=require_p256(signer),
            agency=agency.code,
            profiles=tuple(profile.code for profile in PROFILES),
            not_before=at - timedelta(minutes=5),
            not_after=at + SEAL_CODE_KEY_LASTS,
        )

    def _listed_status_key(self, published: TrustList | None, at: datetime) -> StatusKey:
        kid = key_identifier(self._status_signer.public_key)
        for known in published.status_keys_of(kid) if published else ():
            return known
        return StatusKey(
            kid=kid,
            public_key=require_p256(self._status_signer),
            not_before=at - timedelta(minutes=5),
            not_after=at + SEAL_CODE_KEY_LASTS,
        )

    def _agency_seal(self, agency: Agency) -> AgencySeal:
        credential = self.hierarchy.seal(agency.id)
        sealer = Sealer(
            credential.signer,
            credential.certificate,
            credential.chain[:-1],
            self.time_stamper.token,
            self._revocation_source(agency.id),
        )
        signer = self._seal_code_signers[agency.id]
        codes = SealCodeSigner(
            signer=signer, kid=key_identifier(signer.public_key), verify_origin=self._verify_origin
        )
        return AgencySeal(code=agency.code, files=sealer, codes=codes)

    def _seal_code_signer(self, agency: Agency) -> Signer:
        return obtain_key(
            self._custody, f"seal-code-{agency.id}", purpose=Purpose.SEAL_CODE, algorithm=Algorithm.P256
        )

    def _revocation_source(self, agency: str) -> RevocationSource:
        kept: tuple[Evidence, RevocationData] | None = None

        def source(at: datetime) -> RevocationData:
            nonlocal kept
            evidence, before = self.evidence.for_seal(agency, at=at), kept
            if before is not None and before[0] is evidence:
                return before[1]
            data = RevocationData(
                ocsps=evidence.ocsps,
                crls=evidence.crls,
                certificates=tuple(each.public_bytes(Encoding.DER) for each in evidence.certificates),
            )
            kept = (evidence, data)
            return data

        return source


def _listed_agency(agency: Agency) -> ListedAgency:
    return ListedAgency(
        code=agency.code,
        id=agency.id,
        ar=agency.ar,
        en=agency.en,
        organization_identifier=agency.organization_identifier,
    )


def _sealed_agency(agency: Agency) -> SealedAgency:
    return SealedAgency(
        code=agency.id,
        name_ar=agency.ar,
        name_en=agency.en,
        organization_identifier=agency.organization_identifier,
    )
