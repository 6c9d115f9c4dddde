"""A real worker, killed by SIGKILL again and again, or in trouble: requests come to their end."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass
class Story:
    """What became of the requests that a worker process was given."""

    site: Site
    numbers: dict[str, str]
    killed_at: list[str]
    runs: dict[str, int]  # in the last life: number and state
    held: dict[str, str]  # number: code
    workflows: dict[str, str]

    def events(self, number: str) -> list[Event]:
        return [line.event for line in timeline(self.site.service, number)]


def tell(site: Site, numbers: dict[str, str], **plan: Any) -> Story:
    """Close the service, let a worker process live as planned, open it again."""
    path = site.root / "plan.json"
    path.write_text(json.dumps({"requests": [*numbers.values()], **plan}), encoding="utf-8")
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
    report = json.loads(path.with_suffix(".report").read_text(encoding="utf-8"))
    spent = path.with_suffix(".spent")
    killed_at = spent.read_text(encoding="utf-8").split("\n")[:-1] if spent.exists() else []
    return Story(site=site, numbers=numbers, killed_at=killed_at, **report)


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
    story = tell(site, numbers, kill_at=KILLS)
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


@pytest.fixture(scope="module")
def troubled(untouched: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """One worker with seven requests, each in a trouble of its own; an operator resumes what is held."""
    root = tmp_path_factory.mktemp("troubled") / "site"
    shutil.copytree(untouched, root)
    site = Site(root)
    granted = site.samples().granted
    kinds = [kind for kind in granted if kind is not DocumentKind.DIVORCE]
    names = ["full-disk", "agency-away", "database-full", "template", "name", "bug"]
    troubles = [("intended", 3), ("fetching-record", 4), ("sealed", 2), ("intended", 1), ("intended", 1)]
    troubles.append(("released", 1))
    numbers = {name: paid(site, granted[kind]) for name, kind in zip(names, kinds, strict=True)}
    numbers["double"] = paid(site, site.unfinished())
    client = open_client(site.layout.database_url(site.settings))
    for _ in range(2):
        with site.service.parts.engine.begin() as connection:
            enqueue_fulfilment(client, connection, site.load(numbers["double"]))
    client.destroy()
    trouble = {
        numbers[name]: {"is": name, "in": state, "times": times}
        for name, (state, times) in zip(names, troubles, strict=True)
    }
    story = tell(site, numbers, trouble=trouble)
    site.housekeeping()
    yield story
    site.close()


@pytest.mark.parametrize(
    ("name", "state", "runs"),
    [("full-disk", "intended", 4), ("agency-away", "fetching-record", 5), ("database-full", "sealed", 3)],
)
def test_what_passes_is_tried_again_and_holds_nobody(
    troubled: Story, name: str, state: str, runs: int
) -> None:
    number = troubled.numbers[name]
    assert troubled.runs[f"{number} {state}"] == runs
    assert number not in troubled.held
    assert troubled.site.load(number).attempt == 1
    check_end(troubled.site.service, number)


@pytest.mark.parametrize(
    ("name", "state", "code"),
    [
        ("template", "intended", "template-failed"),
        ("name", "intended", "unrenderable-text"),
        ("bug", "released", "internal"),
    ],
)
def test_what_does_not_pass_holds_the_request_and_resuming_finishes_it(
    troubled: Story, name: str, state: str, code: str
) -> None:
    number = troubled.numbers[name]
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
