"""A real worker, killed by SIGKILL again and again, or in trouble: requests come to their end."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from crash_site import Site
from invariants import check_books, check_end, drafts, timeline

import issuance
from issuance.catalogue.models import DocumentKind
from issuance.registries.samples import SampleSubjects
from issuance.requests.lifecycle import Event, State

LIVES = Path(__file__).with_name("worker_lives.py")
PROJECT = Path(issuance.__file__).parents[1]
PATIENCE_SECONDS = 240
HOURS_IN_PLAY = 2
KILLS = [
    "before fetching-record",
    "after approved",
    "writing a document",
    "after sealed",
    "writing a status list",
    "after refusing",
    "before notice-sealed",
    "after notice-released",
]
TROUBLES = {  # in which stage, how often
    "full-disk": ("intended", 3),
    "agency-away": ("fetching-record", 4),
    "database-full": ("sealed", 2),
    "template": ("intended", 1),
    "name": ("intended", 1),
    "bug": ("released", 1),
}


@dataclass(kw_only=True)
class Act:
    """What a worker process was given, and what it saw before it ended."""

    requests: dict[str, str]  # number by name
    killed_at: list[str]
    runs: dict[str, int]  # in the last life: by name and state
    held: dict[str, str]  # code by name
    workflows: dict[str, str]  # status by name and attempt


@dataclass
class Play:
    """All acts, and the installation in which they were played."""

    site: Site
    acts: dict[str, Act]


def write(samples: SampleSubjects) -> dict[str, dict[str, Any]]:
    """The acts, in the order in which they are played; see `worker_lives.py`."""
    granted = {
        kind.value: [kind.value, case.applicant, case.subject]
        for kind, case in samples.granted.items()
        if kind is not DocumentKind.DIVORCE  # an officer decides it
    }
    divorce = samples.unfinished_divorce
    some, refused = granted["non-employment"], [divorce.service.value, divorce.applicant, divorce.subject]
    troubled = dict(zip(TROUBLES, granted.values(), strict=True)) | {"double": refused}
    return {
        "killed": {"cases": {"granted": some, "refused": refused}, "kill_at": KILLS},
        "shared": {"cases": granted, "executors": ["worker-1", "worker-2"]},
        "troubled": {"cases": troubled, "trouble": TROUBLES, "called_twice": "double"},
        "lost": {"cases": {"lost": some}, "kill_at": ["after approved"], "lives": 1},
        # Last, for hours pass in it: what is published then is not followed by anything of an earlier hour.
        "found": {
            "continues": "lost",
            "executors": ["worker-2"],
            "hours_later": HOURS_IN_PLAY,
            "others_lost": True,
        },
        "back": {"continues": "lost"},
    }


def perform(root: Path) -> None:
    site = Site(root)
    acts = write(site.samples())
    site.close()
    path = root / "play" / "acts.json"
    path.parent.mkdir()
    path.write_text(json.dumps(acts), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(LIVES), str(root), str(path)],
        env={"PYTHONPATH": str(PROJECT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def read(folder: Path, name: str, plan: dict[str, Any]) -> Act:
    spent = folder / f"{name}.spent"
    told = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(f"{name}.worker-*"))]
    requests = folder / f"{plan.get('continues', name)}.requests"
    return Act(
        requests=json.loads(requests.read_text(encoding="utf-8")),
        killed_at=spent.read_text(encoding="utf-8").splitlines() if spent.exists() else [],
        runs=sum((Counter(each["runs"]) for each in told), Counter[str]()),
        held=told[-1]["held"] if told else {},
        workflows=told[-1]["workflows"] if told else {},
    )


@pytest.fixture(scope="session")
def play(untouched: Path, once: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Play]:
    def make(root: Path) -> None:
        shutil.copytree(untouched, root)
        perform(root)

    root = tmp_path_factory.mktemp("play") / "site"
    shutil.copytree(once("played", make), root)
    folder, site = root / "play", Site(root)
    acts = json.loads((folder / "acts.json").read_text(encoding="utf-8"))
    yield Play(site, {name: read(folder, name, plan) for name, plan in acts.items()})
    site.close()


@pytest.fixture
def ended(play: Play) -> Iterator[Play]:
    """The play, in whose end all is in order."""
    yield play
    for act in play.acts.values():
        for number in act.requests.values():
            check_end(play.site.service, number)


def events(play: Play, number: str) -> list[Event]:
    return [line.event for line in timeline(play.site.service, number)]


def test_a_worker_killed_at_every_stage_finishes_everything(ended: Play) -> None:
    act = ended.acts["killed"]
    assert sorted(act.killed_at) == sorted(KILLS)
    assert ended.site.load(act.requests["granted"]).state is State.DELIVERED
    assert ended.site.load(act.requests["refused"]).state is State.REFUSED
    assert not any(Event.HOLD in events(ended, number) for number in act.requests.values())
    assert act.workflows == {"granted 1": "SUCCESS", "refused 1": "SUCCESS"}


def test_what_the_killed_left_half_written_is_swept(play: Play) -> None:
    assert len(drafts(play.site.layout)) >= 2  # half a document, half a status list
    play.site.clock.forward(hours=HOURS_IN_PLAY)  # as late as the play became
    play.site.housekeeping()
    assert not drafts(play.site.layout)
    check_books(play.site.service)


def test_what_a_lost_worker_held_is_done_by_another(ended: Play) -> None:
    """Killed, and not started again under its name: DBOS leaves its work to it, the deadline does not."""
    lost, found, back = (ended.acts[name] for name in ("lost", "found", "back"))
    assert lost.killed_at == ["after approved"]
    assert found.workflows == {"lost 1": "PENDING", "lost 2": "SUCCESS"}
    assert found.runs == {"lost intended": 1, "lost sealed": 1, "lost released": 1}
    assert back.workflows == {"lost 1": "SUCCESS", "lost 2": "SUCCESS"}  # long after, and without harm
    assert ended.site.load(lost.requests["lost"]).attempt == 2


def test_two_workers_share_the_work_and_do_nothing_twice(ended: Play) -> None:
    act = ended.acts["shared"]
    assert set(act.runs.values()) == {1}
    assert set(act.workflows.values()) == {"SUCCESS"}
    assert len(act.workflows) == len(act.requests) > 4


@pytest.mark.parametrize("name", ["full-disk", "agency-away", "database-full"])
def test_what_passes_is_tried_again_and_holds_nobody(ended: Play, name: str) -> None:
    act, (state, times) = ended.acts["troubled"], TROUBLES[name]
    assert act.runs[f"{name} {state}"] == times + 1
    assert name not in act.held
    assert ended.site.load(act.requests[name]).attempt == 1


@pytest.mark.parametrize(
    ("name", "code"), [("template", "template-failed"), ("name", "unrenderable-text"), ("bug", "internal")]
)
def test_what_does_not_pass_holds_the_request_and_resuming_finishes_it(
    ended: Play, name: str, code: str
) -> None:
    act, (state, _) = ended.acts["troubled"], TROUBLES[name]
    number = act.requests[name]
    assert act.held[name] == code
    assert act.runs[f"{name} {state}"] == 2
    (hold,) = [line for line in timeline(ended.site.service, number) if line.event is Event.HOLD]
    assert hold.source is State(state)
    assert hold.facts["code"] == code  # type: ignore[index,call-overload]
    assert {act.workflows[f"{name} {attempt}"] for attempt in (1, 2)} == {"SUCCESS"}


def test_a_worker_called_twice_works_once(ended: Play) -> None:
    act = ended.acts["troubled"]
    assert {runs for of, runs in act.runs.items() if of.startswith("double ")} == {1}
    assert [name for name in act.workflows if name.startswith("double")] == ["double 1"]
