"""The root's key in its file: encrypted under a passphrase that nobody knows, and the custodians' record.

The passphrase is 256 random bits, shared out and forgotten. `custody.json` says in the open
which sheets belong to the key and whose they are; it opens nothing.
"""

import json
import secrets
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ca.ceremony.errors import ResultsRefused, SheetsDoNotOpen
from ca.ceremony.shares import passphrase_of
from keys.forms import check_form, form_of
from keys.held import HeldSigner
from keys.key_file import (
    IV_OCTETS,
    SALT_OCTETS,
    KeyLabel,
    ScryptCost,
    encode_key_file,
    parse_key_file,
)
from keys.signer import Algorithm, Purpose, Signer, require_purpose
from keys.software import RSA_BITS, RSA_EXPONENT, SoftwareSigner

FILE_NAME, RECORD_NAME = "root.key.pem", "custody.json"
KEY_ID = "root"
REHEARSED_KEY_ID = "rehearsal-root"  # covered by the file's MAC: such a file never passes for a root's
FORMAT = "wathiqa-ceremony-custody-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """Which sheets open the key, and who has them."""

    share_set: int
    threshold: int
    custodians: tuple[str, ...]  # the first has sheet 1

    def encode(self) -> bytes:
        """As `custody.json` says it."""
        sheets = [
            {"sheet": number, "custodian": name} for number, name in enumerate(self.custodians, start=1)
        ]
        found = {"format": FORMAT, "share_set": self.share_set, "threshold": self.threshold, "sheets": sheets}
        return (json.dumps(found, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def parse_custody(data: bytes) -> Custody:
    """The record in these bytes.

    Raises:
        ResultsRefused: not as we write it.
    """
    try:
        found: Any = json.loads(data.decode("utf-8"))
        names = tuple(str(each["custodian"]) for each in found["sheets"])
        custody = Custody(
            share_set=int(found["share_set"]), threshold=int(found["threshold"]), custodians=names
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ResultsRefused(path=RECORD_NAME, rule="as a ceremony wrote it") from error
    if custody.encode() != data:
        raise ResultsRefused(path=RECORD_NAME, rule="as a ceremony wrote it")
    return custody


def make_root_key(algorithm: Algorithm, secret: bytes, *, key_id: str, cost: ScryptCost) -> bytes:
    """A new key, only as the file that the secret opens: nobody holds it before the sheets were tried."""
    label = KeyLabel(key_id=key_id, purpose=Purpose.ROOT, algorithm=algorithm)
    info = _new_key(algorithm).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return encode_key_file(
        label,
        info,
        passphrase=passphrase_of(secret),
        salt=secrets.token_bytes(SALT_OCTETS),
        iv=secrets.token_bytes(IV_OCTETS),
        cost=cost,
    )


def open_root_key(data: bytes, secret: bytes, *, key_id: str) -> Signer:
    """The key, held in memory until the process ends.

    Raises:
        SheetsDoNotOpen: another key's secret, or the file was changed.
    """
    try:
        label, info = parse_key_file(data, key_id=key_id, passphrase=passphrase_of(secret))
        key = serialization.load_der_private_key(info, None)
    except ValueError as error:
        raise SheetsDoNotOpen(reason=str(error)) from error
    if label.purpose is not Purpose.ROOT or not isinstance(
        key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    ):
        raise SheetsDoNotOpen(reason="it is no root's key")
    return _RootSigner(SoftwareSigner(label, key))


class _RootSigner(HeldSigner[SoftwareSigner]):
    """Signs certificates and lists of this root, and nothing else (`keys.forms`)."""

    __slots__ = ("_form",)

    def __init__(self, key: SoftwareSigner) -> None:
        super().__init__(key)
        self._form = form_of(key.purpose, algorithm=key.algorithm, public_key=key.public_key)

    def sign(self, data: bytes, *, purpose: Purpose) -> bytes:
        """Sign, if it is what a root signs.

        Raises:
            WrongPurpose: `purpose` is not a root's.
            FormRefused: it is neither a certificate nor a list that names this key as its authority.
        """
        require_purpose(self, purpose)
        check_form(self._form, data, key_id=self.key_id, purpose=purpose)
        return self._key.sign(data, purpose=purpose)


def _new_key(algorithm: Algorithm) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    match algorithm:
        case Algorithm.P384:
            return ec.generate_private_key(ec.SECP384R1())
        case Algorithm.P256:
            return ec.generate_private_key(ec.SECP256R1())
        case Algorithm.RSA3072:
            return rsa.generate_private_key(RSA_EXPONENT, RSA_BITS)
        case _:
            msg = f"no root signs with {algorithm}"
            raise ValueError(msg)
