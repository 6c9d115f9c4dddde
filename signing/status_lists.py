"""Signs status lists, with a key whose only purpose that is."""

from datetime import datetime, timedelta

from keys.signer import Purpose, Signer
from signing.formats.cose import encode_sign1, raw_signature, to_be_signed
from signing.formats.status_list import (
    DEFAULT_LIFETIME,
    TIME_TO_LIVE,
    StatusClaims,
    StatusList,
    encode_status_claims,
    protect_status_list,
    status_list_name,
)
from signing.seal_codes import require_p256


class StatusListSigner:
    """Signs the status lists of one verification address.

    Raises:
        ValueError: a key that cannot do ES256.
    """

    def __init__(
        self, *, signer: Signer, kid: bytes, verify_origin: str, lifetime: timedelta = DEFAULT_LIFETIME
    ) -> None:
        require_p256(signer)
        self._signer, self._kid, self._verify_origin = signer, kid, verify_origin
        self._lifetime = lifetime

    def sign(self, number: int, entries: StatusList, at: datetime) -> bytes:
        """List `number` as published at `at`; goes to `status_list_name(number)`.

        Raises:
            WrongPurpose: the key is not for status lists.
            KeyUnavailable: the key did not answer; safe to retry.
        """
        issued_at = at.replace(microsecond=0)
        content = encode_status_claims(
            StatusClaims(
                uri=f"{self._verify_origin}/{status_list_name(number)}",
                issued_at=issued_at,
                expires_at=issued_at + self._lifetime,
                time_to_live=TIME_TO_LIVE,
                entries=entries,
            )
        )
        protected = protect_status_list(self._kid)
        signature = self._signer.sign(to_be_signed(protected, content), purpose=Purpose.STATUS)
        return encode_sign1(protected, content, raw_signature(signature))
