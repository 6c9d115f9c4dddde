"""One key in one file: encrypted PKCS #8 (RFC 5958), PBES2 with scrypt (RFC 7914) and AES-256-CBC.

    Wathiqa private key
    Key-Id: seal-civil-registry
    Purpose: seal
    Algorithm: P-256
    Integrity: scrypt-hmac-sha256 <64 hexadecimal digits>
    -----BEGIN ENCRYPTED PRIVATE KEY-----
    …

Other makers' tools read the PEM part (RFC 7468 §2 allows text before it). PBES2
with CBC encrypts without authenticating, so the lines above it carry a MAC over
themselves and the DER below, encrypt-then-MAC: a key cannot be renamed, given
another purpose or altered in a single bit without the passphrase. Cipher key and
MAC key are the two halves of one 64-octet scrypt output; its first half is what
PBES2 with `keyLength` 32 derives, because scrypt ends in PBKDF2, whose blocks
are independent (RFC 7914 §6 step 3).

Pure: bytes in, bytes out; the random salt and initialisation vector are handed in.
"""

import base64
import hmac
import textwrap
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7

from keys.der import OCTET_STRING, OID, SEQUENCE, Reader, integer, object_identifier, parse_sequence, tlv
from keys.signer import Algorithm, Purpose

PBES2 = object_identifier("1.2.840.113549.1.5.13")
SCRYPT = object_identifier("1.3.6.1.4.1.11591.4.11")
AES_256_CBC = object_identifier("2.16.840.1.101.3.4.1.42")
TITLE = "Wathiqa private key"
BEGIN, END = "-----BEGIN ENCRYPTED PRIVATE KEY-----", "-----END ENCRYPTED PRIVATE KEY-----"
INTEGRITY = "Integrity: scrypt-hmac-sha256 "
SALT_OCTETS, IV_OCTETS, CIPHER_KEY_OCTETS, BLOCK_BITS = 16, 16, 32, 128
MAX_FILE_OCTETS = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class ScryptCost:
    """RFC 7914 parameters; memory is 128·n·r octets, time grows with n·r·p."""

    n: int = 2**14  # 16 MiB with r = 8: the most that openssl's PBES2 reader allows
    r: int = 8
    p: int = 5

    def __post_init__(self) -> None:
        # A hostile file must not make us spend minutes or gigabytes before its MAC is even known.
        if self.n not in {2**exponent for exponent in range(1, 19)} or self.r != 8 or not 1 <= self.p <= 16:  # noqa: PLR2004  (bounds said here)
            msg = f"scrypt cost out of bounds: n={self.n} r={self.r} p={self.p}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLabel:
    """What the file says of its key in the open; covered by the MAC."""

    key_id: str
    purpose: Purpose
    algorithm: Algorithm

    def lines(self) -> str:
        """The text before the PEM part, without the MAC."""
        return f"{TITLE}\nKey-Id: {self.key_id}\nPurpose: {self.purpose}\nAlgorithm: {self.algorithm}\n"


def encode_key_file(
    label: KeyLabel, private_key_info: bytes, *, passphrase: bytes, salt: bytes, iv: bytes, cost: ScryptCost
) -> bytes:
    """The file of one key; `private_key_info` is its DER PrivateKeyInfo (RFC 5958 §2)."""
    cipher_key, mac_key = _derive(passphrase, salt, cost)
    padder = PKCS7(BLOCK_BITS).padder()
    encryptor = Cipher(algorithms.AES(cipher_key), modes.CBC(iv)).encryptor()
    padded = padder.update(private_key_info) + padder.finalize()
    encrypted = encryptor.update(padded) + encryptor.finalize()
    der = tlv(SEQUENCE, _pbes2(salt, iv, cost), tlv(OCTET_STRING, encrypted))
    return _file(label, _mac(mac_key, label, der), der)


def parse_key_file(data: bytes, *, key_id: str, passphrase: bytes) -> tuple[KeyLabel, bytes]:
    """The label and the DER PrivateKeyInfo of the key `key_id`.

    Raises:
        ValueError: not the bytes that `encode_key_file` wrote under this identifier and passphrase.
    """
    label, mac, der = _parse_text(data)
    salt, iv, cost, encrypted = _parse_encrypted(der)
    if label.key_id != key_id or _file(label, mac, der) != data:
        msg = "not written by us, or for another key"
        raise ValueError(msg)
    cipher_key, mac_key = _derive(passphrase, salt, cost)
    if not hmac.compare_digest(_mac(mac_key, label, der), mac):
        msg = "the integrity check failed"
        raise ValueError(msg)
    decryptor = Cipher(algorithms.AES(cipher_key), modes.CBC(iv)).decryptor()
    unpadder = PKCS7(BLOCK_BITS).unpadder()
    padded = decryptor.update(encrypted) + decryptor.finalize()
    return label, unpadder.update(padded) + unpadder.finalize()


def _derive(passphrase: bytes, salt: bytes, cost: ScryptCost) -> tuple[bytes, bytes]:
    derived = Scrypt(salt=salt, length=2 * CIPHER_KEY_OCTETS, n=cost.n, r=cost.r, p=cost.p).derive(passphrase)
    return derived[:CIPHER_KEY_OCTETS], derived[CIPHER_KEY_OCTETS:]


def _mac(key: bytes, label: KeyLabel, der: bytes) -> bytes:
    return hmac.digest(key, label.lines().encode() + der, sha256)


def _pbes2(salt: bytes, iv: bytes, cost: ScryptCost) -> bytes:
    """AlgorithmIdentifier of PBES2 (RFC 8018 §A.4) with scrypt-params (RFC 7914 §7.1)."""
    numbers = (integer(number) for number in (cost.n, cost.r, cost.p, CIPHER_KEY_OCTETS))
    derivation = tlv(SEQUENCE, SCRYPT, tlv(SEQUENCE, tlv(OCTET_STRING, salt), *numbers))
    encryption = tlv(SEQUENCE, AES_256_CBC, tlv(OCTET_STRING, iv))
    return tlv(SEQUENCE, PBES2, tlv(SEQUENCE, derivation, encryption))


def _parse_encrypted(der: bytes) -> tuple[bytes, bytes, ScryptCost, bytes]:
    outer = parse_sequence(der)
    scheme = Reader(outer.read(SEQUENCE))
    encrypted = outer.read(OCTET_STRING)
    outer.finish()
    scheme.skip(OID)
    both = Reader(scheme.read(SEQUENCE))
    derivation, encryption = Reader(both.read(SEQUENCE)), Reader(both.read(SEQUENCE))
    derivation.skip(OID)
    parameters = Reader(derivation.read(SEQUENCE))
    salt = parameters.read(OCTET_STRING)
    cost = ScryptCost(n=parameters.read_integer(), r=parameters.read_integer(), p=parameters.read_integer())
    encryption.skip(OID)
    iv = encryption.read(OCTET_STRING)
    if tlv(SEQUENCE, _pbes2(salt, iv, cost), tlv(OCTET_STRING, encrypted)) != der:
        msg = "another encryption scheme than ours"
        raise ValueError(msg)
    return salt, iv, cost, encrypted


def _file(label: KeyLabel, mac: bytes, der: bytes) -> bytes:
    body = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f"{label.lines()}{INTEGRITY}{mac.hex()}\n{BEGIN}\n{body}\n{END}\n".encode()


def _parse_text(data: bytes) -> tuple[KeyLabel, bytes, bytes]:
    if len(data) > MAX_FILE_OCTETS:
        msg = "too long for a key file"
        raise ValueError(msg)
    lines = data.decode("ascii").split("\n")
    facts = dict(line.split(": ", 1) for line in lines[1:5] if ": " in line)
    try:
        label = KeyLabel(
            key_id=facts["Key-Id"], purpose=Purpose(facts["Purpose"]), algorithm=Algorithm(facts["Algorithm"])
        )
        mac = bytes.fromhex(facts["Integrity"].rpartition(" ")[2])
    except KeyError as error:
        msg = f"the line {error} is missing"
        raise ValueError(msg) from error
    return label, mac, base64.b64decode("".join(lines[6:-2]), validate=True)
