"""moto's key service on loopback, over real HTTP, and one fault of it mended."""

import logging
import urllib.request
from typing import Any
from unittest import mock

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.kms import kms_backends
from moto.kms.responses import KmsResponse
from moto.server import ThreadedMotoServer

from keys.kms import KmsCustody

REGION, ACCOUNT = "eu-central-1", "123456789012"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class CloudKms:
    """One server; its keys live in this process."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.url = f"http://{host}:{port}"

    def stop(self) -> None:
        self._server.stop()

    def custody(self) -> KmsCustody:
        return KmsCustody(REGION, endpoint=self.url)

    def wipe(self) -> None:
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")  # noqa: S310  (loopback)
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310  (as above)

    @property
    def backend(self) -> Any:
        """The keys, aliases and tags, for a test to look at or to change."""
        return kms_backends[ACCOUNT][REGION]


def digests_are_digests() -> Any:
    """A patch: moto hashes what is already a digest, so its answers to DIGEST do not verify; KMS signs it."""
    as_written = KmsResponse.sign

    def sign(self: Any) -> Any:
        if self._get_param("MessageType") != "DIGEST":
            return as_written(self)
        message = self._get_param("Message")
        digest = Prehashed({32: hashes.SHA256(), 48: hashes.SHA384()}[len(_bytes(message))])
        key = kms_backends[ACCOUNT][REGION].describe_key(self._get_param("KeyId")).private_key.private_key
        with mock.patch.object(type(self.kms_backend), "sign", lambda _, **said: _signed(key, digest, said)):
            return as_written(self)

    return mock.patch.object(KmsResponse, "sign", sign)


def _bytes(message: Any) -> bytes:
    return message.encode() if isinstance(message, str) else message


def _signed(key: Any, digest: Prehashed, said: dict[str, Any]) -> tuple[str, bytes, str]:
    message, algorithm = said["message"], said["signing_algorithm"]
    if isinstance(key, ec.EllipticCurvePrivateKey):
        signature = key.sign(message, ec.ECDSA(digest))
    else:
        signature = key.sign(message, padding.PKCS1v15(), digest)
    return said["key_id"], signature, algorithm
