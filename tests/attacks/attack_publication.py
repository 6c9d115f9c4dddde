"""What an office publishes, as one shelf of files in memory; forgers exchange what stands on it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from sealing_office import ORIGIN, Office
from sealing_pages import published_sets
from sealing_pki import KeySigner, Party, certify, key

from keys.signer import Purpose
from signing.formats import trust_bundle
from signing.formats.status_list import status_list_name
from signing.formats.trust_bundle import Bundle, BundleFile, place_of
from signing.formats.trust_list import FILE_NAME, TRUST_LIST_SIGNING, StatusKey, TrustList
from signing.seal_codes import key_identifier
from signing.status_lists import StatusListSigner
from signing.trust_bundles import sign_bundle
from signing.trust_lists import sign_trust_list

STATUS = status_list_name(1)
ROOT, ROOT_CRL = "root.pem", "crl/root.crl"
LIST_EXTENSIONS: list[tuple[x509.ExtensionType, bool]] = [
    (x509.BasicConstraints(ca=False, path_length=None), True),
    (x509.ExtendedKeyUsage([TRUST_LIST_SIGNING]), True),
]


@dataclass
class Shelf:
    """A published root; see `verify.sources.Source`."""

    files: dict[str, bytes] = field(default_factory=dict)

    def read(self, name: str, *, max_bytes: int = 0) -> bytes | None:
        """See `Source.read`."""
        del max_bytes
        return self.files.get(name)

    def names(self, folder: str, suffix: str) -> list[str]:
        """See `Source.names`."""
        return [name for name in self.files if name.startswith(f"{folder}/") and name.endswith(suffix)]

    def with_(self, files: Mapping[str, bytes]) -> "Shelf":
        """The shelf with some files exchanged."""
        return Shelf({**self.files, **files})

    def write(self, folder: Path) -> Path:
        """As files of a directory."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder


@dataclass
class Publisher:
    """Signs what an office publishes; every part can be bent."""

    office: Office
    signer: Party = field(init=False)  # of trust lists and bundles

    def __post_init__(self) -> None:
        self.signer = certify("trust-list", self.office.authority.root, LIST_EXTENSIONS)

    def shelf(self, **bent: Any) -> Shelf:
        """Everything, as it stands at the moment."""
        made = {
            ROOT: self.office.authority.root.certificate.public_bytes(Encoding.PEM),
            ROOT_CRL: self.root_crl(bent.get("crl", 1)),
            FILE_NAME: self.trust_list(version=bent.get("version", 1)),
            STATUS: self.status(bent.get("listed_at")),
            **published_sets(),
        }
        return Shelf(made)

    def root_crl(self, number: int) -> bytes:
        root, now = self.office.authority.root, self.office.now
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(root.certificate.subject)
            .last_update(now)
            .next_update(now + timedelta(days=300))
            .add_extension(x509.CRLNumber(number), critical=False)
        )
        for serial, revocation in self.office.authority.revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(revocation.at)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(root.private, hashes.SHA384()).public_bytes(Encoding.DER)

    def list_content(self, **changed: Any) -> TrustList:
        status = key("status").public_key()
        listed = StatusKey(
            kid=key_identifier(status),
            public_key=status,
            not_before=self.office.now - timedelta(days=30),
            not_after=self.office.now + timedelta(days=365),
        )
        return replace(self.office.trust().trust_list, **{"status_keys": (listed,), **changed})

    def trust_list(self, signer: Party | None = None, **changed: Any) -> bytes:
        party = signer or self.signer
        content = self.list_content(**changed)
        return sign_trust_list(content, signer=_of_lists(party), certificate=party.certificate)

    def status(
        self,
        listed_at: datetime | None = None,
        *,
        number: int = 1,
        private: ec.EllipticCurvePrivateKey | None = None,
        origin: str = ORIGIN,
    ) -> bytes:
        signer = KeySigner(private or key("status"), purpose=Purpose.STATUS)
        kid = key_identifier(key("status").public_key())
        lists = StatusListSigner(signer=signer, kid=kid, verify_origin=origin)
        at = listed_at or self.office.now + timedelta(hours=2)
        return lists.sign(number, self.office.status_claims().entries, at)

    def bundled(self, shelf: Shelf, *, version: int, at: datetime, signer: Party | None = None) -> Shelf:
        """The shelf with a signed bundle of all that stands on it."""
        party = signer or self.signer
        files = tuple(
            BundleFile(name=name, sha256=hashlib.sha256(content).digest(), size=len(content))
            for name, content in sorted(shelf.files.items())
        )
        bundle = Bundle(
            version=version,
            issued_at=at,
            expires_at=at + timedelta(days=20),
            verify_origin=ORIGIN,
            files=files,
        )
        signed = sign_bundle(bundle, signer=_of_lists(party), certificate=party.certificate)
        placed = {place_of(file.sha256): shelf.files[file.name] for file in files}
        return shelf.with_({**placed, trust_bundle.FILE_NAME: signed})


def _of_lists(party: Party) -> KeySigner:
    return KeySigner(party.private, purpose=Purpose.TRUST_LIST)
