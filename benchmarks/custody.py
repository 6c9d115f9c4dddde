"""Raw signing: the same data by keys in files and by keys in a token (SoftHSM, where it is installed).

Each figure is of `Signer.sign`, which for a token includes the verification of what it
answered; the last column says what that takes. Figures of one thread are per second of
processor, so that other work on the machine matters little. A cloud's key service is not
measured: over a network, what counts is the network.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from glob import glob
from pathlib import Path

from benchmarks.figures import Row, Table
from benchmarks.site import Site
from keys.custody import Custody
from keys.key_file import ScryptCost
from keys.signer import Algorithm, Purpose, Signer
from keys.software import SoftwareCustody
from keys.verification import verify_signature

NAME = "custody"
ALGORITHMS = (Algorithm.P256, Algorithm.P384, Algorithm.RSA3072, Algorithm.ED25519)
THREADS = 4
SECONDS = 1.0
DATA = b"x" * 200  # a seal's signed attributes
LIBRARIES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/*/softhsm/libsofthsm2.so")
LABEL, PIN = "wathiqa-benchmark", "a pin of benchmarks"


def measure(site: Site) -> Table:
    """Signatures a second of each algorithm, in each custody."""
    advance = site.step("Raw signing")
    kinds = [*ALGORITHMS, Algorithm.ML_DSA_65]
    files = SoftwareCustody(site.directory / "raw-keys", lambda: b"correct horse", cost=ScryptCost(n=2, p=1))
    rows = []
    for done, algorithm in enumerate(kinds):
        rows.append(_row(f"{algorithm} in a file", files, algorithm))
        advance(done + 1, len(kinds) + len(ALGORITHMS))
    with _token(site.directory) as token:
        if token is not None:
            for done, algorithm in enumerate(ALGORITHMS):
                rows.append(_row(f"{algorithm} in SoftHSM", token, algorithm))
                advance(len(kinds) + done + 1, len(kinds) + len(ALGORITHMS))
    notes = [
        f"{len(DATA)} octets signed; each figure over {SECONDS:g} s; one thread: per second of processor"
    ]
    if token is None:
        notes.append("SoftHSM is not installed (Debian: softhsm2)")
    columns = ("signatures/s", f"{THREADS} threads, on the wall", "verifications/s")
    return Table(
        name=NAME,
        title="Raw signing by custody",
        columns=columns,
        rows=tuple(rows),
        notes=tuple(notes),
    )


def _row(label: str, custody: Custody, algorithm: Algorithm) -> Row:
    signer = custody.generate(f"raw-{algorithm.lower()}", purpose=Purpose.SEAL, algorithm=algorithm)
    signature = signer.sign(DATA, purpose=Purpose.SEAL)

    def verify() -> None:
        verify_signature(signature, DATA, algorithm=algorithm, public_key=signer.public_key)

    return Row(label=label, cells=(_rate(_signing(signer)), _rate_of_threads(signer), _rate(verify)))


def _signing(signer: Signer) -> Callable[[], object]:
    return lambda: signer.sign(DATA, purpose=Purpose.SEAL)


def _rate(call: Callable[[], object], clock: Callable[[], float] = time.thread_time) -> int:
    """How many a second of `clock`, one after the other."""
    count, begun = 0, clock()
    while (took := clock() - begun) < SECONDS:
        call()
        count += 1
    return round(count / took)


def _rate_of_threads(signer: Signer) -> int:
    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(lambda _: _rate(_signing(signer), time.perf_counter), range(THREADS)))


@contextmanager
def _token(directory: Path) -> Iterator[Custody | None]:
    """A custody in a new token; None where SoftHSM is not installed."""
    module = soft_hsm(directory)
    if module is None:
        yield None
        return
    from keys.pkcs11 import Pkcs11Custody  # noqa: PLC0415  (an extra: only where there is a token)

    custody = Pkcs11Custody(module, LABEL, PIN.encode)
    yield custody
    custody.close()


def soft_hsm(directory: Path) -> str | None:
    """The module of SoftHSM, with one new token for this folder; None where it is not installed."""
    libraries = [path for pattern in LIBRARIES for path in sorted(glob(pattern))]  # noqa: PTH207  (absolute patterns)
    if not libraries or shutil.which("softhsm2-util") is None:
        return None
    tokens, settings = directory / "tokens", directory / "softhsm2.conf"
    os.environ["SOFTHSM2_CONF"] = str(settings)
    if not tokens.exists():
        tokens.mkdir()
        settings.write_text(f"directories.tokendir = {tokens}\nlog.level = ERROR\n", encoding="utf-8")
        command = ["softhsm2-util", "--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", PIN]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603  (fixed words)
    return libraries[0]
