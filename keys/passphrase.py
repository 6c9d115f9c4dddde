"""Where the passphrase of the key files comes from: a callback, the environment or a file.

A source is called once, when the first key is opened, and never logged.
"""

import os
from collections.abc import Callable
from pathlib import Path

from keys.errors import PassphraseMissing, PassphraseWeak

PassphraseSource = Callable[[], bytes]
"""Answers the passphrase, not empty. May ask a person."""

MAX_PASSPHRASE_OCTETS = 1024
# Of what people type. scrypt makes each guess cost a tenth of a second; "1" is the first one.
MIN_CHARACTERS, MIN_DIFFERENT = 12, 6


def passphrase_from_environment(variable: str = "WATHIQA_KEY_PASSPHRASE") -> PassphraseSource:
    """Read the environment variable `variable` when asked."""

    def read() -> bytes:
        return _not_empty(os.environ.get(variable, "").encode(), f"${variable}")

    return read


def passphrase_from_file(path: Path) -> PassphraseSource:
    """Read the first line of a file when asked: what secret mounts of containers offer."""

    def read() -> bytes:
        try:
            with path.open("rb") as file:
                line = file.readline(MAX_PASSPHRASE_OCTETS + 2)
        except OSError as error:
            raise PassphraseMissing(place=str(path)) from error
        return _not_empty(line.rstrip(b"\r\n"), str(path))

    return read


def passphrase_from_callback(ask: Callable[[], str]) -> PassphraseSource:
    """Ask a person, for instance by `getpass.getpass`."""

    def read() -> bytes:
        return _not_empty(ask().encode(), "the answer given")

    return read


def require_strength(passphrase: bytes) -> None:
    """Assert that nobody guesses a passphrase at once; asked when the first key is made under it.

    A floor, not a judgement: words from a dictionary pass.

    Raises:
        PassphraseWeak: too short, or one letter over and over.
    """
    characters = passphrase.decode(errors="replace")
    if len(characters) < MIN_CHARACTERS or len(set(characters)) < MIN_DIFFERENT:
        raise PassphraseWeak(characters=MIN_CHARACTERS, different=MIN_DIFFERENT)


def _not_empty(passphrase: bytes, place: str) -> bytes:
    if not passphrase or len(passphrase) > MAX_PASSPHRASE_OCTETS:
        raise PassphraseMissing(place=place)
    return passphrase
