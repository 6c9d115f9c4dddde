"""A real worker, killed by SIGKILL again and again, or in trouble: requests come to their end."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from crash_site import Errand, Site
from invariants import check_books, check_end, drafts, timeline

import issuance
from issuance.catalogue.models import DocumentKind
from issuance.registries.samples import SampleCase
from issuance.requests.lifecycle import AUTOMATIC, Event, State
from issuance.requests.workflow import enqueue_fulfilment, open_client

LIVES = Path(__file__).with_name("worker_lives.py")
PROJECT = Path(issuance.__file__).parents[1]
PATIENCE_SECONDS = 150


@dataclass(kw_only=True)
class Story:
    """What became of the requests that a worker process was given."""

    site: Site
    numbers: dict[str, str]
    killed_at: list[str]
    runs: dict[str, int] = field(default_factory=dict)  # in the last life: number and state
    held: dict[str, str] = field(default_factory=dict)  # number: code
    workflows: dict[str, str] = field(default_factory=dict)

    def events(self, number: str) -> list[Event]:
        return [line.event for line in timeline(self.site.service, number)]


def tell(site: Site, numbers: dict[str, str], *acts: dict[str, Any]) -> list[Story]:
    """Close the service, let a worker process live as planned, act after act, open it again."""
    path = site.root / "plan.json"
    plan = [{"requests": [*numbers.values()], **act} for act in acts]
    path.write_text(json.dumps(plan), encoding="utf-8")
    site.service.close()
    done = subprocess.run(
        [sys.executable, str(LIVES), str(site.root), str(path)],
        env={"PYTHONPATH": str(PROJECT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    site.restart()
    assert done.returncode == 0, done.stderr
    spent = path.with_suffix(".spent")
    killed_at = spent.read_text(encoding="utf-8").split("\n")[:-1] if spent.exists() else []
    reports = [path.with_suffix(f".{act}") for act in range(len(acts))]
    return [
        Story(
            site=site, numbers=numbers, killed_at=killed_at, **json.loads(report.read_text(encoding="utf-8"))
        )
        for report in reports
        if report.exists()  # an act that ended in a death tells nothing
    ]


def paid(site: Site, case: SampleCase) -> str:
    return Errand(site, case).go(until=frozenset({State.FETCHING_RECORD})).number


KILLS = [
    "before fetching-record",
    "after deciding",
    "after approved",
    "writing a document",
    "before intended",
    "after sealed",
    "writing a status list",
    "before released",
    "after refusing",
    "after notice-intended",
    "before notice-sealed",
    "after notice-released",
]


def test_a_worker_killed_at_every_stage_finishes_everything(site: Site) -> None:
    numbers = {
        "granted": paid(site, site.case(DocumentKind.NON_EMPLOYMENT)),
        "refused": paid(site, site.unfinished()),
    }
    (story,) = tell(site, numbers, {"kill_at": KILLS})
    assert sorted(story.killed_at) == sorted(KILLS)
    assert len(drafts(site.layout)) >= 2  # half a document, half a status list
    site.housekeeping()
    assert not drafts(site.layout)
    assert site.load(numbers["granted"]).state is State.DELIVERED
    assert site.load(numbers["refused"]).state is State.REFUSED
    for number in numbers.values():
        check_end(site.service, number)
        assert Event.HOLD not in story.events(number)
    check_books(site.service)
    assert story.workflows == {f"{number}:fulfil:1": "SUCCESS" for number in numbers.values()}


def test_what_a_lost_worker_held_is_done_by_another(site: Site) -> None:
    """It was killed and never came back under its name: DBOS leaves its work to it, the deadline does not."""
    number = paid(site, site.case(DocumentKind.NON_EMPLOYMENT))
    first, second = f"{number}:fulfil:1", f"{number}:fulfil:2"
    other, back = tell(
        site,
        {"lost": number},
        {"executor": "worker-1", "kill_at": ["after approved"], "lives": 1},
        {"executor": "worker-2", "hours_later": 2, "lost": [first]},
        {"executor": "worker-1"},  # long after, it comes back
    )
    assert other.killed_at == ["after approved"]
    assert other.workflows == {first: "PENDING", second: "SUCCESS"}
    assert other.runs == {f"{number} {state}": 1 for state in ("intended", "sealed", "released")}
    assert back.workflows == {first: "SUCCESS", second: "SUCCESS"}
    assert site.load(number).state is State.DELIVERED
    check_end(site.service, number)
    check_books(site.service)


# Which trouble, in which stage, how often.
TROUBLES = {
    "full-disk": ("intended", 3),
    "agency-away": ("fetching-record", 4),
    "database-full": ("sealed", 2),
    "template": ("intended", 1),
    "name": ("intended", 1),
    "bug": ("released", 1),
}


@pytest.fixture(scope="session")
def troubled(untouched: Path, once: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """One worker with seven requests, each in a trouble of its own; an operator resumes what is held."""

    def have_trouble(root: Path) -> None:
        shutil.copytree(untouched, root)
        site = Site(root)
        story = meet_trouble(site)
        site.housekeeping()
        site.close()
        told = {name: value for name, value in vars(story).items() if name != "site"}
        (root / "story.json").write_text(json.dumps(told), encoding="utf-8")

    root = tmp_path_factory.mktemp("troubled") / "site"
    shutil.copytree(once("troubled", have_trouble), root)
    site = Site(root)
    yield Story(site=site, **json.loads((root / "story.json").read_text(encoding="utf-8")))
    site.close()


def meet_trouble(site: Site) -> Story:
    granted = site.samples().granted
    kinds = [kind for kind in granted if kind is not DocumentKind.DIVORCE]
    numbers = {name: paid(site, granted[kind]) for name, kind in zip(TROUBLES, kinds, strict=True)}
    trouble = {
        numbers[name]: {"is": name, "in": state, "times": times} for name, (state, times) in TROUBLES.items()
    }
    numbers["double"] = paid(site, site.unfinished())
    client = open_client(site.layout.database_url(site.settings))
    for _ in range(2):
        with site.service.parts.engine.begin() as connection:
            enqueue_fulfilment(client, connection, site.load(numbers["double"]))
    client.destroy()
    (story,) = tell(site, numbers, {"trouble": trouble})
    return story


@pytest.mark.parametrize("name", ["full-disk", "agency-away", "database-full"])
def test_what_passes_is_tried_again_and_holds_nobody(troubled: Story, name: str) -> None:
    number = troubled.numbers[name]
    state, times = TROUBLES[name]
    assert troubled.runs[f"{number} {state}"] == times + 1
    assert number not in troubled.held
    assert troubled.site.load(number).attempt == 1
    check_end(troubled.site.service, number)


@pytest.mark.parametrize(
    ("name", "code"),
    [("template", "template-failed"), ("name", "unrenderable-text"), ("bug", "internal")],
)
def test_what_does_not_pass_holds_the_request_and_resuming_finishes_it(
    troubled: Story, name: str, code: str
) -> None:
    number, state = troubled.numbers[name], TROUBLES[name][0]
    assert troubled.held[number] == code
    assert troubled.runs[f"{number} {state}"] == 2
    (hold,) = [line for line in timeline(troubled.site.service, number) if line.event is Event.HOLD]
    assert hold.source is State(state)
    assert hold.facts["code"] == code  # type: ignore[index,call-overload]
    assert troubled.site.load(number).attempt == 2
    assert {troubled.workflows[f"{number}:fulfil:{attempt}"] for attempt in (1, 2)} == {"SUCCESS"}
    check_end(troubled.site.service, number)


def test_a_worker_called_twice_works_once(troubled: Story) -> None:
    number = troubled.numbers["double"]
    assert {troubled.runs.get(f"{number} {state}", 1) for state in AUTOMATIC} == {1}
    assert [name for name in troubled.workflows if name.startswith(number)] == [f"{number}:fulfil:1"]
    check_end(troubled.site.service, number)


def test_trouble_with_some_leaves_the_books_in_order(troubled: Story) -> None:
    check_books(troubled.site.service)
