"""A worker process that is killed and started again, or that meets trouble; run by `test_worker_killed.py`.

    python worker_lives.py INSTALLATION ACTS.json

Act after act, people make requests and pay for them, and a real worker, DBOS and all, is
called. Every life of a worker is a process of its own (forked, so that nothing is imported
twice). What each act led to is written beside the file: see `Act`.
"""

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from crash_site import OFFICER, Errand, Site
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from issuance.catalogue.models import DocumentKind
from issuance.database import reading
from issuance.errors import Unavailable
from issuance.registries.samples import SampleCase
from issuance.rendering.errors import TemplateFailed, UnrenderableText
from issuance.requests.fulfilment import Fulfilment
from issuance.requests.lifecycle import FINAL, State
from issuance.requests.workflow import Worker, enqueue_fulfilment, open_client

PATIENCE_SECONDS = 90.0
MAX_LIVES = 40
_DYING = threading.Lock()
TROUBLES: dict[str, Callable[[], BaseException]] = {
    "full-disk": lambda: OSError(28, "No space left on device"),
    "agency-away": Unavailable,
    "database-full": lambda: OperationalError("COMMIT", {}, Exception("database or disk is full")),
    "template": lambda: TemplateFailed(kind="x", diagnostic="expected comma"),
    "name": lambda: UnrenderableText(field="record.person.given_name.ar", character="U+1F600"),
    "bug": ZeroDivisionError,
}


class Act:
    """One act: what is asked of the worker, and what became of it so far."""

    def __init__(self, folder: Path, name: str, said: dict[str, Any]) -> None:
        self._folder, self._name = folder, name
        self.cases: dict[str, list[str]] = said.get("cases", {})  # service, applicant, subject by name
        self.continues: str = said.get("continues", name)  # the act whose requests these are
        self.kill_at: list[str] = said.get("kill_at", [])
        self.trouble: dict[str, tuple[str, int]] = said.get("trouble", {})  # stage, times by name
        self.called_twice: str = said.get("called_twice", "")
        self.executors: list[str] = said.get("executors", ["worker-1"])
        self.lives: int = said.get("lives", MAX_LIVES)
        self.hours_later: int = said.get("hours_later", 0)
        self.others_lost: bool = said.get("others_lost", False)  # their worker does not come back

    def prepare(self, site: Site) -> None:
        """People ask and pay."""
        numbers = {}
        for name, (service, applicant, subject) in self.cases.items():
            case = SampleCase(service=DocumentKind(service), applicant=applicant, subject=subject)
            numbers[name] = Errand(site, case).go(until=frozenset({State.FETCHING_RECORD})).number
        if self.called_twice:
            client = open_client(site.layout.database_url(site.settings))
            with site.service.parts.engine.begin() as connection:
                enqueue_fulfilment(client, connection, site.load(numbers[self.called_twice]))
            client.destroy()
        self._file("requests").write_text(json.dumps(numbers), encoding="utf-8")

    def requests(self) -> dict[str, str]:
        """The number of each request by its name."""
        path = self._folder / f"{self.continues}.requests"
        return dict(json.loads(path.read_text(encoding="utf-8")))

    def kill_here(self, point: str, *, half_done: Callable[[], object] = lambda: None) -> None:
        """Die here, if the act says so and it has not been done.

        One thread at a time: two that come here together are one death.
        """
        spent = self._file("spent")
        with _DYING:
            done = spent.read_text(encoding="utf-8").split("\n") if spent.exists() else []
            if point in self.kill_at and point not in done:
                with spent.open("a", encoding="utf-8") as file:
                    file.write(point + "\n")
                half_done()
                os.kill(os.getpid(), signal.SIGKILL)

    def tell(self, executor: str, seen: dict[str, Any]) -> None:
        """Leave word of what a life saw that ended by itself."""
        self._file(executor).write_text(json.dumps(seen), encoding="utf-8")

    def _file(self, what: str) -> Path:
        return self._folder / f"{self._name}.{what}"


class Stages(Fulfilment):
    """The stages, in which a process can be killed and trouble can be met."""

    def __init__(self, site: Site, act: Act) -> None:
        super().__init__(site.service.parts)
        self.act, self.runs = act, Counter[str]()
        self._names = {number: name for name, number in act.requests().items()}

    def run(self, number: str, expected: State) -> State:
        self.act.kill_here(f"before {expected}")
        name = self._names[number]
        self.runs[f"{name} {expected}"] += 1
        stage, times = self.act.trouble.get(name, ("", 0))
        if stage == expected and self.runs[f"{name} {expected}"] <= times:
            make = TROUBLES[name]
            raise make()
        state = super().run(number, expected)
        self.act.kill_here(f"after {expected}")
        return state


def live(root: Path, act: Act, executor: str) -> None:
    """One life, to the end of all requests."""
    site = Site(root)
    stages = Stages(site, act)
    site.service = replace(site.service, fulfilment=stages)
    guard_flushes(act)
    worker = Worker(
        site.layout.database_url(site.settings),
        executor_id=executor,
        fulfilment=stages,
        first_wait_seconds=0.02,
    )
    worker.start()
    if act.hours_later:
        site.clock.forward(hours=act.hours_later)
        with site.service.parts.engine.begin() as connection:
            site.service.movements.keep_deadlines(connection, at=site.clock())
    held = wait_for_all(site, act)
    worker.stop()
    act.tell(executor, {"runs": stages.runs, "held": held, "workflows": workflows(site, act)})
    site.close()


def workflows(site: Site, act: Act) -> dict[str, str]:
    """What DBOS says of each: by the request's name and the attempt."""
    names = {number: name for name, number in act.requests().items()}
    with reading(site.service.parts.engine) as connection:
        rows = connection.execute(text("SELECT workflow_uuid, status FROM workflow_status")).all()
    parts = [(*str(row[0]).split(":"), str(row[1])) for row in rows]
    return {f"{names[number]} {attempt}": status for number, _, attempt, status in parts if number in names}


def guard_flushes(act: Act) -> None:
    """Die in the middle of a file: half of it is on the disk."""
    real = os.fsync

    def fsync(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        half = os.fstat(descriptor).st_size // 2
        point = (
            "writing a document" if ".pdf." in name else "writing a status list" if ".cwt." in name else ""
        )
        act.kill_here(point, half_done=lambda: os.ftruncate(descriptor, half))
        real(descriptor)

    os.fsync = fsync


def wait_for_all(site: Site, act: Act) -> dict[str, str]:
    """Wait until every request has ended; an operator resumes what is held. Says which were held, and why."""
    held: dict[str, str] = {}
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        requests = {name: site.load(number) for name, number in act.requests().items()}
        running = {"PENDING", "ENQUEUED"} & set(workflows(site, act).values())
        if all(request.state in FINAL for request in requests.values()) and (act.others_lost or not running):
            return held
        for name, request in requests.items():
            if request.state is State.HELD:
                held[name] = resume(site, request.number)
        time.sleep(0.03)
    raise TimeoutError([f"{name} {request.state}" for name, request in requests.items()])


def resume(site: Site, number: str) -> str:
    with site.service.parts.engine.begin() as connection:
        facts = connection.execute(
            text("SELECT facts FROM request_events WHERE request_number = :number ORDER BY id DESC LIMIT 1"),
            {"number": number},
        ).scalar_one()
        site.service.movements.resume(connection, number, actor=OFFICER, at=site.clock())
    return str(json.loads(facts)["code"])


def main(root: Path, path: Path) -> None:
    """Act after act, each with lives one after another until one ends by itself or the act is over."""
    for name, said in json.loads(path.read_text(encoding="utf-8")).items():
        act = Act(path.parent, name, said)
        if act.cases:
            survive([in_a_process(lambda: act.prepare(Site(root)))])  # noqa: B023  (run at once)
        for _ in range(act.lives):
            children = [
                in_a_process(lambda executor=executor: live(root, act, executor))  # noqa: B023  (as above)
                for executor in act.executors
            ]
            if not survive(children):
                break


def survive(children: list[int]) -> bool:
    """Whether any of these processes was killed; one that failed ends it all."""
    ends = [os.waitpid(child, 0)[1] for child in children]
    if any(os.WIFEXITED(end) and os.WEXITSTATUS(end) for end in ends):
        sys.exit(1)
    return any(os.WIFSIGNALED(end) for end in ends)


def in_a_process(call: Callable[[], object]) -> int:
    """Begin `call` in a child process."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        call()
        status = 0
    except BaseException:  # noqa: BLE001  (a life of its own: nothing may run on in it)
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
