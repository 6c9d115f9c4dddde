"""A worker process that is killed and started again, or that meets trouble; run by `test_worker_killed.py`.

    python worker_lives.py INSTALLATION PLAN.json

Every life is a process of its own (forked, so that nothing is imported twice) with a real
worker, DBOS and all. The plan is a list of acts, see `Plan`; where the worker was killed, and
what the last life of each act saw, is written beside it.
"""

import json
import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).parent))

from crash_site import OFFICER, Site
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from issuance.database import reading
from issuance.errors import Unavailable
from issuance.rendering.errors import TemplateFailed, UnrenderableText
from issuance.requests.fulfilment import Fulfilment
from issuance.requests.lifecycle import FINAL, State
from issuance.requests.workflow import Worker

PATIENCE_SECONDS = 60.0
MAX_LIVES = 40
TROUBLES: dict[str, Callable[[], BaseException]] = {
    "full-disk": lambda: OSError(28, "No space left on device"),
    "agency-away": Unavailable,
    "database-full": lambda: OperationalError("COMMIT", {}, Exception("database or disk is full")),
    "template": lambda: TemplateFailed(kind="x", diagnostic="expected comma"),
    "name": lambda: UnrenderableText(field="record.person.given_name.ar", character="U+1F600"),
    "bug": ZeroDivisionError,
}


class Plan:
    """One act: what is asked of the worker, and what became of it so far."""

    def __init__(self, path: Path, act: int) -> None:
        said = json.loads(path.read_text(encoding="utf-8"))[act]
        self.requests: list[str] = said["requests"]
        self.kill_at: list[str] = said.get("kill_at", [])
        self.trouble: dict[str, dict[str, Any]] = said.get("trouble", {})
        self.executor: str = said.get("executor", "worker-1")
        self.lives: int = said.get("lives", MAX_LIVES)
        self.hours_later: int = said.get("hours_later", 0)
        self.lost: list[str] = said.get("lost", [])  # workflows whose worker does not come back
        self._spent = path.with_suffix(".spent")

    def kill_here(self, point: str, *, half_done: Callable[[], object] = lambda: None) -> None:
        """Die here, if the plan says so and it has not been done."""
        if point in self.kill_at and point not in self.spent():
            with self._spent.open("a", encoding="utf-8") as file:
                file.write(point + "\n")
            half_done()
            os.kill(os.getpid(), signal.SIGKILL)

    def spent(self) -> list[str]:
        return self._spent.read_text(encoding="utf-8").split("\n") if self._spent.exists() else []


class Stages(Fulfilment):
    """The stages, in which a process can be killed and trouble can be met."""

    def __init__(self, site: Site, plan: Plan) -> None:
        super().__init__(site.service.parts)
        self.plan, self.runs = plan, Counter[str]()

    def run(self, number: str, expected: State) -> State:
        self.plan.kill_here(f"before {expected}")
        self.runs[f"{number} {expected}"] += 1
        trouble = self.plan.trouble.get(number)
        if trouble and trouble["in"] == expected and self.runs[f"{number} {expected}"] <= trouble["times"]:
            make = TROUBLES[trouble["is"]]
            raise make()
        state = super().run(number, expected)
        self.plan.kill_here(f"after {expected}")
        return state


def live(root: Path, plan: Plan) -> dict[str, Any]:
    """One life, to the end of all requests."""
    site = Site(root)
    stages = Stages(site, plan)
    site.service = replace(site.service, fulfilment=stages)
    guard_flushes(plan)
    worker = Worker(
        site.layout.database_url(site.settings),
        executor_id=plan.executor,
        fulfilment=stages,
        first_wait_seconds=0.02,
    )
    worker.start()
    if plan.hours_later:
        site.clock.forward(hours=plan.hours_later)
        with site.service.parts.engine.begin() as connection:
            site.service.movements.keep_deadlines(connection, at=site.clock())
    held = wait_for_all(site, plan)
    worker.stop()
    result = {"runs": stages.runs, "held": held, "workflows": workflows(site)}
    site.close()
    return result


def workflows(site: Site) -> dict[str, str]:
    """What DBOS says of each."""
    with reading(site.service.parts.engine) as connection:
        rows = connection.execute(text("SELECT workflow_uuid, status FROM workflow_status")).all()
    return {str(name): str(status) for name, status in rows}


def guard_flushes(plan: Plan) -> None:
    """Die in the middle of a file: half of it is on the disk."""
    real = os.fsync

    def fsync(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        half = os.fstat(descriptor).st_size // 2
        point = (
            "writing a document" if ".pdf." in name else "writing a status list" if ".cwt." in name else ""
        )
        plan.kill_here(point, half_done=lambda: os.ftruncate(descriptor, half))
        real(descriptor)

    os.fsync = fsync


def wait_for_all(site: Site, plan: Plan) -> dict[str, str]:
    """Wait until every request has ended; an operator resumes what is held. Says which were held, and why."""
    held: dict[str, str] = {}
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        requests = [site.load(number) for number in plan.requests]
        running = [
            name
            for name, status in workflows(site).items()
            if status in {"PENDING", "ENQUEUED"} and name not in plan.lost
        ]
        if all(request.state in FINAL for request in requests) and not running:
            return held
        for request in requests:
            if request.state is State.HELD:
                held[request.number] = resume(site, request.number)
        time.sleep(0.02)
    raise TimeoutError([f"{request.number} {request.state}" for request in requests])


def resume(site: Site, number: str) -> str:
    with site.service.parts.engine.begin() as connection:
        code = connection.execute(
            text("SELECT facts FROM request_events WHERE request_number = :number ORDER BY id DESC LIMIT 1"),
            {"number": number},
        ).scalar_one()
        site.service.movements.resume(connection, number, actor=OFFICER, at=site.clock())
    return str(json.loads(code)["code"])


def main(root: Path, path: Path) -> None:
    """Act after act, each with lives one after another until one ends by itself or the act is over."""
    for act in range(len(json.loads(path.read_text(encoding="utf-8")))):
        for _ in range(Plan(path, act).lives):
            child = os.fork()
            if child == 0:
                _live_and_exit(root, Plan(path, act), path.with_suffix(f".{act}"))
            _, status = os.waitpid(child, 0)
            if not os.WIFSIGNALED(status):
                break
        if not os.WIFSIGNALED(status) and os.waitstatus_to_exitcode(status):
            sys.exit(1)


def _live_and_exit(root: Path, plan: Plan, report: Path) -> NoReturn:
    status = 1
    try:
        report.write_text(json.dumps(live(root, plan)), encoding="utf-8")
        status = 0
    except Exception:  # noqa: BLE001  (a life of its own: nothing may run on in it)
        traceback.print_exc()
    finally:
        os._exit(status)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
