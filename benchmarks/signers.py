"""What the guard before a key costs, and what asking another process for a signature costs.

The same bytes, of the form that each purpose signs: by the bare key; under guard, in this
process; and by a signer process over its socket. Under guard each use is written to the log,
which for a seal means that it is on the disk.
"""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from asn1crypto import cms, tsp

from benchmarks.figures import Row, Table
from benchmarks.site import Site
from issuance.clock import system_clock
from issuance.custody import open_custody
from issuance.keyrings import open_keyring
from issuance.settings import Layout, Settings
from issuance.signers import Keeper, signers, start_keeper
from keys.classes import class_of
from keys.keyring import Keyring
from keys.signer import Purpose, Signer
from keys.use_log import DURABLE
from signing.formats.cbor import encode_cbor
from signing.formats.cose import protect, to_be_signed

NAME = "signers"
SECONDS = 2.0
THREADS = 8
PURPOSES = (Purpose.TIMESTAMP, Purpose.SEAL_CODE, Purpose.SEAL)
LINES = {
    Purpose.TIMESTAMP: "timestamp",
    Purpose.SEAL_CODE: "seal-code-civil-registry",
    Purpose.SEAL: "seal-civil-registry",
}


def measure(site: Site) -> Table:
    """What a signature costs, for each purpose and each way."""
    advance = site.step("keys under guard and in processes of their own")
    layout, found = site.copy("signers"), dict[Purpose, list[float | int | None]]()
    at = datetime.now(UTC)
    guarded = open_keyring(layout, Settings(), clock=system_clock)
    raw = open_custody(layout, Settings())
    for done, purpose in enumerate(PURPOSES):
        signer = guarded.obtain(LINES[purpose], purpose=purpose, at=at)
        bare, under_guard = _cost(raw.load(signer.key_id)), _cost(signer)
        found[purpose] = [bare.here, under_guard.here, _rate_of_threads(signer)]
        advance(done + 1, 2 * len(PURPOSES))
    guarded.close()
    with _running(layout) as (remote, keeper):
        for done, purpose in enumerate(PURPOSES):
            signer = remote.obtain(LINES[purpose], purpose=purpose, at=at)
            asked = _cost(signer, process=_signer_process(keeper, purpose))
            found[purpose] += [asked.here, asked.there, _rate_of_threads(signer)]
            advance(len(PURPOSES) + done + 1, 2 * len(PURPOSES))
    at_once = f"{THREADS} threads, signatures/s"
    return Table(
        name=NAME,
        title="Keys under guard, and in processes of their own",
        columns=(
            "bare key, µs",
            "guarded, µs",
            f"guarded, {at_once}",
            "asking a signer, µs",
            "its signing, µs",
            f"by a signer, {at_once}",
        ),
        rows=tuple(
            Row(
                label=f"{purpose}{' (each use on the disk)' if purpose in DURABLE else ''}",
                cells=tuple(cells),
            )
            for purpose, cells in found.items()
        ),
        notes=(
            "µs of processor a signature; signatures/s on the wall, which other work makes fewer",
            f"P-256 in files, {SECONDS:g} s each; under guard each signature is verified before it leaves",
        ),
    )


@dataclass(frozen=True, slots=True)
class _Cost:
    """Processor time of one signature, in µs: of this process, and of the signer's."""

    here: float
    there: float


@contextmanager
def _running(layout: Layout) -> Iterator[tuple[Keyring, Keeper]]:
    keeper = start_keeper(layout)
    with signers(layout, Settings(), keeper) as keyring:
        assert keyring is not None
        yield keyring, keeper


def _signer_process(keeper: Keeper, purpose: Purpose) -> int:
    wanted = f"--class\0{class_of(purpose)}\0"
    tasks = Path(f"/proc/{keeper.process}/task")
    children = [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]
    return next(child for child in children if wanted in Path(f"/proc/{child}/cmdline").read_text())


def _cost(signer: Signer, *, process: int | None = None) -> _Cost:
    data = _form(signer.purpose)
    signer.sign(data, purpose=signer.purpose)
    here, there, count = time.process_time(), _processor(process), 0
    until = time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        signer.sign(data, purpose=signer.purpose)
        count += 1
    micro = 1e6 / count
    return _Cost((time.process_time() - here) * micro, (_processor(process) - there) * micro)


def _processor(process: int | None) -> float:
    """Seconds of processor that a process has had (proc(5): utime and stime, in ticks)."""
    if process is None:
        return 0.0
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rate_of_threads(signer: Signer) -> int:
    data = _form(signer.purpose)

    def work(_: int) -> int:
        count, until = 0, time.perf_counter() + SECONDS
        while time.perf_counter() < until:
            signer.sign(data, purpose=signer.purpose)
            count += 1
        return count

    with ThreadPoolExecutor(THREADS) as pool:
        return round(sum(pool.map(work, range(THREADS))) / SECONDS)


def _form(purpose: Purpose) -> bytes:
    forms: dict[Purpose, Callable[[], bytes]] = {
        Purpose.TIMESTAMP: lambda: _attributes("tst_info"),
        Purpose.SEAL: lambda: _attributes("data"),
        Purpose.SEAL_CODE: _seal_code,
    }
    return forms[purpose]()


def _attributes(content_type: str) -> bytes:
    certificate = tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2({"cert_hash": bytes(32)})]})
    attributes = {
        "content_type": content_type,
        "message_digest": bytes(32),
        "signing_certificate_v2": certificate,
    }
    return bytes(
        cms.CMSAttributes(
            [cms.CMSAttribute({"type": name, "values": [value]}) for name, value in attributes.items()]
        ).dump()
    )


def _seal_code() -> bytes:
    document = [3, 0, 70_000, 260_000_000_017, 1, *["ا" * 12] * 20]
    claims = encode_cbor({4: 1_800_000_000, 6: 1_790_000_000, -65537: document, -65538: bytes(16)})
    origin = b"WATHIQA1 https://verify.wathiqa.example"
    return to_be_signed(protect({4: bytes(4)}), claims, external_aad=origin)
