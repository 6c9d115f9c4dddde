"""The QR symbol of a seal code."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SealSymbol:
    """The two parts of a seal code's text: `https://<verify host>/#` and the digits behind it."""

    prefix: str  # written as an 8-bit segment
    digits: str  # written as a numeric segment

    @property
    def text(self) -> str:
        """What a reader of the symbol gets: the verification address."""
        return self.prefix + self.digits
