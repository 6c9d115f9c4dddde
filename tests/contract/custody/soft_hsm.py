"""A SoftHSM token in a directory of the test's own, and what may happen to it."""

import glob
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import pkcs11
import pytest
from pkcs11 import Attribute

from keys.pkcs11 import Pkcs11Custody
from keys.pkcs11_library import load_library

PIN, OFFICER_PIN, LABEL = "a pin of tests", "an officer's pin", "wathiqa-tests"
WHERE_DISTRIBUTIONS_PUT_IT = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/*/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


@cache
def find_library() -> str:
    """The library's path; skips the test where SoftHSM is not installed."""
    found = [path for pattern in WHERE_DISTRIBUTIONS_PUT_IT for path in sorted(glob.glob(pattern))]  # noqa: PTH207  (absolute patterns)
    if not found or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed (Debian: softhsm2)")
    return found[0]


class SoftHsm:
    """One token. `SOFTHSM2_CONF` of this process names it from now on."""

    def __init__(self, directory: Path) -> None:
        self.library = find_library()
        self.tokens = directory / "tokens"
        self.tokens.mkdir(parents=True)
        self.settings = directory / "softhsm2.conf"
        self.settings.write_text(
            f"directories.tokendir = {self.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n",
            encoding="utf-8",
        )
        os.environ["SOFTHSM2_CONF"] = str(self.settings)
        command = ["softhsm2-util", "--init-token", "--free", "--label", LABEL]
        subprocess.run(
            [*command, "--pin", PIN, "--so-pin", OFFICER_PIN], check=True, capture_output=True, timeout=60
        )
        self.plug_in()

    def plug_in(self) -> None:
        """Have this process see this token alone: SoftHSM reads its settings when it is initialised."""
        os.environ["SOFTHSM2_CONF"] = str(self.settings)
        load_library(self.library, key_id="tests").reset()

    def custody(self, pin: str = PIN) -> Pkcs11Custody:
        return Pkcs11Custody(self.library, LABEL, pin.encode)

    @contextmanager
    def session(self) -> Iterator[pkcs11.Session]:
        """What anybody who knows the PIN can do, with any other program."""
        library = pkcs11.lib(self.library)
        token = library.get_token(token_label=LABEL)
        try:
            session = token.open(rw=True, user_pin=PIN)
        except pkcs11.UserAlreadyLoggedIn:
            session = token.open(rw=True)
        try:
            yield session
        finally:
            session.close()

    def wipe(self) -> None:
        """Destroy every object in the token."""
        with self.session() as session:
            for found in list(session.get_objects()):
                found.destroy()

    def labels(self, kind: pkcs11.ObjectClass) -> list[str]:
        with self.session() as session:
            return sorted(
                str(found[Attribute.LABEL]) for found in session.get_objects({Attribute.CLASS: kind})
            )

    @contextmanager
    def unplugged(self) -> Iterator[None]:
        """The token is away while the block runs."""
        away = self.tokens.with_name("away")
        self.tokens.rename(away)
        try:
            yield
        finally:
            with suppress(FileNotFoundError):
                shutil.rmtree(self.tokens)
            away.rename(self.tokens)
