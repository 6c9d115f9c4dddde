"""Why a certificate was revoked (RFC 5280 §5.3.1)."""

from enum import StrEnum

from cryptography import x509

from ca.profiles import ProfileName


class RevocationReason(StrEnum):
    """The reasons we give, spelt as in the standard.

    `certificateHold` is that of a suspension, which may be lifted; nobody revokes with it.
    `removeFromCRL` belongs to delta CRLs, which we do not issue.
    """

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    CA_COMPROMISE = "cACompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    CERTIFICATE_HOLD = "certificateHold"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"

    @property
    def flag(self) -> x509.ReasonFlags:
        """The same reason for the CRL builder."""
        return x509.ReasonFlags(self.value)

    @property
    def code(self) -> int:
        """The CRLReason number."""
        return _CODES[self]


_CODES = {
    RevocationReason.UNSPECIFIED: 0,
    RevocationReason.KEY_COMPROMISE: 1,
    RevocationReason.CA_COMPROMISE: 2,
    RevocationReason.AFFILIATION_CHANGED: 3,
    RevocationReason.SUPERSEDED: 4,
    RevocationReason.CESSATION_OF_OPERATION: 5,
    RevocationReason.CERTIFICATE_HOLD: 6,
    RevocationReason.PRIVILEGE_WITHDRAWN: 9,
}

NEEDS_A_REASON = frozenset({ProfileName.ISSUING, ProfileName.TIMESTAMP})
"""Whose revocation says why: without a reason code every time-stamp made with the key, or below it, is
to be taken for worthless, those from before the revocation too (RFC 3161 §4)."""
