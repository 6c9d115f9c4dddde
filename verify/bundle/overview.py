"""How old what a store holds is, and until when it can be used without a network."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509

from signing.formats.status_list import parse_status_list
from signing.formats.trust_bundle import FILE_NAME as BUNDLE_FILE
from signing.formats.trust_bundle import Bundle
from signing.formats.trust_list import FILE_NAME as TRUST_LIST_FILE
from verify.bundle.problems import BundleError, BundleProblem
from verify.bundle.store import TrustStore
from verify.sources import Source, SourceUnavailable

_STATUS_LIST = re.compile(r"status/[0-9]{1,9}\.cwt")


class PartKind(StrEnum):
    """What a part of a bundle is for."""

    BUNDLE = "bundle"
    TRUST_LIST = "trust-list"  # who seals
    REVOKED_CERTIFICATES = "revoked-certificates"
    DOCUMENT_STATUSES = "document-statuses"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Something that grows old."""

    kind: PartKind
    name: str
    issued_at: datetime
    expires_at: datetime

    def is_over(self, at: datetime) -> bool:
        """Whether what it says is too old for `at`."""
        return at > self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What a store holds."""

    root: str  # fingerprint, hexadecimal
    root_name: str
    version: int
    verify_origin: str
    updated_at: datetime
    taken_from: str
    files: int
    size: int  # octets
    parts: tuple[Part, ...]  # the first to expire first

    @property
    def usable_until(self) -> datetime:
        """Until then no verdict is worse for want of a network."""
        return self.parts[0].expires_at


def look_at(store: TrustStore, *, at: datetime) -> Overview:
    """What `store` holds; everything in it is checked, as for a verdict at `at`.

    Raises:
        TrustError: there is none, or it is damaged (`BundleError`), or it breaks a rule.
    """
    state, bundle = store.state(), store.bundle()
    source = store.source_of(bundle, state.root)
    trust = store.open(at=at)
    own = Part(
        kind=PartKind.BUNDLE, name=BUNDLE_FILE, issued_at=bundle.issued_at, expires_at=bundle.expires_at
    )
    listed = Part(
        kind=PartKind.TRUST_LIST,
        name=TRUST_LIST_FILE,
        issued_at=trust.trust_list.issued_at,
        expires_at=trust.trust_list.expires_at,
    )
    parts = [own, listed, *_crls(source, bundle), *_status_lists(source, bundle)]
    needed = bundle.needed()
    return Overview(
        root=state.root,
        root_name=_name_of(x509.load_pem_x509_certificate(store.root_pem(state.root))),
        version=bundle.version,
        verify_origin=bundle.verify_origin,
        updated_at=state.updated_at,
        taken_from=state.taken_from,
        files=len(needed),
        size=sum(file.size for file in needed),
        parts=tuple(sorted(parts, key=lambda part: (part.expires_at, part.name))),
    )


def _crls(source: Source, bundle: Bundle) -> Iterator[Part]:
    for file in bundle.needed():
        if file.name.startswith("crl/"):
            crl = x509.load_der_x509_crl(_read(source, file.name))
            yield Part(
                kind=PartKind.REVOKED_CERTIFICATES,
                name=file.name,
                issued_at=crl.last_update_utc,
                expires_at=crl.next_update_utc or crl.last_update_utc,
            )


def _status_lists(source: Source, bundle: Bundle) -> Iterator[Part]:
    for file in bundle.needed():
        if _STATUS_LIST.fullmatch(file.name):
            claims = parse_status_list(_read(source, file.name)).claims
            yield Part(
                kind=PartKind.DOCUMENT_STATUSES,
                name=file.name,
                issued_at=claims.issued_at,
                expires_at=claims.expires_at,
            )


def _read(source: Source, name: str) -> bytes:
    try:
        data = source.read(name)
    except SourceUnavailable as error:
        raise BundleError(BundleProblem.STORE_DAMAGED, name) from error
    if data is None:
        raise BundleError(BundleProblem.STORE_DAMAGED, name)
    return data


def _name_of(root: x509.Certificate) -> str:
    names = root.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else root.subject.rfc4514_string()
