"""Keys in encrypted files on this machine: custody for development, tests and small sites.

One file a key (see key_file.py), mode 0600 in a directory of mode 0700, written
whole or not at all and never overwritten. A key is opened once and stays in
memory; opening costs one scrypt derivation, about 0.2 s at the default cost.
"""

import os
import secrets
import threading
from pathlib import Path
from typing import TypeAlias, assert_never, cast

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa

from keys.custody import check_key_id
from keys.errors import KeyExists, KeyNotFound, KeyRefused
from keys.held import CountingSigner, HeldKey
from keys.key_file import IV_OCTETS, SALT_OCTETS, KeyLabel, ScryptCost, encode_key_file, parse_key_file
from keys.passphrase import PassphraseSource, require_strength
from keys.signer import Algorithm, Purpose, Signer, require_purpose

SUFFIX = ".key.pem"
RSA_BITS, RSA_EXPONENT = 3072, 65537
_Held: TypeAlias = (
    ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | mldsa.MLDSA65PrivateKey
)


class SoftwareSigner(CountingSigner[HeldKey]):
    """A key held in this process's memory."""

    __slots__ = ("_private_key",)

    def __init__(self, label: KeyLabel, key: _Held) -> None:
        super().__init__(
            HeldKey(
                key_id=label.key_id,
                purpose=label.purpose,
                algorithm=label.algorithm,
                public_key=key.public_key(),
            )
        )
        self._private_key = key

    def sign(self, data: bytes, *, purpose: Purpose) -> bytes:
        """Sign `data`; see `keys.signer.Signer`.

        Raises:
            WrongPurpose: `purpose` is not the purpose of this key.
        """
        require_purpose(self, purpose)
        self._count()
        match self.algorithm:
            case Algorithm.P256:
                return cast("ec.EllipticCurvePrivateKey", self._private_key).sign(data, _ECDSA_SHA256)
            case Algorithm.P384:
                return cast("ec.EllipticCurvePrivateKey", self._private_key).sign(data, _ECDSA_SHA384)
            case Algorithm.RSA3072:
                return cast("rsa.RSAPrivateKey", self._private_key).sign(
                    data, padding.PKCS1v15(), hashes.SHA256()
                )
            case Algorithm.ED25519:
                return cast("ed25519.Ed25519PrivateKey", self._private_key).sign(data)
            case Algorithm.ML_DSA_65:
                return cast("mldsa.MLDSA65PrivateKey", self._private_key).sign(data)
            case _:
                assert_never(self.algorithm)


class SoftwareCustody:
    """The keys in one directory, under one passphrase."""

    def __init__(
        self, directory: Path, passphrase: PassphraseSource, *, cost: ScryptCost | None = None
    ) -> None:
        """Open the directory, making it if need be; the passphrase is asked for at the first key.

        `cost` is what new files are written with; old ones state their own.
        """
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._source = passphrase
        self._passphrase: bytes | None = None
        self._cost = cost or ScryptCost()
        self._lock = threading.Lock()
        self._open: dict[str, SoftwareSigner] = {}

    def generate(self, key_id: str, *, purpose: Purpose, algorithm: Algorithm = Algorithm.P256) -> Signer:
        """Make a key and keep it durably; see `keys.custody.Custody`.

        Raises:
            KeyExists: the identifier is taken.
            InvalidKeyId: an identifier of another form.
            PassphraseMissing: nothing to encrypt with.
            PassphraseWeak: it would be the first key under a passphrase that is easily guessed.
        """
        check_key_id(key_id)
        label = KeyLabel(key_id=key_id, purpose=purpose, algorithm=algorithm)
        with self._lock:
            if self._path(key_id).exists():
                raise KeyExists(key_id=key_id)
            if not self.key_ids():
                require_strength(self._secret())
            key = _new_key(algorithm)
            self._write(label, key)
            self._open[key_id] = SoftwareSigner(label, key)
            return self._open[key_id]

    def load(self, key_id: str) -> Signer:
        """Lend a key, opening its file the first time; see `keys.custody.Custody`.

        Raises:
            KeyNotFound: no such file.
            KeyRefused: wrong passphrase, or the file was changed.
        """
        check_key_id(key_id)
        with self._lock:
            if key_id not in self._open:
                self._open[key_id] = self._read(key_id)
            return self._open[key_id]

    def use_count(self, key_id: str) -> int:
        """How many signatures this process made with a key since it opened it (`keys.gates.CountsUses`)."""
        with self._lock:
            return self._open[key_id].uses if key_id in self._open else 0

    def key_ids(self) -> list[str]:
        """The identifiers of all keys held, sorted."""
        return sorted(path.name.removesuffix(SUFFIX) for path in self._directory.glob(f"[!.]*{SUFFIX}"))

    def erase(self, key_id: str) -> None:
        """Delete the file of a key; see `keys.custody.ErasingCustody`.

        Copies of the file in backups stay; the passphrase is what keeps them closed.

        Raises:
            KeyNotFound: no such file.
        """
        check_key_id(key_id)
        with self._lock:
            self._open.pop(key_id, None)
            try:
                self._path(key_id).unlink()
            except FileNotFoundError as error:
                raise KeyNotFound(key_id=key_id) from error
            _sync(self._directory)

    def _path(self, key_id: str) -> Path:
        return self._directory / f"{key_id}{SUFFIX}"

    def _secret(self) -> bytes:
        if self._passphrase is None:
            self._passphrase = self._source()
        return self._passphrase

    def _read(self, key_id: str) -> SoftwareSigner:
        try:
            data = self._path(key_id).read_bytes()
        except FileNotFoundError as error:
            raise KeyNotFound(key_id=key_id) from error
        try:
            label, der = parse_key_file(data, key_id=key_id, passphrase=self._secret())
            # The MAC vouches for the numbers; checking an RSA key again would cost up to 0.1 s.
            key = serialization.load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
        except ValueError as error:
            raise KeyRefused(key_id=key_id, reason=str(error)) from error
        return SoftwareSigner(label, cast("_Held", key))

    def _write(self, label: KeyLabel, key: _Held) -> None:
        data = encode_key_file(
            label,
            key.private_bytes(
                serialization.Encoding.DER,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
            passphrase=self._secret(),
            salt=secrets.token_bytes(SALT_OCTETS),
            iv=secrets.token_bytes(IV_OCTETS),
            cost=self._cost,
        )
        try:
            _write_new(self._path(label.key_id), data)
        except FileExistsError as error:
            raise KeyExists(key_id=label.key_id) from error


def _new_key(algorithm: Algorithm) -> _Held:
    match algorithm:
        case Algorithm.P256:
            return ec.generate_private_key(ec.SECP256R1())
        case Algorithm.P384:
            return ec.generate_private_key(ec.SECP384R1())
        case Algorithm.RSA3072:
            return rsa.generate_private_key(RSA_EXPONENT, RSA_BITS)
        case Algorithm.ED25519:
            return ed25519.Ed25519PrivateKey.generate()
        case Algorithm.ML_DSA_65:
            return mldsa.MLDSA65PrivateKey.generate()
        case _:
            assert_never(algorithm)


def _write_new(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, durably, and only where there is none.

    Linking fails where the name is taken, which renaming would silently replace.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    finally:
        draft.unlink()
    _sync(path.parent)


def _sync(directory: Path) -> None:
    """What was linked or unlinked in a directory outlives a power failure."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_ECDSA_SHA256 = ec.ECDSA(hashes.SHA256())
_ECDSA_SHA384 = ec.ECDSA(hashes.SHA384())
