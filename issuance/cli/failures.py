"""Which errors an operator is told in a sentence."""

from ca.errors import CaError
from issuance.custody import PASSPHRASE_VARIABLE, PIN_VARIABLE
from issuance.database import DatabaseNotSupported
from issuance.demo.play import SceneFailed
from issuance.demo.run import NotADemonstration
from issuance.errors import IssuanceError
from issuance.problems import detail_of
from issuance.schema import DatabaseNotReady
from issuance.serving import NotStarted
from issuance.settings import NotInstalled, SettingsInvalid
from issuance.signers import SignersMissing
from keys.errors import KeyCustodyError, PassphraseMissing, PinMissing

KNOWN = (
    CaError,
    KeyCustodyError,
    DatabaseNotReady,
    DatabaseNotSupported,
    NotInstalled,
    NotADemonstration,
    NotStarted,
    SceneFailed,
    SettingsInvalid,
    SignersMissing,
)


def sentence_for(error: Exception) -> str | None:
    """The sentence; None for an error that nobody expected, whose traceback is wanted."""
    if isinstance(error, IssuanceError):
        return detail_of(error).en
    if isinstance(error, PassphraseMissing):
        return f"{error} Set {PASSPHRASE_VARIABLE}, or make the installation with --passphrase-in-file."
    if isinstance(error, PinMissing):
        return f"{error} Set {PIN_VARIABLE}, or write the file."
    return str(error) if isinstance(error, KNOWN) else None
