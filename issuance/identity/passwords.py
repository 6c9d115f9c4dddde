"""Passwords of staff: argon2id (RFC 9106), and what is accepted as one.

Rules after NIST SP 800-63B-4 §3.1.1.2: length counts, composition rules do not exist,
what everybody guesses first is refused. Spelling is normalised (NFKC), so that the same
password typed on another keyboard is the same password.

Hashing costs tens of milliseconds and 64 MiB on purpose: never do it inside a database
transaction, and never more than two at a time.
"""

import base64
import secrets
import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from issuance.identity.errors import PasswordNotAccepted

MIN_CHARACTERS = 15  # SP 800-63B-4: a password that is the only factor
MAX_CHARACTERS = 128
MIN_DIFFERENT_CHARACTERS = 6
_AT_ONCE = 2

# Beginnings of what is guessed first; the length rule does away with the rest of the usual lists.
_COMMON = (
    "password",
    "passw0rd",
    "qwertyuiop",
    "1234567890",
    "0123456789",
    "iloveyou",
    "administrator",
    "letmein",
    "welcome",
    "wathiqa",
    "وثيقة",
    "كلمة السر",
    "كلمة المرور",
)


class Passwords:
    """Hashes and verifies; one instance per process."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._nobody = _hash_of_nothing(self._hasher)

    def hash(self, password: str) -> str:
        """The PHC string of a password."""
        with self._turns:
            return self._hasher.hash(_normal(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password fits; with no stored hash the work is done all the same, and it does not."""
        with self._turns:
            try:
                fits = self._hasher.verify(stored or self._nobody, _normal(password)[: MAX_CHARACTERS * 4])
            except (VerificationError, InvalidHashError):
                return False
        return fits and stored is not None

    def outdated(self, stored: str) -> bool:
        """Whether a stored hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)


def _hash_of_nothing(hasher: PasswordHasher) -> str:
    """Verified when there is no account, so that an unknown name takes as long as a wrong password.

    Its digest is drawn at random: no password is known to fit, and making it costs nothing.
    """
    salt, digest = secrets.token_bytes(hasher.salt_len), secrets.token_bytes(hasher.hash_len)
    parameters = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    encoded = [base64.b64encode(part).rstrip(b"=").decode() for part in (salt, digest)]
    return f"$argon2id$v=19${parameters}${encoded[0]}${encoded[1]}"


def check_password(password: str, *, login: str) -> None:
    """Accept or refuse a new password.

    Raises:
        PasswordNotAccepted: see the rules above.
    """
    folded = _normal(password).casefold()
    acceptable = (
        MIN_CHARACTERS <= len(_normal(password)) <= MAX_CHARACTERS
        and len(set(folded)) >= MIN_DIFFERENT_CHARACTERS
        and login.casefold() not in folded
        and not folded.startswith(_COMMON)
    )
    if not acceptable:
        raise PasswordNotAccepted(least=MIN_CHARACTERS, most=MAX_CHARACTERS)


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)
