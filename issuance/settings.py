"""What differs from one installation to another, and where everything lies.

One directory holds an installation:

    settings.toml     what is below in `Settings`; written by `wathiqa init`
    state/            the database, keys, sealed files, outbox: readable by the service alone
    public/           all that a verifier needs: served as static files

An environment variable `WATHIQA_<NAME>` goes before the file.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

FILE_NAME = "settings.toml"
ENVIRONMENT_PREFIX = "WATHIQA_"


class SettingsInvalid(Exception):
    """The settings cannot be used; the message names the file and the setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """An installation's own choices."""

    verify_origin: str = "https://verify.wathiqa.example"  # printed in every seal code; never changes
    pki_origin: str = "http://pki.wathiqa.example"  # printed in every certificate
    public_address: str = "http://127.0.0.1:8000"  # where applicants reach this service
    payment_provider: str = "e-payments"
    payment_address: str = "http://127.0.0.1:8100"
    database_url: str = ""  # empty: SQLite in state/
    workers: str = "4"  # requests moved at once by one worker process
    custody: str = "software"  # where keys live: software, pkcs11 or kms
    pkcs11_module: str = ""  # path of the token's PKCS #11 library
    pkcs11_token: str = ""  # label of the token; its PIN is no setting
    kms_region: str = ""
    kms_endpoint: str = ""  # empty: the service's own address in that region
    clock_source: str = "operator"  # who vouches for the clock: kernel, references or operator
    clock_references: str = ""  # time servers, for references: at least three, of different owners
    code_keys_sign_for: str = "730"  # days, at least 62: then other keys sign seal codes and status lists
    signers: str = "processes"  # who holds the keys while the service runs: processes, or in-process


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where things lie below an installation's directory."""

    root: Path

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.root / FILE_NAME

    @property
    def state(self) -> Path:
        """What only the service reads."""
        return self.root / "state"

    @property
    def public(self) -> Path:
        """What everybody may read."""
        return self.root / "public"

    @property
    def database(self) -> Path:
        """The service's database, when it is SQLite."""
        return self.state / "wathiqa.db"

    @property
    def authority(self) -> Path:
        """The certificate authority's database."""
        return self.state / "authority.db"

    @property
    def authority_lock(self) -> Path:
        """Held by the one process that makes certificates or publishes."""
        return self.state / "authority.lock"

    @property
    def civil_register(self) -> Path:
        """The sample civil register."""
        return self.state / "civil-register.db"

    @property
    def keys(self) -> Path:
        """One encrypted file per key."""
        return self.state / "keys"

    @property
    def signers(self) -> Path:
        """Where signer processes are reached; nobody else enters."""
        return self.state / "signers"

    def signer_socket(self, name: str) -> Path:
        """Where the signer of one class of keys is reached."""
        return self.signers / f"{name}.sock"

    @property
    def key_register(self) -> Path:
        """What is known of each key; no secret."""
        return self.state / "keys.db"

    @property
    def requests(self) -> Path:
        """What a ceremony elsewhere is to be given: certificate requests and a drafted plan."""
        return self.root / "ceremony"

    @property
    def offline_root(self) -> Path:
        """Where `init` held its own ceremony: to be carried away. The service reads nothing here."""
        return self.root / "offline-root"

    def use_log(self, name: str) -> Path:
        """The log of the uses of one class of keys."""
        return self.state / "use-log" / f"{name}.db"

    @property
    def passphrase(self) -> Path:
        """The passphrase of the key files, where none comes from the environment."""
        return self.state / "key-passphrase"

    @property
    def pkcs11_pin(self) -> Path:
        """The PIN of the token, where none comes from the environment; the operator makes it."""
        return self.state / "pkcs11-pin"

    @property
    def secret(self) -> Path:
        """The secret from which MAC keys are derived."""
        return self.state / "service-secret"

    @property
    def webhook_secret(self) -> Path:
        """Shared with the payment provider."""
        return self.state / "webhook-secret"

    @property
    def payment_key(self) -> Path:
        """What we show to the payment provider."""
        return self.state / "payment-key"

    @property
    def documents(self) -> Path:
        """Sealed files."""
        return self.state / "documents"

    @property
    def attachments(self) -> Path:
        """Files that applicants handed in."""
        return self.state / "attachments"

    @property
    def outbox(self) -> Path:
        """Messages that a gateway would send."""
        return self.state / "outbox.jsonl"

    def database_url(self, settings: Settings) -> str:
        """The service's database."""
        return settings.database_url or f"sqlite:///{self.database.resolve()}"


class NotInstalled(Exception):
    """The directory holds no installation; `wathiqa init` makes one."""


def require_installation(layout: Layout) -> None:
    """Assert that `wathiqa init` has been here; nothing is made.

    Raises:
        NotInstalled: it has not.
    """
    if not layout.settings.exists() or not layout.civil_register.exists():
        raise NotInstalled(f"{layout.root}: no installation here; make one with: wathiqa init")


def load_settings(
    layout: Layout, environment: Mapping[str, str] = os.environ, *, base: Settings | None = None
) -> Settings:
    """The settings of an installation; `base` is what holds where neither file nor environment says anything.

    Raises:
        SettingsInvalid: a setting is unknown or not text.
    """
    known = {field.name for field in fields(Settings)}
    said = _read(layout.settings) if layout.settings.exists() else {}
    for name, value in said.items():
        if name not in known or not isinstance(value, str):
            raise SettingsInvalid(f"{layout.settings}: {name}: not a setting of ours, or not text")
    overrides = {
        name: environment[ENVIRONMENT_PREFIX + name.upper()]
        for name in known
        if ENVIRONMENT_PREFIX + name.upper() in environment
    }
    return replace(base or Settings(), **{**said, **overrides})


def write_settings(layout: Layout, settings: Settings) -> None:
    """Write the settings file, every setting in it."""
    lines = [f'{field.name} = "{getattr(settings, field.name)}"' for field in fields(Settings)]
    layout.settings.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _read(path: Path) -> dict[str, str]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{path}: {error}") from error
