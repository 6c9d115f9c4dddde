"""What the answers of the key service mean to us."""

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from keys.errors import KeyCustodyError, KeyNotFound, KeyRefused, KeyUnavailable

BUSY = frozenset(
    {
        "DependencyTimeoutException",
        "KMSInternalException",
        "KeyUnavailableException",
        "LimitExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeoutException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Answers after which the same call may be made again; every answer of 500 and above is one too."""

SERVERS_FAULT = 500  # RFC 9110 §15.6


def translate_fault(error: ClientError | BotoCoreError, key_id: str) -> KeyCustodyError:
    """The error of ours; what is not known to pass by itself is a refusal."""
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code == "NotFoundException":
            return KeyNotFound(key_id=key_id)
        if code in BUSY or status >= SERVERS_FAULT:
            return KeyUnavailable(key_id=key_id, reason=code or f"status {status}")
        return KeyRefused(key_id=key_id, reason=code or f"status {status}")
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return KeyRefused(key_id=key_id, reason="no credentials for the key service")
    return KeyUnavailable(key_id=key_id, reason=type(error).__name__)
