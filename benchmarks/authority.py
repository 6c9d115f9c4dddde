"""What the authority's services answer in a second: time-stamps and certificate status.

In this process, and over HTTP from `wathiqa serve` beside it on the same machine, which the client
shares with it. Every use of a key passes its guard and is logged, as in service. On a machine that
others use too, the second column counts: what one second of the processor achieves.
"""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from asn1crypto import algos, tsp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from benchmarks.custody import LABEL, PIN, soft_hsm
from benchmarks.figures import Row, Table
from benchmarks.http_load import get, post, put_load, wait_for
from benchmarks.site import Site, opened
from ca.replies import OCSP_REQUEST, TIMESTAMP_QUERY
from ca.store import find_certificates
from issuance.app import Service
from issuance.custody import PIN_VARIABLE
from issuance.installation import initialise
from issuance.serving import free_address
from issuance.settings import Layout, Settings
from issuance.signers import IN_PROCESS, IN_PROCESSES

NAME = "authority"
SECONDS = 3.0
WARM_UP = 50
CONNECTIONS = (1, 16)
SETTLE_AT_LEAST_SECONDS, SETTLE_WITHIN_SECONDS = 12, 60
IDLE = 0.2  # seconds of processor in a second
# An answer that says something is longer than 255 octets, so its length takes two; a refusal's takes one.
SAYS_SOMETHING = b"\x30\x82"


def measure(site: Site) -> Table:
    """Answers a second, each kind for some seconds."""
    advance = site.step("time-stamps and certificate status")
    rows: list[Row] = []
    for row in _rows(site):
        rows.append(row)
        advance(len(rows), 11)
    return Table(
        name=NAME,
        title="The authority's services, one process",
        columns=("answers a second", "a second of its processor", "ms an answer"),
        rows=tuple(rows),
    )


def _rows(site: Site) -> Iterator[Row]:
    layout = site.copy(NAME)
    service = opened(layout)
    stamping, status = _time_stamp_query(), _status_requests(service)
    yield _in_process("time-stamps, keys in files", _stamping(service, stamping))
    yield _in_process("status answers, drafted and linted", _drafting(service))
    service.close()
    module = soft_hsm(site.directory)
    if module is not None:
        service = _on_token(layout, module)
        yield _in_process("time-stamps, keys in SoftHSM", _stamping(service, stamping))
        service.close()
    by_get = [get(f"/ocsp/{quote(base64.b64encode(der).decode(), safe='')}") for der in status]
    by_post = [post("/ocsp", OCSP_REQUEST, der) for der in status]
    stamps = [post("/tsa", TIMESTAMP_QUERY, stamping)]
    with _served(layout, signers=IN_PROCESS) as server:
        yield from _over_http(server, "status by GET, signed beforehand", by_get)
        yield from _over_http(server, "status by POST, signed beforehand", by_post)
        yield from _over_http(server, "time-stamps", stamps)
    with _served(layout, signers=IN_PROCESSES) as server:
        yield from _over_http(server, "time-stamps, the key in a signer process", stamps)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    """A server in a process of its own."""

    port: int
    process: int

    def processor_seconds(self) -> float:
        """What it has used of the processor; what its signers use is theirs."""
        fields = Path(f"/proc/{self.process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _over_http(server: _Server, label: str, requests: Sequence[bytes]) -> Iterator[Row]:
    for connections in CONNECTIONS:
        put_load(server.port, requests, expected=SAYS_SOMETHING, connections=connections, seconds=0.5)
        before = server.processor_seconds()
        load = put_load(
            server.port, requests, expected=SAYS_SOMETHING, connections=connections, seconds=SECONDS
        )
        used = server.processor_seconds() - before
        yield Row(
            label=f"{label}, over HTTP, {connections} at once",
            cells=(load.per_second, load.answers / used, 1000 * connections / load.per_second),
        )


@contextmanager
def _served(layout: Layout, *, signers: str) -> Iterator[_Server]:
    """`wathiqa serve`, warm; it ends with the block."""
    address = free_address()
    command = [sys.executable, "-m", "issuance.cli.commands", "serve", "--no-sandbox"]
    options = ["--directory", str(layout.root), "--port", str(address.port)]
    environment = {**os.environ, "WATHIQA_SIGNERS": signers}
    process = subprocess.Popen(  # noqa: S603  (our own command)
        [*command, *options], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        wait_for(address.port)
        server = _Server(port=address.port, process=process.pid)
        _let_settle(server)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=60)


def _let_settle(server: _Server) -> None:
    """Wait until it has published for the first time, and all that is left is to answer."""
    for waited in range(SETTLE_WITHIN_SECONDS):
        before = server.processor_seconds()
        time.sleep(1)
        if server.processor_seconds() - before < IDLE and waited > SETTLE_AT_LEAST_SECONDS:
            return


def _on_token(layout: Layout, module: str) -> Service:
    """The same installation anew, its keys in a token."""
    on_token = Layout(root=layout.root.with_name(f"{layout.root.name}-on-token"))
    on_token.state.mkdir(parents=True)
    shutil.copy(layout.civil_register, on_token.civil_register)
    os.environ[PIN_VARIABLE] = PIN
    settings = Settings(custody="pkcs11", pkcs11_module=module, pkcs11_token=LABEL)
    return initialise(on_token, settings, passphrase_in_file=False)


def _in_process(label: str, task: Callable[[], object]) -> Row:
    for _ in range(WARM_UP):
        task()
    done, began, used = 0, time.perf_counter(), time.process_time()
    while (elapsed := time.perf_counter() - began) < SECONDS:
        task()
        done += 1
    return Row(
        label=f"{label}, in process",
        cells=(done / elapsed, done / (time.process_time() - used), 1000 * elapsed / done),
    )


def _stamping(service: Service, request: bytes) -> Callable[[], object]:
    stamper = service.trust_services.time_stamper
    return lambda: stamper.respond(request)


def _drafting(service: Service) -> Callable[[], object]:
    responder = service.trust_services.hierarchy.ocsp_responder()
    with service.trust_services.engine.connect() as connection:
        issued = find_certificates(connection)[-1]
    return lambda: responder.draft(issued, hash_name="sha256", at=service.parts.clock())


def _time_stamp_query() -> bytes:
    query: bytes = tsp.TimeStampReq(
        {
            "version": 1,
            "message_imprint": {
                "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                "hashed_message": hashlib.sha256(b"document").digest(),
            },
            "cert_req": True,
            "nonce": 2**63 - 1,
        }
    ).dump()
    return query


def _status_requests(service: Service) -> list[bytes]:
    """About every seal and the time-stamping certificate, by either name of the issuer."""
    hierarchy = service.trust_services.hierarchy
    issuer = hierarchy.issuing.certificate
    return [
        ocsp.OCSPRequestBuilder()
        .add_certificate(credential.certificate, issuer, algorithm)
        .build()
        .public_bytes(Encoding.DER)
        for credential in (hierarchy.timestamp, *hierarchy.seals.values())
        for algorithm in (hashes.SHA1(), hashes.SHA256())  # noqa: S303  (RFC 5019 names issuers so)
    ]
