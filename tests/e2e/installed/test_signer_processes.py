"""A served installation: keys are in processes of their own, and the one that serves has none."""

import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from asn1crypto import cms, tsp
from installed_service import run

from issuance.cli.commands import main
from issuance.custody import PASSPHRASE_VARIABLE
from issuance.installation import initialise
from issuance.serving import free_address
from issuance.settings import Layout, Settings, load_settings
from issuance.signers import running_signers
from keys.classes import KeyClass
from keys.guard import GuardedKeyring
from keys.software import SoftwareCustody, SoftwareSigner
from keys.use_log import each_entry, verify_log

PASSPHRASE = "an orchard behind the seventh gate"
START_WITHIN_SECONDS = 90.0


@dataclass
class Served:
    """An installation that `wathiqa serve` serves, the passphrase in its environment alone."""

    layout: Layout
    process: subprocess.Popen[str]

    def keeper(self) -> int:
        (keeper,) = (each for each in _children(self.process.pid) if "signer" in _command(each))
        return keeper

    def signer(self, key_class: KeyClass) -> int:
        """The process at the other end of a socket, as the kernel tells."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.layout.signer_socket(key_class.value)))
            data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("iII"))
            process: int = struct.unpack("iII", data)[0]
            return process

    def wathiqa(self, *command: str) -> str:
        ran = run(main, "wathiqa", *command, "--directory", str(self.layout.root))
        assert (ran.code, ran.err) == (0, ""), ran
        return ran.out


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    layout = Layout(root=tmp_path_factory.mktemp("served") / "it")
    secret = {PASSPHRASE_VARIABLE: PASSPHRASE}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)
        initialise(layout, Settings(), passphrase_in_file=False, persons=30).close()
    port = str(free_address().port)
    command = [sys.executable, "-m", "issuance.cli.commands", "serve", "--no-sandbox"]
    process = subprocess.Popen(
        [*command, "--directory", str(layout.root), "--port", port],
        env={**os.environ, **secret},
        stdout=subprocess.PIPE,
        text=True,
    )
    late = threading.Timer(START_WITHIN_SECONDS, process.kill)
    late.start()
    assert process.stdout is not None
    with process.stdout as said:
        is_up = any("Stop with" in line for line in said)
        late.cancel()
        assert is_up
        yield Served(layout, process)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def test_the_process_that_serves_has_nothing_that_opens_a_key(served: Served) -> None:
    proc = Path("/proc") / str(served.process.pid)

    assert PASSPHRASE.encode() not in (proc / "environ").read_bytes()
    opened = [str(each.readlink()) for each in (proc / "fd").iterdir() if each.exists()]
    assert not [each for each in opened if "/keys/" in each or each.endswith(("keys.db", "seals.db"))]
    assert not served.layout.passphrase.exists()
    assert len({served.process.pid, *(served.signer(each) for each in KeyClass)}) == 4


def test_what_composes_with_signers_holds_no_key_in_its_memory(served: Served) -> None:
    """No object of the process is a custody, a key or a guard, though it has sealed and published."""
    script = f"""
import gc, sys
from pathlib import Path
from issuance.app import compose
from issuance.settings import Layout, load_settings
layout = Layout(root=Path({str(served.layout.root)!r}))
service = compose(layout, load_settings(layout))
service.publish()
kinds = {{f"{{type(each).__module__}}.{{type(each).__qualname__}}" for each in gc.get_objects()}}
service.close()
print(*sorted(kinds), sep="\\n")
"""
    environment = {name: value for name, value in os.environ.items() if name != PASSPHRASE_VARIABLE}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    kinds = done.stdout.split()
    assert "keys.remote.RemoteKeyring" in kinds
    for kind in (SoftwareSigner, SoftwareCustody, GuardedKeyring):
        assert f"{kind.__module__}.{kind.__qualname__}" not in kinds
    assert not [each for each in kinds if re.search(r"PrivateKey$", each) and "_Lent" not in each]


def test_killing_signers_in_mid_work_loses_nothing(served: Served) -> None:
    """Whoever asks waits until the keeper has started another, and gets a signature."""
    keyring = running_signers(served.layout, load_settings(served.layout))
    assert keyring is not None
    signer = keyring.load("timestamp")
    data = _signed_attributes()
    stop = time.monotonic() + 6
    before = served.signer(KeyClass.SERVICES)

    def work(_: int) -> int:
        done = 0
        while time.monotonic() < stop:
            assert signer.sign(data, purpose=signer.purpose)
            done += 1
        return done

    with ThreadPoolExecutor(5) as threads:
        workers = [threads.submit(work, number) for number in range(4)]
        for _ in range(2):
            time.sleep(1.2)
            _until(lambda: _answers(served, KeyClass.SERVICES))
            os.kill(served.signer(KeyClass.SERVICES), signal.SIGKILL)
        done = sum(worker.result() for worker in workers)

    assert done > 20
    assert served.signer(KeyClass.SERVICES) != before
    path = served.layout.use_log(KeyClass.SERVICES.value)
    verify_log(path)
    assert sum(entry.key_id == "timestamp" for entry in each_entry(path)) >= done
    keyring.close()


def test_operators_commands_work_beside_running_signers(served: Served) -> None:
    assert "timestamp" in served.wathiqa("keys", "list")
    assert "one whole chain" in served.wathiqa("keys", "audit")
    served.wathiqa("keys", "suspend", "status")
    assert "suspended" in served.wathiqa("keys", "show", "status")
    served.wathiqa("keys", "resume", "status")
    # Made by the signer: nothing here could open a key.
    assert "status-2 signs from" in served.wathiqa("keys", "rotate", "status")


def test_the_signers_end_with_the_service_however_it_ends(served: Served) -> None:
    others = [served.keeper(), *(served.signer(each) for each in KeyClass)]

    served.process.kill()
    served.process.wait(timeout=10)

    _until(lambda: not any(_is_alive(each) for each in others))
    assert running_signers(served.layout, load_settings(served.layout)) is None


def _signed_attributes() -> bytes:
    certificate = tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2({"cert_hash": bytes(32)})]})
    return bytes(
        cms.CMSAttributes(
            [
                cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
                cms.CMSAttribute({"type": "message_digest", "values": [bytes(32)]}),
                cms.CMSAttribute({"type": "signing_certificate_v2", "values": [certificate]}),
            ]
        ).dump()
    )


def _answers(served: Served, key_class: KeyClass) -> bool:
    try:
        return served.signer(key_class) > 0
    except OSError:
        return False


def _until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + START_WITHIN_SECONDS
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def _children(process: int) -> list[int]:
    tasks = Path("/proc") / str(process) / "task"
    return [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]


def _command(process: int) -> str:
    return (Path("/proc") / str(process) / "cmdline").read_text().replace("\0", " ")


def _is_alive(process: int) -> bool:
    try:
        return "\nState:\tZ" not in (Path("/proc") / str(process) / "status").read_text()
    except FileNotFoundError:
        return False
