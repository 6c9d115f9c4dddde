"""Which errors an operator is told in a sentence."""

from ca.errors import CaError
from issuance.demo.play import SceneFailed
from issuance.demo.run import NotADemonstration
from issuance.errors import IssuanceError
from issuance.installation import NotInstalled
from issuance.problems import detail_of
from issuance.serving import NotStarted
from issuance.settings import SettingsInvalid
from keys.errors import KeyCustodyError

KNOWN = (
    IssuanceError,
    CaError,
    KeyCustodyError,
    NotInstalled,
    NotADemonstration,
    NotStarted,
    SceneFailed,
    SettingsInvalid,
)


def explain(error: BaseException) -> str:
    """The sentence."""
    if isinstance(error, IssuanceError):
        return detail_of(error).en
    return str(error)
