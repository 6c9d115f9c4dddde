"""Keys in a cloud's key-management service: AWS KMS, or whatever speaks its protocol.

A key is made inside the service, found by the alias `alias/wathiqa/<key id>` and carries
tags that state its identifier, purpose and algorithm. Who may use it, and who may change
alias and tags, is decided by the service's own rules on access: the signer's role should
have `kms:Sign`, `kms:GetPublicKey`, `kms:DescribeKey`, `kms:ListResourceTags` and
`kms:ListAliases`, and no right to tag or to move an alias (docs/operations/keys.md).

An alias is unique, so a race for one identifier has one winner. Every signature is
verified here before anybody has it.

Needs boto3, and nothing else that the service needs.
"""

import threading
from dataclasses import dataclass
from hashlib import sha256, sha384
from typing import TYPE_CHECKING, ClassVar, Literal, NoReturn, assert_never, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from keys.custody import KEY_ID, check_key_id
from keys.errors import KeyExists, KeyRefused, UnsupportedUse
from keys.held import CountingSigner, HeldKey
from keys.kms_faults import translate_fault
from keys.signer import Algorithm, PublicKey, Purpose, Signer, require_purpose
from keys.verification import algorithm_of, require_signature

if TYPE_CHECKING:
    from mypy_boto3_kms.client import KMSClient
    from mypy_boto3_kms.literals import KeySpecType, SigningAlgorithmSpecType

ALIAS_PREFIX = "alias/wathiqa/"
KEY_ID_TAG, PURPOSE_TAG, ALGORITHM_TAG = "wathiqa:key-id", "wathiqa:purpose", "wathiqa:algorithm"
MAX_RAW_OCTETS = 4096  # what Sign takes as a message; longer ones are digested here
CONNECT_SECONDS, ANSWER_SECONDS, ATTEMPTS = 3, 5, 3
SHORTEST_DELAY_BEFORE_DELETION_DAYS = 7

# AWS KMS has Ed25519 and ML-DSA too; we make no keys there that nothing here tests.
_SPECS: "dict[Algorithm, tuple[KeySpecType, SigningAlgorithmSpecType]]" = {
    Algorithm.P256: ("ECC_NIST_P256", "ECDSA_SHA_256"),
    Algorithm.P384: ("ECC_NIST_P384", "ECDSA_SHA_384"),
    Algorithm.RSA3072: ("RSA_3072", "RSASSA_PKCS1_V1_5_SHA_256"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKey(HeldKey):
    """What is known of a key in the service."""

    resource: str  # its ARN: an alias may be moved to another key, this may not


class KmsSigner(CountingSigner[ServiceKey]):
    """A key in the service; its uses are the signatures that were answered and verified."""

    proves_signatures: ClassVar[Literal[True]] = True
    __slots__ = ("client",)

    def __init__(self, key: ServiceKey, client: "KMSClient") -> None:
        super().__init__(key)
        self.client = client

    def sign(self, data: bytes, *, purpose: Purpose) -> bytes:
        """Sign `data`; see `keys.signer.Signer`.

        Raises:
            WrongPurpose: `purpose` is not the purpose of this key.
            KeyUnavailable: the service is busy or does not answer.
            KeyRefused: it denies the use, or the key is disabled.
            SignatureFaulty: what it answered does not verify.
        """
        require_purpose(self, purpose)
        key = self._key
        raw = 0 < len(data) <= MAX_RAW_OCTETS
        try:
            answer = self.client.sign(
                KeyId=key.resource,
                Message=data if raw else _digest(key.algorithm, data),
                MessageType="RAW" if raw else "DIGEST",
                SigningAlgorithm=_SPECS[key.algorithm][1],
            )
        except (ClientError, BotoCoreError) as error:
            raise translate_fault(error, key.key_id) from error
        signature = answer["Signature"]
        require_signature(
            signature, data, key_id=key.key_id, algorithm=key.algorithm, public_key=key.public_key
        )
        self._count()
        return signature


class KmsCustody:
    """The keys of ours in one account and region."""

    def __init__(self, region: str, *, endpoint: str = "") -> None:
        """Name the region; credentials come from where boto3 looks for them.

        `endpoint` is where the service is reached when not at its usual address: a private
        endpoint in a virtual network, or another maker's service.
        """
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=ANSWER_SECONDS,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        )
        # A session of its own: boto3's common one is not for threads, and remembers credentials for all.
        session = boto3.session.Session(region_name=region)
        self.client: KMSClient = session.client("kms", endpoint_url=endpoint or None, config=config)
        self._lock = threading.Lock()
        self._open: dict[str, KmsSigner] = {}

    def generate(self, key_id: str, *, purpose: Purpose, algorithm: Algorithm = Algorithm.P256) -> Signer:
        """Have the service make a key; see `keys.custody.Custody`.

        Raises:
            KeyExists: the identifier is taken.
            InvalidKeyId: an identifier of another form.
            UnsupportedUse: an algorithm for which we make no keys there.
            KeyUnavailable: the service did not answer; a key may have been made or not.
            KeyRefused: it denies the making of keys.
        """
        check_key_id(key_id)
        if algorithm not in _SPECS:
            raise UnsupportedUse(key_id=key_id, reason=f"{algorithm} keys are not made in this custody")
        try:
            self._require_free(key_id)
            made = self.client.create_key(
                KeyUsage="SIGN_VERIFY",
                KeySpec=_SPECS[algorithm][0],
                Description=f"wathiqa {key_id}",
                Tags=[
                    {"TagKey": KEY_ID_TAG, "TagValue": key_id},
                    {"TagKey": PURPOSE_TAG, "TagValue": purpose.value},
                    {"TagKey": ALGORITHM_TAG, "TagValue": algorithm.value},
                ],
            )["KeyMetadata"]
            self._take_name(key_id, made["KeyId"])
            return self._lend(key_id, made["Arn"], purpose, algorithm)
        except (ClientError, BotoCoreError) as error:
            raise translate_fault(error, key_id) from error

    def load(self, key_id: str) -> Signer:
        """Lend a key; see `keys.custody.Custody`.

        Raises:
            KeyNotFound: no such alias.
            KeyRefused: access is denied, or the alias leads to a key that says something else of itself.
            KeyUnavailable: the service is busy or does not answer.
        """
        check_key_id(key_id)
        with self._lock:
            if key_id in self._open:
                return self._open[key_id]
        try:
            found = self.client.describe_key(KeyId=ALIAS_PREFIX + key_id)["KeyMetadata"]
            if not found.get("Enabled"):
                _refuse(key_id, f"its state is {found.get('KeyState')}")
            if found.get("Origin") == "EXTERNAL":
                _refuse(key_id, "it was imported, so others may have it")
            tags = self._tags(found["KeyId"])
            if tags.get(KEY_ID_TAG) != key_id:
                _refuse(key_id, "its alias leads to a key with another name")
            purpose, algorithm = Purpose(tags.get(PURPOSE_TAG, "")), Algorithm(tags.get(ALGORITHM_TAG, ""))
            return self._lend(key_id, found["Arn"], purpose, algorithm)
        except ValueError as error:
            raise KeyRefused(key_id=key_id, reason=f"its tags say nothing known: {error}") from error
        except (ClientError, BotoCoreError) as error:
            raise translate_fault(error, key_id) from error

    def use_count(self, key_id: str) -> int:
        """How many signatures this process had of a key (`keys.gates.CountsUses`); not others."""
        with self._lock:
            return self._open[key_id].uses if key_id in self._open else 0

    def key_ids(self) -> list[str]:
        """The identifiers of all keys of ours, sorted."""
        try:
            pages = self.client.get_paginator("list_aliases").paginate()
            names = [alias.get("AliasName", "") for page in pages for alias in page["Aliases"]]
        except (ClientError, BotoCoreError) as error:
            raise translate_fault(error, "*") from error
        ours = (name.removeprefix(ALIAS_PREFIX) for name in names if name.startswith(ALIAS_PREFIX))
        return sorted(name for name in ours if KEY_ID.fullmatch(name))

    def erase(self, key_id: str) -> None:
        """Give the name back and have the key deleted after the shortest delay; it signs nothing from now on.

        Raises:
            KeyNotFound: no such alias.
            KeyUnavailable: the service did not answer; the key may be gone or not.
        """
        check_key_id(key_id)
        with self._lock:
            self._open.pop(key_id, None)
        try:
            found = self.client.describe_key(KeyId=ALIAS_PREFIX + key_id)["KeyMetadata"]
            if found.get("KeyState") != "PendingDeletion":  # by an attempt that failed half-way
                self._delete(found["KeyId"])
            self.client.delete_alias(AliasName=ALIAS_PREFIX + key_id)
        except (ClientError, BotoCoreError) as error:
            raise translate_fault(error, key_id) from error

    def _require_free(self, key_id: str) -> None:
        try:
            self.client.describe_key(KeyId=ALIAS_PREFIX + key_id)
        except self.client.exceptions.NotFoundException:
            return
        raise KeyExists(key_id=key_id)

    def _take_name(self, key_id: str, resource: str) -> None:
        """Point the alias at a new key; who comes second deletes his own.

        An alias that exists may be our own: the answer to the first attempt was lost and boto3 tried again.
        """
        try:
            self.client.create_alias(AliasName=ALIAS_PREFIX + key_id, TargetKeyId=resource)
        except self.client.exceptions.AlreadyExistsException as error:
            holder = self.client.describe_key(KeyId=ALIAS_PREFIX + key_id)["KeyMetadata"]["KeyId"]
            if holder != resource:
                self._delete(resource)
                raise KeyExists(key_id=key_id) from error

    def _delete(self, resource: str) -> None:
        self.client.schedule_key_deletion(
            KeyId=resource, PendingWindowInDays=SHORTEST_DELAY_BEFORE_DELETION_DAYS
        )

    def _tags(self, resource: str) -> dict[str, str]:
        pages = self.client.get_paginator("list_resource_tags").paginate(KeyId=resource)
        return {tag["TagKey"]: tag["TagValue"] for page in pages for tag in page["Tags"]}

    def _lend(self, key_id: str, resource: str, purpose: Purpose, algorithm: Algorithm) -> KmsSigner:
        """Read the public half, once: it never changes."""
        der = self.client.get_public_key(KeyId=resource)["PublicKey"]
        try:
            public_key = load_der_public_key(der)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise KeyRefused(key_id=key_id, reason=f"its public half: {error}") from error
        if algorithm_of(public_key) is not algorithm:
            _refuse(key_id, f"its public half is not of {algorithm}")
        key = ServiceKey(
            key_id=key_id,
            resource=resource,
            purpose=purpose,
            algorithm=algorithm,
            public_key=cast("PublicKey", public_key),
        )
        with self._lock:
            return self._open.setdefault(key_id, KmsSigner(key, self.client))


def _digest(algorithm: Algorithm, data: bytes) -> bytes:
    match algorithm:
        case Algorithm.P256 | Algorithm.RSA3072:
            return sha256(data).digest()
        case Algorithm.P384:
            return sha384(data).digest()
        case Algorithm.ED25519 | Algorithm.ML_DSA_65:
            raise AssertionError(algorithm)  # such keys are neither made nor lent
        case _:
            assert_never(algorithm)


def _refuse(key_id: str, reason: str) -> NoReturn:
    raise KeyRefused(key_id=key_id, reason=reason)
