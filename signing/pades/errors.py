"""What can go wrong while a document is sealed.

    SealingError
    ├── UnfitCertificate     the seal certificate cannot make this seal
    │   └── OutsideValidity  its validity does not include the sealing time
    ├── UnsealableDocument   the file is not one we rendered, or is sealed already
    └── UnfitTimeStamp       the time-stamping authority's token is not about this seal

Nothing has been released when one of these is raised; the same call may be repeated
once its cause is removed.
"""


class SealingError(Exception):
    """Base of everything the sealer raises on purpose."""


class UnfitCertificate(SealingError):
    """The certificate, its chain and the key do not fit together, or may not seal."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class OutsideValidity(UnfitCertificate):
    """The sealing time lies outside the certificate's validity (RFC 5280 §4.1.2.5)."""


class UnsealableDocument(SealingError):
    """The file handed in cannot carry a seal as its only change."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class UnfitTimeStamp(SealingError):
    """The token does not cover the seal's signature value, or is too large to embed."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule
