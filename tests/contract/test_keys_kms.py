"""What a key service may answer, and what others may do to its aliases and tags."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from cloud_kms import CloudKms, digests_are_digests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec

from keys import kms as custody_module
from keys.errors import (
    KeyCustodyError,
    KeyExists,
    KeyNotFound,
    KeyRefused,
    KeyUnavailable,
    SignatureFaulty,
)
from keys.kms import ALGORITHM_TAG, ALIAS_PREFIX, KEY_ID_TAG, PURPOSE_TAG, KmsCustody, KmsSigner
from keys.kms_faults import BUSY
from keys.signer import Algorithm, Purpose
from keys.verification import verify_signature


@pytest.fixture
def kms(service: CloudKms) -> Iterator[CloudKms]:
    service.wipe()
    return service


def resource(kms: CloudKms, key_id: str) -> Any:
    """The service's own key behind an alias."""
    return kms.backend.describe_key(ALIAS_PREFIX + key_id)


def answer(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Sign")  # type: ignore[typeddict-item]  # what is read


# Signing


@pytest.mark.parametrize("algorithm", [Algorithm.P256, Algorithm.P384, Algorithm.RSA3072])
@pytest.mark.parametrize("octets", [0, 1, 4096, 4097, 100_000])
def test_data_of_any_length_is_signed(kms: CloudKms, algorithm: Algorithm, octets: int) -> None:
    signer = kms.custody().generate("a", purpose=Purpose.SEAL, algorithm=algorithm)
    data = b"x" * octets

    with digests_are_digests():
        signature = signer.sign(data, purpose=Purpose.SEAL)
    verify_signature(signature, data, algorithm=algorithm, public_key=signer.public_key)
    with pytest.raises(InvalidSignature):
        verify_signature(signature, data + b"x", algorithm=algorithm, public_key=signer.public_key)


def test_a_service_that_answers_wrongly_is_not_believed(kms: CloudKms) -> None:
    """It hashes the digest once more: a signature, by the right key, of something else."""
    signer = kms.custody().generate("a", purpose=Purpose.SEAL)

    with pytest.raises(SignatureFaulty):
        signer.sign(b"x" * 4097, purpose=Purpose.SEAL)


def test_a_signature_by_another_key_is_not_believed(kms: CloudKms) -> None:
    signer = kms.custody().generate("a", purpose=Purpose.SEAL)
    resource(kms, "a").private_key.private_key = ec.generate_private_key(ec.SECP256R1())

    with pytest.raises(SignatureFaulty):
        signer.sign(b"data", purpose=Purpose.SEAL)


def test_the_public_half_is_fetched_once(kms: CloudKms, monkeypatch: pytest.MonkeyPatch) -> None:
    kms.custody().generate("a", purpose=Purpose.SEAL)
    custody = kms.custody()
    custody.load("a")
    monkeypatch.setattr(custody.client, "get_public_key", None)
    monkeypatch.setattr(custody.client, "describe_key", None)

    assert custody.load("a").sign(b"data", purpose=Purpose.SEAL)


# Names, tags, states


def test_all_pages_of_aliases_are_read_and_other_programs_left_out(
    kms: CloudKms, monkeypatch: pytest.MonkeyPatch
) -> None:
    custody = kms.custody()
    for name in ("b", "a"):
        custody.generate(name, purpose=Purpose.LOG)
    custody.client.create_alias(AliasName="alias/other", TargetKeyId=resource(kms, "a").id)
    custody.client.create_alias(AliasName=ALIAS_PREFIX + "Not_Ours", TargetKeyId=resource(kms, "a").id)
    whole = custody.client.list_aliases()["Aliases"]
    asked = []

    def one_at_a_time(**said: Any) -> dict[str, Any]:
        at = int(said.get("Marker", 0))
        asked.append(at)
        more = at + 1 < len(whole)
        return {"Aliases": whole[at : at + 1], "Truncated": more} | (
            {"NextMarker": str(at + 1)} if more else {}
        )

    monkeypatch.setattr(custody.client, "list_aliases", one_at_a_time)
    assert custody.key_ids() == ["a", "b"]
    assert asked == list(range(len(whole)))
    assert len(whole) > 3


def test_an_alias_moved_to_another_key_of_ours_is_refused(kms: CloudKms) -> None:
    custody = kms.custody()
    custody.generate("root", purpose=Purpose.ROOT)
    custody.generate("seal-a", purpose=Purpose.SEAL)
    custody.client.update_alias(AliasName=ALIAS_PREFIX + "seal-a", TargetKeyId=resource(kms, "root").id)

    with pytest.raises(KeyRefused, match="another name"):
        kms.custody().load("seal-a")


def test_an_alias_moved_under_a_lent_key_does_not_move_it(kms: CloudKms) -> None:
    custody = kms.custody()
    signer = custody.generate("seal-a", purpose=Purpose.SEAL)
    other = custody.generate("seal-b", purpose=Purpose.SEAL)
    custody.client.update_alias(AliasName=ALIAS_PREFIX + "seal-a", TargetKeyId=resource(kms, "seal-b").id)

    signature = signer.sign(b"data", purpose=Purpose.SEAL)
    verify_signature(signature, b"data", algorithm=signer.algorithm, public_key=signer.public_key)
    with pytest.raises(InvalidSignature):
        verify_signature(signature, b"data", algorithm=other.algorithm, public_key=other.public_key)


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        pytest.param(KEY_ID_TAG, "b", id="another name"),
        pytest.param(PURPOSE_TAG, "everything", id="a purpose that there is not"),
        pytest.param(ALGORITHM_TAG, "P-384", id="another algorithm"),
        pytest.param(ALGORITHM_TAG, "", id="no algorithm"),
    ],
)
def test_tags_that_do_not_fit_the_key_are_refused(kms: CloudKms, tag: str, value: str) -> None:
    custody = kms.custody()
    custody.generate("a", purpose=Purpose.SEAL)
    custody.client.tag_resource(KeyId=resource(kms, "a").id, Tags=[{"TagKey": tag, "TagValue": value}])

    with pytest.raises(KeyRefused):
        kms.custody().load("a")


def test_a_key_of_another_program_under_our_alias_is_refused(kms: CloudKms) -> None:
    client = kms.custody().client
    made = client.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]
    client.create_alias(AliasName=ALIAS_PREFIX + "a", TargetKeyId=made["KeyId"])

    with pytest.raises(KeyRefused):
        kms.custody().load("a")


@pytest.mark.parametrize("state", ["disabled", "imported"])
def test_a_key_that_is_disabled_or_was_imported_is_refused(kms: CloudKms, state: str) -> None:
    kms.custody().generate("a", purpose=Purpose.SEAL)
    if state == "disabled":
        resource(kms, "a").enabled = False
    else:
        resource(kms, "a").origin = "EXTERNAL"

    with pytest.raises(KeyRefused):
        kms.custody().load("a")


def test_an_erased_key_waits_for_its_deletion_and_erasing_may_be_repeated(
    kms: CloudKms, monkeypatch: pytest.MonkeyPatch
) -> None:
    custody = kms.custody()
    custody.generate("a", purpose=Purpose.SEAL)
    key = resource(kms, "a")
    with monkeypatch.context() as patch:
        patch.setattr(custody.client, "delete_alias", raising(answer("KMSInternalException", 500)))
        with pytest.raises(KeyUnavailable):
            custody.erase("a")
    assert key.key_state == "PendingDeletion"
    with pytest.raises(KeyRefused):
        kms.custody().load("a")
    # As KMS answers to a second order, and moto does not.
    monkeypatch.setattr(custody.client, "schedule_key_deletion", raising(answer("KMSInvalidStateException")))
    custody.erase("a")
    with pytest.raises(KeyNotFound):
        kms.custody().load("a")


# Making


def test_who_comes_second_deletes_what_it_made(kms: CloudKms, monkeypatch: pytest.MonkeyPatch) -> None:
    first = kms.custody().generate("a", purpose=Purpose.SEAL)
    monkeypatch.setattr(KmsCustody, "_require_free", lambda *_: None)
    with pytest.raises(KeyExists):
        kms.custody().generate("a", purpose=Purpose.ROOT)

    assert sorted(key.key_state for key in kms.backend.list_keys()) == ["Enabled", "PendingDeletion"]
    assert kms.custody().load("a").public_key == first.public_key


def test_an_alias_that_was_made_though_its_answer_was_lost_is_ours(
    kms: CloudKms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """boto3 repeats a call whose answer it did not get; the second one finds what the first one did."""
    custody = kms.custody()
    as_written = custody.client.create_alias

    def twice(**said: Any) -> Any:
        as_written(**said)
        return as_written(**said)

    monkeypatch.setattr(custody.client, "create_alias", twice)
    made = custody.generate("a", purpose=Purpose.SEAL)

    assert kms.custody().load("a").public_key == made.public_key
    assert [key.key_state for key in kms.backend.list_keys()] == ["Enabled"]


@pytest.mark.parametrize("call", ["create_key", "create_alias", "get_public_key"])
@pytest.mark.parametrize("persisted", [False, True], ids=["failed", "failed but persisted"])
def test_a_making_that_breaks_off_leaves_a_whole_key_or_none(
    kms: CloudKms, monkeypatch: pytest.MonkeyPatch, call: str, *, persisted: bool
) -> None:
    custody = kms.custody()
    as_written = getattr(custody.client, call)

    def breaks(**said: Any) -> Any:
        if persisted:
            as_written(**said)
        raise ReadTimeoutError(endpoint_url=kms.url)

    with monkeypatch.context() as patch:
        patch.setattr(custody.client, call, breaks)
        with pytest.raises(KeyUnavailable):
            custody.generate("a", purpose=Purpose.SEAL)

    fresh = kms.custody()
    try:
        signer = fresh.load("a")
    except KeyNotFound:
        signer = fresh.generate("a", purpose=Purpose.SEAL)
    assert signer.purpose is Purpose.SEAL
    assert signer.sign(b"data", purpose=Purpose.SEAL)
    assert fresh.key_ids() == ["a"]


# Answers that are no answers


def raising(error: Exception) -> Any:
    def call(**_: Any) -> Any:
        raise error

    return call


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        *((answer(code), KeyUnavailable) for code in sorted(BUSY)),
        (answer("SomethingNew", 503), KeyUnavailable),
        (ReadTimeoutError(endpoint_url="http://kms"), KeyUnavailable),
        (ConnectTimeoutError(endpoint_url="http://kms"), KeyUnavailable),
        (EndpointConnectionError(endpoint_url="http://kms"), KeyUnavailable),
        (answer("AccessDeniedException"), KeyRefused),
        (answer("UnrecognizedClientException"), KeyRefused),
        (answer("ExpiredTokenException"), KeyRefused),
        (answer("DisabledException"), KeyRefused),
        (answer("KMSInvalidStateException"), KeyRefused),
        (answer("SomethingNew", 400), KeyRefused),
        (answer("NotFoundException"), KeyNotFound),
    ],
    ids=str,
)
def test_each_fault_is_told_apart_and_nothing_is_signed(
    kms: CloudKms, monkeypatch: pytest.MonkeyPatch, fault: Exception, kind: type[KeyCustodyError]
) -> None:
    custody = kms.custody()
    signer = custody.generate("a", purpose=Purpose.SEAL)
    for call in ("sign", "describe_key", "list_aliases"):
        monkeypatch.setattr(custody.client, call, raising(fault))

    with pytest.raises(kind):
        signer.sign(b"data", purpose=Purpose.SEAL)
    with pytest.raises(kind):
        custody.load("b")


@pytest.mark.usefixtures("kms")
def test_nobody_listening_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(custody_module, "ATTEMPTS", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        silent = KmsCustody("eu-central-1", endpoint=f"http://127.0.0.1:{free.getsockname()[1]}")

    with pytest.raises(KeyUnavailable):
        silent.load("a")


def test_a_connection_that_ends_in_mid_signature_is_unavailable(
    kms: CloudKms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is lent; then a server at that address takes the question and hangs up."""
    monkeypatch.setattr(custody_module, "ATTEMPTS", 1)
    signer = kms.custody().generate("a", purpose=Purpose.SEAL)
    assert isinstance(signer, KmsSigner)
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = KmsCustody("eu-central-1", endpoint=f"http://127.0.0.1:{server.getsockname()[1]}")
        asked = KmsSigner(signer._key, here.client)  # noqa: SLF001  (the same key, at another address)
        with ThreadPoolExecutor(1) as pool:
            hung_up = pool.submit(hang_up, server)
            with pytest.raises(KeyUnavailable):
                asked.sign(b"data", purpose=Purpose.SEAL)
            assert b"TrentService.Sign" in hung_up.result()


def hang_up(server: socket.socket) -> bytes:
    connection, _ = server.accept()
    with connection:
        return connection.recv(65_536)


def test_without_credentials_it_is_refused(
    kms: CloudKms, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    with pytest.raises(KeyRefused, match="credentials"):
        kms.custody().load("a")
