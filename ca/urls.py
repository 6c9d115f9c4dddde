"""Where relying parties find what the authority publishes; these addresses stand inside certificates."""

from dataclasses import dataclass

from ca.errors import ProfileViolation


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicUrls:
    """The addresses below one origin, without a trailing slash.

    Plain `http` is customary for CRLs and OCSP (they are signed, and fetching them by TLS
    could need them); the origin is handed in, so that is the operator's choice.
    """

    origin: str = "http://pki.wathiqa.example"

    def __post_init__(self) -> None:
        if not self.origin.startswith(("http://", "https://")) or self.origin.endswith("/"):
            raise ProfileViolation(field="origin", rule="http(s) address without a trailing slash")

    def crl(self, authority: str) -> str:
        """The CRL of `root` or `issuing`."""
        return f"{self.origin}/crl/{authority}.crl"

    def certificate(self, name: str) -> str:
        """A certificate by its name."""
        return f"{self.origin}/certificates/{name}.cer"

    @property
    def ocsp(self) -> str:
        """The OCSP responder."""
        return f"{self.origin}/ocsp"

    @property
    def tsa(self) -> str:
        """The time-stamping authority."""
        return f"{self.origin}/tsa"
