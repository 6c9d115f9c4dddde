"""Durable execution: what DBOS does for a request, and nothing else.

One workflow, `fulfil`, runs a request through its automatic states until it waits for
somebody or is done. It is enqueued in the same database transaction as the change that
makes it necessary, so neither happens without the other. Waiting is a row in
`requests`, never a sleeping workflow.

The workflow's id is `request:fulfil:attempt`. A repeated enqueue is the same workflow;
whoever calls the worker again raises the attempt first.

To DBOS all stages are one step: how far a request has come stands in its row, so a step
that was interrupted is run again, finds the stages that are done, and every other can
bear to be repeated (see `fulfilment.py`). A step each would write the same twice: five
more commits a document, and 15 ms.
"""

import logging

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, StepOptions
from sqlalchemy.engine import Connection

from issuance.problems import Sentence
from issuance.requests.fulfilment import Fulfilment
from issuance.requests.lifecycle import AUTOMATIC, State
from issuance.requests.models import Request
from issuance.requests.stoppages import stoppage_of

logger = logging.getLogger(__name__)

APPLICATION = "wathiqa"
# Pinned: DBOS's default is a hash of the source, and any edit would strand what is under way.
APPLICATION_VERSION = "1"
QUEUE = "fulfilment"
WORKFLOW = "fulfil"

# An unreachable register or a full disk: tried again for about half an hour, then set aside.
ATTEMPTS, FIRST_WAIT_SECONDS, BACKOFF = 9, 2.0, 2.5


def enqueue_fulfilment(client: DBOSClient, connection: Connection, request: Request) -> None:
    """Call a worker for `request`, in the caller's transaction."""
    client.enqueue_in_transaction(
        connection,
        {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": f"{request.number}:{WORKFLOW}:{request.attempt}",
            "app_version": APPLICATION_VERSION,
        },
        request.number,
        request.state.value,
    )


def open_client(database_url: str) -> DBOSClient:
    """What enqueues; it runs nothing."""
    return DBOSClient(
        system_database_url=database_url,
        serializer=DBOSPortableJSONSerializer(),
        application_name=APPLICATION,
        lazy=True,
    )


def create_tables(database_url: str) -> None:
    """Make the tables of DBOS beside ours, or bring them to what this release of DBOS needs."""
    DBOS.migrate(database_url)


class Worker:
    """Runs the workflows of one process.

    Args:
        database_url: the service's database; DBOS opens an engine of its own on it.
        executor_id: unique to this process and the same after a restart, or a step runs twice.
        fulfilment: the stages.
        concurrency: requests moved at once.
        first_wait_seconds: before a stage that found another party unavailable is tried again.
    """

    def __init__(
        self,
        database_url: str,
        *,
        executor_id: str,
        fulfilment: Fulfilment,
        concurrency: int = 4,
        first_wait_seconds: float = FIRST_WAIT_SECONDS,
    ) -> None:
        self._concurrency = concurrency
        config = DBOSConfig(
            name=APPLICATION,
            system_database_url=database_url,
            application_version=APPLICATION_VERSION,
            executor_id=executor_id,
            serializer=DBOSPortableJSONSerializer(),
            log_level="WARNING",
            enable_otlp=False,
            use_listen_notify=False,
            run_migrations=False,  # `wathiqa upgrade` does; a service needs no right to change tables
        )
        DBOS(config=config)
        _register(fulfilment, first_wait_seconds)

    def start(self) -> None:
        """Recover what was interrupted and begin to work."""
        DBOS.launch()
        DBOS.register_queue(QUEUE, worker_concurrency=self._concurrency, polling_interval_sec=0.1)

    def stop(self) -> None:
        """Finish the steps under way and stop; unfinished workflows go on at the next start."""
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=10)


def _register(fulfilment: Fulfilment, first_wait_seconds: float) -> None:
    @DBOS.workflow(name=WORKFLOW)
    def fulfil(number: str, state: str) -> str:
        current = State(state)
        while current in AUTOMATIC:
            current = _run_stages(fulfilment, number, current, first_wait_seconds)
        return current.value


def _run_stages(fulfilment: Fulfilment, number: str, state: State, first_wait_seconds: float) -> State:
    """Run the stages from `state` until they are through, or hold the request.

    What stopped a stage is the *result* of the step, not an error: an error would come back as
    another class, without its words, should this process die before the request is held.
    """

    def options(name: str) -> StepOptions:
        return {
            "name": name,
            "retries_allowed": True,
            "max_attempts": ATTEMPTS,
            "interval_seconds": first_wait_seconds,
            "backoff_rate": BACKOFF,
            "should_retry": _passes,
        }

    outcome = DBOS.run_step(options("stages"), lambda: _attempt(fulfilment, number, state))
    if isinstance(outcome, str):
        return State(outcome)
    stopped, code = State(outcome["state"]), outcome["code"]
    words = Sentence(ar=outcome["ar"], en=outcome["en"])
    held = DBOS.run_step(
        options("hold"), lambda: fulfilment.hold(number, stopped, code=code, words=words).value
    )
    return State(held)


def _attempt(fulfilment: Fulfilment, number: str, state: State) -> str | dict[str, str]:
    """The state the request waits or ends in; where a stage cannot go on: which, and what stopped it."""
    try:
        while state in AUTOMATIC:
            state = fulfilment.run(number, state)
    except Exception as error:
        stoppage = stoppage_of(error)
        if stoppage.may_pass and not _is_last_attempt():
            raise
        logger.exception("request %s is held in %s: %s", number, state, stoppage.code)
        words = stoppage.words
        return {"state": state.value, "code": stoppage.code, "ar": words.ar, "en": words.en}
    return state.value


def _is_last_attempt() -> bool:
    status = DBOS.step_status
    return status is None or status.current_attempt is None or status.current_attempt + 1 >= ATTEMPTS


def _passes(error: BaseException) -> bool:
    """Whether trying again later may help: another party, the disk or the database did not answer."""
    return isinstance(error, Exception) and stoppage_of(error).may_pass
