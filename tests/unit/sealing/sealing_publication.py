"""What an office publishes, as files: for verifiers that run as processes of their own."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sealing_office import ORIGIN, Office
from sealing_pages import published_sets
from sealing_pki import KeySigner, certify, key

from keys.signer import Purpose
from signing.formats.status_list import status_list_name
from signing.formats.trust_list import FILE_NAME, TRUST_LIST_SIGNING, StatusKey
from signing.seal_codes import key_identifier
from signing.status_lists import StatusListSigner
from signing.trust_lists import sign_trust_list

LISTED_AFTER = timedelta(hours=2)


def publish(office: Office, public: Path, *, lists: tuple[str, ...] = ()) -> Path:
    """Root, trust list, the root's CRL and the statuses, signed as the service signs them.

    `lists` are other files that the trust list names.
    """
    public.mkdir(exist_ok=True)
    (public / "root.pem").write_bytes(office.authority.root.certificate.public_bytes(Encoding.PEM))
    (public / "crl").mkdir(exist_ok=True)
    (public / "crl" / "root.crl").write_bytes(
        office.authority.crl(office.authority.root, office.now, days=300)
    )
    (public / FILE_NAME).write_bytes(_trust_list(office, lists))
    (public / "templates").mkdir(exist_ok=True)
    for name, octets in published_sets().items():
        (public / name).write_bytes(octets)
    publish_statuses(office, public)
    return public


def publish_statuses(office: Office, public: Path) -> None:
    """What the register says, two hours after the sealing."""
    status_key = KeySigner(key("status"), purpose=Purpose.STATUS)
    signer = StatusListSigner(
        signer=status_key, kid=key_identifier(status_key.public_key), verify_origin=ORIGIN
    )
    path = public / status_list_name(1)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(signer.sign(1, office.status_claims().entries, office.now + LISTED_AFTER))


def _trust_list(office: Office, lists: tuple[str, ...]) -> bytes:
    signing = [(x509.BasicConstraints(ca=False, path_length=None), True)]
    usage = (x509.ExtendedKeyUsage([TRUST_LIST_SIGNING]), True)
    party = certify("trust-list", office.authority.root, [*signing, usage])
    status = key("status").public_key()
    listed = StatusKey(
        kid=key_identifier(status),
        public_key=status,
        not_before=office.now - timedelta(days=30),
        not_after=office.now + timedelta(days=365),
    )
    trust_list = office.trust().trust_list
    trust_list = replace(trust_list, status_keys=(listed,), files=(*trust_list.files, *lists))
    signer = KeySigner(party.private, purpose=Purpose.TRUST_LIST)
    return sign_trust_list(trust_list, signer=signer, certificate=party.certificate)
