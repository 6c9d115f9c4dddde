"""Which custody holds this installation's keys: files, a token or a key service, as the settings choose.

A backend is loaded when it is chosen, so that nobody needs the libraries of another.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from issuance.settings import Layout, Settings, SettingsInvalid
from keys.custody import Custody
from keys.errors import BackendMissing, PassphraseMissing, PinMissing
from keys.passphrase import (
    PassphraseSource,
    passphrase_from_environment,
    passphrase_from_file,
    require_strength,
)
from keys.software import SoftwareCustody

PASSPHRASE_VARIABLE = "WATHIQA_KEY_PASSPHRASE"  # noqa: S105  (the name of a variable)
PIN_VARIABLE = "WATHIQA_PKCS11_PIN"
CUSTODIES = ("software", "pkcs11", "kms")


def open_custody(layout: Layout, settings: Settings) -> Custody:
    """The custody that the settings choose; no key is opened and no secret asked for yet.

    Raises:
        SettingsInvalid: no such custody, or it lacks a setting.
        BackendMissing: its Python library is not installed.
    """
    match settings.custody:
        case "software":
            return SoftwareCustody(layout.keys, passphrase_source(layout))
        case "pkcs11":
            module = _needed(settings.pkcs11_module, "pkcs11_module")
            token = _needed(settings.pkcs11_token, "pkcs11_token")
            with _loading("pkcs11", extra="pkcs11"):
                from keys.pkcs11 import Pkcs11Custody  # noqa: PLC0415  (chosen by a setting)
            return Pkcs11Custody(module, token, pin_source(layout))
        case "kms":
            region = _needed(settings.kms_region, "kms_region")
            with _loading("boto3", extra="kms"):
                from keys.kms import KmsCustody  # noqa: PLC0415  (chosen by a setting)
            return KmsCustody(region, endpoint=settings.kms_endpoint)
        case _:
            raise SettingsInvalid(f"custody: {settings.custody}: not one of {', '.join(CUSTODIES)}")


def require_secret(layout: Layout, settings: Settings, *, passphrase_in_file: bool) -> None:
    """Before anything is made: is there what will open the keys, and is it fit?

    Raises:
        PassphraseMissing: software custody, and no passphrase anywhere.
        PassphraseWeak: a passphrase that is easily guessed, and no key under it yet.
        PinMissing: a token, and no PIN anywhere.
        SettingsInvalid: no such custody, or it lacks a setting; or a passphrase in a file and another in the
            environment, which would be the one that encrypts.
        BackendMissing: a library that it needs is not installed.
    """
    if settings.custody != "software":
        open_custody(layout, settings)
        if settings.custody == "pkcs11":
            pin_source(layout)()
    elif PASSPHRASE_VARIABLE in os.environ:
        if passphrase_in_file:
            raise SettingsInvalid(
                f"--passphrase-in-file: {PASSPHRASE_VARIABLE} is set, and no key would open without it. "
                "Unset it, or leave the option out."
            )
        if not layout.keys.exists():
            require_strength(passphrase_source(layout)())
    elif not (passphrase_in_file or layout.passphrase.exists()):
        raise PassphraseMissing(place=f"${PASSPHRASE_VARIABLE}")


def passphrase_source(layout: Layout) -> PassphraseSource:
    """Where the passphrase of the key files comes from: the environment, else the file that `init` made."""
    if PASSPHRASE_VARIABLE in os.environ:
        return passphrase_from_environment(PASSPHRASE_VARIABLE)
    return passphrase_from_file(layout.passphrase)


def pin_source(layout: Layout) -> PassphraseSource:
    """Where the token's PIN comes from: the environment, else a file that the operator made."""
    source = (
        passphrase_from_environment(PIN_VARIABLE)
        if PIN_VARIABLE in os.environ
        else passphrase_from_file(layout.pkcs11_pin)
    )

    def read() -> bytes:
        try:
            return source()
        except PassphraseMissing as error:
            raise PinMissing(place=f"${PIN_VARIABLE}, {layout.pkcs11_pin}") from error

    return read


def _needed(value: str, name: str) -> str:
    if not value:
        raise SettingsInvalid(f"{name}: this custody needs it")
    return value


@contextmanager
def _loading(library: str, *, extra: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {library, "botocore"}:
            raise
        raise BackendMissing(
            needed=f"the Python library {library}: pip install 'wathiqa[{extra}]'"
        ) from error
