"""Signer processes: running one, keeping all of them up, and finding them.

    wathiqa serve ── keeper ── signer authority
     (no key)         │   ├── signer seals
                      │   └── signer services
                      └ holds nothing but what opens the keys, and starts a signer anew when one ends

The keeper and its signers end with whoever started them: each waits for its standard input to
close. A second signer of a class waits behind a lock until the first one ends, so starting
one too many harms nobody.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from issuance.clock import Clock, system_clock
from issuance.custody import PASSPHRASE_VARIABLE, PIN_VARIABLE
from issuance.file_locks import alone
from issuance.keyrings import open_keyring
from issuance.settings import Layout, Settings, SettingsInvalid, load_settings
from keys.classes import KeyClass
from keys.errors import KeyRefused
from keys.guard import GuardedKeyring
from keys.remote import RemoteKeyring, SignerLink
from keys.signer_server import SignerServer

logger = logging.getLogger(__name__)

IN_PROCESS, IN_PROCESSES = "in-process", "processes"
# What opens keys: passphrase, PIN, and what a key service knows its client by.
SECRET_VARIABLES = (
    PASSPHRASE_VARIABLE,
    PIN_VARIABLE,
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)
_HANDED_OVER = "WATHIQA_KEEPER"  # the keeper's process and pipe, from a process to what it becomes
# A PIN that is wrong stays wrong, and a token locks after a few: whoever ends so is not started anew.
REFUSED = os.EX_NOPERM
START_WITHIN_SECONDS = 60.0
END_WITHIN_SECONDS = 15.0
_LIVED_LONG_SECONDS = 5.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 10.0


class SignersMissing(Exception):
    """There are no signers to be had; the message says why."""


def uses_processes(settings: Settings) -> bool:
    """Whether keys are to be kept out of the process that serves.

    Raises:
        SettingsInvalid: neither of the two.
    """
    if settings.signers not in {IN_PROCESS, IN_PROCESSES}:
        raise SettingsInvalid(f"signers: {settings.signers}: neither {IN_PROCESSES} nor {IN_PROCESS}")
    return settings.signers == IN_PROCESSES


def links(layout: Layout) -> Mapping[KeyClass, SignerLink]:
    """The ways to the signers of an installation, whether they run or not."""
    return {each: SignerLink(layout.signer_socket(each.value)) for each in KeyClass}


def running_signers(layout: Layout, settings: Settings) -> RemoteKeyring | None:
    """A keyring of the signers that run at this moment; None where not all of them do."""
    if not uses_processes(settings) or not layout.signers.exists():
        return None
    return RemoteKeyring(links(layout)) if _all_run(layout) else None


def find_keyring(layout: Layout, settings: Settings, *, clock: Clock) -> RemoteKeyring | GuardedKeyring:
    """The installation's keys: by the signers that run, else in this process.

    Raises:
        KeyCustodyError: see `issuance.keyrings.open_keyring`.
    """
    return running_signers(layout, settings) or open_keyring(layout, settings, clock=clock)


def run_signer(layout: Layout, key_class: KeyClass, *, with_parent: bool) -> None:
    """One signer, until stopped by a signal, or with its parent.

    Raises:
        SignersMissing: there is no installation.
        KeyCustodyError: see `issuance.keyrings.open_keyring`.
        SystemExit: with `REFUSED`, when what opens the keys is wrong.
    """
    _require_installation(layout)
    if with_parent:
        end_with_parent()
    layout.signers.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(layout.signers / f"{key_class}.lock"):
        try:
            keyring = open_keyring(layout, load_settings(layout), clock=system_clock, classes=(key_class,))
        except KeyRefused as error:
            sys.stderr.write(f"wathiqa: {error}\n")
            raise SystemExit(REFUSED) from error
        server = SignerServer(keyring, layout.signer_socket(key_class.value), clock=system_clock)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: server.stop())
        server.serve()
        keyring.close()


def keep_signers(layout: Layout, *, with_parent: bool) -> None:
    """Keep one signer of each class running, until stopped by a signal, or with the parent.

    Raises:
        SignersMissing: there is no installation.
    """
    _require_installation(layout)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    if with_parent:
        end_with_parent()
    keepers = [_Kept(layout, key_class, stopped) for key_class in KeyClass]
    for keeper in keepers:
        keeper.start()
    while not stopped.wait(timeout=1):
        pass
    for keeper in keepers:
        keeper.end()
    for keeper in keepers:
        keeper.join(timeout=END_WITHIN_SECONDS)


@dataclass(frozen=True, slots=True)
class Keeper:
    """A keeper that this process started, or that it was before it put off its secrets."""

    process: int
    pipe: int  # the keeper ends when this closes

    def end(self) -> None:
        """End it and its signers."""
        os.close(self.pipe)
        give_up = time.monotonic() + END_WITHIN_SECONDS
        while os.waitpid(self.process, os.WNOHANG) == (0, 0):
            if time.monotonic() > give_up:
                os.kill(self.process, signal.SIGKILL)
            time.sleep(0.02)


def start_keeper(layout: Layout) -> Keeper:
    """Start a keeper, which takes over what opens the keys from the environment."""
    reading, writing = os.pipe()
    try:
        command = _command(layout, "--with-parent")
        # In a session of its own: Ctrl-C at a terminal is for the service, which ends its signers last.
        keeper = subprocess.Popen(command, stdin=reading, start_new_session=True)  # noqa: S603  (our own command)
    finally:
        os.close(reading)
    keeper.returncode = 0  # nobody waits for it by this object: it outlives the program that made it
    return Keeper(process=keeper.pid, pipe=writing)


def put_off_secrets(directory: Path, *, again: Sequence[str]) -> Keeper | None:
    """Start signers unless they run, and become a process that never saw what opens the keys.

    Taking a variable out of `os.environ` leaves it in the process's memory, and in
    /proc/<pid>/environ; a program that is started anew in this process's place, without it, has
    neither. Where nothing secret is in the environment, nothing is started anew.

    Args:
        directory: the installation.
        again: the command line of `wathiqa` that this process is carrying out.

    Returns:
        The keeper that was started here, to be ended here; None where others' signers run, or none
        are wanted, or there is no installation.
    """
    layout = Layout(root=directory)
    if not layout.settings.exists() or not uses_processes(load_settings(layout)):
        return None
    if handed_over := os.environ.pop(_HANDED_OVER, ""):
        process, pipe = map(int, handed_over.split(":"))
        os.set_inheritable(pipe, False)  # noqa: FBT003  (its only parameter)
        return Keeper(process=process, pipe=pipe)
    keeper = None if _all_run(layout) else start_keeper(layout)
    if any(name in os.environ for name in SECRET_VARIABLES):
        environment = without_secrets(os.environ)
        if keeper is not None:
            os.set_inheritable(keeper.pipe, True)  # noqa: FBT003  (its only parameter)
            environment[_HANDED_OVER] = f"{keeper.process}:{keeper.pipe}"
        sys.stdout.flush()
        program = [sys.executable, "-m", "issuance.cli.commands"]
        os.execve(sys.executable, [*program, *again], environment)  # noqa: S606  (ourselves)
    return keeper


@contextmanager
def signers(layout: Layout, settings: Settings, keeper: Keeper | None) -> Iterator[RemoteKeyring | None]:
    """The signers while the block runs; None where keys are held in this process.

    Raises:
        SignersMissing: they did not come up.
    """
    if not uses_processes(settings):
        yield None
        return
    keyring = RemoteKeyring(links(layout))
    try:
        _wait_for(layout)
        yield keyring
    finally:
        keyring.close()
        if keeper is not None:
            keeper.end()


def end_with_parent() -> None:
    """End this process, in order, when its standard input closes."""

    def wait() -> None:
        # Not by `sys.stdin`: a thread that waits inside its buffer when the program ends makes it abort.
        while os.read(sys.stdin.fileno(), 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment that opens no key."""
    return {name: value for name, value in environment.items() if name not in SECRET_VARIABLES}


class _Kept(threading.Thread):
    """Starts a signer again whenever it ends."""

    def __init__(self, layout: Layout, key_class: KeyClass, stopped: threading.Event) -> None:
        super().__init__(name=f"keeper of {key_class}", daemon=True)
        self._command = _command(layout, "--with-parent", "--class", key_class.value)
        self._class, self._stopped = key_class, stopped
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._stopped.is_set():
            began = time.monotonic()
            # The pipe closes when this process ends, however it ends; the signer ends with it.
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE)  # noqa: S603  (our own command)
            with self._process:
                status = self._process.wait()
            if self._stopped.is_set():
                return
            if status == REFUSED:
                logger.error("the signer of %s is refused its keys; it is not started anew", self._class)
                return
            logger.error("the signer of %s ended with status %d; starting it anew", self._class, status)
            lived_long = time.monotonic() - began > _LIVED_LONG_SECONDS
            pause = _FIRST_PAUSE_SECONDS if lived_long else min(2 * pause, _LONGEST_PAUSE_SECONDS)
            self._stopped.wait(pause)

    def end(self) -> None:
        """Have the signer end; nobody starts it again."""
        if self._process is not None:
            self._process.terminate()


def _require_installation(layout: Layout) -> None:
    if not layout.settings.exists():
        raise SignersMissing(f"{layout.root}: no installation here; make one with: wathiqa init")


def _all_run(layout: Layout) -> bool:
    return all(link.is_there() for link in links(layout).values())


def _command(layout: Layout, *options: str) -> list[str]:
    program = [sys.executable, "-m", "issuance.cli.commands", "signer"]
    return [*program, "--directory", str(Path(layout.root).resolve()), *options]


def _wait_for(layout: Layout) -> None:
    give_up = time.monotonic() + START_WITHIN_SECONDS
    for key_class, link in links(layout).items():
        while not link.is_there():
            if time.monotonic() > give_up:
                raise SignersMissing(f"the signer of {key_class} did not come up; it says above why")
            time.sleep(0.05)
