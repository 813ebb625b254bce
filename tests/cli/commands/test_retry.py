"""A failed run is opened again, once, and the track Lambda is notified; every other run is refused with the
reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import botocore.session
import pytest

from cli.commands.retry import retry
from sluice.advance.batch_events import Reconcile, parse_event
from sluice.operate.errors import OperationError
from sluice.run.compiled import Kind
from sluice.run.state import Run, RunState, StepState
from sluice.run.submission import Submission
from tests.cli.harness import CommandHarness, command_harness
from tests.sluice.graphs import RUN_ID, pipeline, step
from tests.sluice.operate.harness import REGION

NOW = "2026-11-01T00:00:00.000+00:00"
COUNT = step("count", Kind.ARRAY, size=3)


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandHarness]:
    """A harness with the track queue, in which it is November 2026."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "123456789012")
    with command_harness() as one:
        one.clients["sqs"] = botocore.session.get_session().create_client("sqs", region_name=REGION)
        one.clients["sqs"].create_queue(QueueName="track")
        yield one


def failed(harness: CommandHarness, *, returns: bool = True, created_at: str = NOW) -> None:
    """Let a run fail at its array."""
    graph = pipeline(replace(COUNT, returns=returns), step("merge", after=("count",)))
    harness.advancer().start(Run(run_id=RUN_ID, pipeline=graph, trigger={"key": "k"}, created_at=created_at))
    for name in ("count", "merge"):
        harness.ledger.record_end(
            RUN_ID, name, StepState.FAILED, job_id=run_of(harness).steps[name].job_id, reason="it broke"
        )
    harness.advancer().advance(RUN_ID)
    assert run_of(harness).state is RunState.FAILED


def run_of(harness: CommandHarness) -> Run:
    """Return the run as the ledger has it."""
    run = harness.ledger.load(RUN_ID)
    assert run is not None
    return run


def asked(harness: CommandHarness) -> list[object]:
    """Return what stands in the track queue."""
    received = (
        harness.clients["sqs"]
        .receive_message(QueueUrl=harness.cloud.deployment.track_queue)
        .get("Messages", [])
    )
    return [parse_event(message["Body"]) for message in received]


@pytest.fixture(autouse=True)
def _november(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a run that began on the first of November has expired on the fifteenth."""
    from datetime import UTC, datetime

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime(2026, 11, 15, tzinfo=UTC)

    monkeypatch.setattr("cli.commands.retry.datetime", Clock)


def test_a_failed_run_is_open_again_and_the_track_lambda_is_notified(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sweep would find it, too."""
    failed(harness)
    assert retry(harness.given("retry", RUN_ID), harness.cloud) == 0
    assert (run_of(harness).state, run_of(harness).reopened, run_of(harness).failed_step) == (
        RunState.RUNNING,
        1,
        None,
    )
    assert asked(harness) == [Reconcile((RUN_ID,))]
    assert list(harness.ledger.unfinished("2030")) == [RUN_ID]
    assert "what failed of count, merge" in capsys.readouterr().out


def test_for_programs(harness: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON names the run, what had failed, and what runs again as a whole."""
    failed(harness, returns=False)
    assert retry(harness.given("retry", RUN_ID, "--json"), harness.cloud) == 0
    assert json.loads(capsys.readouterr().out) == {
        "run_id": RUN_ID,
        "state": "RUNNING",
        "failed": ["count", "merge"],
        "whole": ["count"],
        "discarded": [],
        "outdated": [],
    }


def test_a_note_says_that_an_array_of_a_command_runs_again_as_a_whole(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command cannot be limited to the children that failed."""
    failed(harness, returns=False)
    retry(harness.given("retry", RUN_ID), harness.cloud)
    assert "count is an array of a command: all its children run again" in capsys.readouterr().err
    harness.advancer().advance(RUN_ID)
    assert run_of(harness).steps["count"].indexes == (0, 1, 2)


def test_the_run_is_open_again_though_the_queue_cannot_be_reached(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next sweep continues it."""
    failed(harness)
    harness.clients["sqs"].delete_queue(QueueUrl=harness.cloud.deployment.track_queue)
    assert retry(harness.given("retry", RUN_ID), harness.cloud) == 0
    assert "within five minutes" in capsys.readouterr().err
    assert run_of(harness).state is RunState.RUNNING


@pytest.mark.parametrize(
    ("state", "why"),
    [(RunState.SUCCEEDED, "nothing to run again"), (RunState.CANCELLED, "start the pipeline again")],
)
def test_a_run_that_has_not_failed_is_refused(harness: CommandHarness, state: RunState, why: str) -> None:
    """With the reason."""
    harness.begin(RUN_ID, NOW)
    with pytest.raises(OperationError, match="still running"):
        retry(harness.given("retry", RUN_ID), harness.cloud)
    harness.end(RUN_ID, state)
    with pytest.raises(OperationError, match=why):
        retry(harness.given("retry", RUN_ID), harness.cloud)
    assert (run_of(harness).state, asked(harness)) == (state, [])


def test_a_run_whose_objects_were_removed_is_refused(harness: CommandHarness) -> None:
    """Its days are over."""
    failed(harness)
    assert harness.ledger.claim_cleanup(RUN_ID, Submission(step("cleanup", Kind.CLEANUP), 1), NOW)
    with pytest.raises(OperationError, match=r"removed, 7 days after .*keep_failed="):
        retry(harness.given("retry", RUN_ID), harness.cloud)
    assert run_of(harness).state is RunState.FAILED


def test_a_run_whose_objects_have_expired_is_refused(harness: CommandHarness) -> None:
    """What the finished children left may be gone: the results would not be whole."""
    failed(harness, created_at="2026-10-16T00:00:00.000+00:00")
    with pytest.raises(OperationError, match="more than 30 days ago"):
        retry(harness.given("retry", RUN_ID), harness.cloud)
    assert run_of(harness).state is RunState.FAILED


def test_the_failed_cleanup_of_a_run_that_succeeded_runs_again(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing else of it; a second retry is refused."""
    graph = pipeline(step("a"), step("cleanup", Kind.CLEANUP, after=("a",)))
    harness.advancer().start(Run(run_id=RUN_ID, pipeline=graph, trigger={"key": "k"}, created_at=NOW))
    for name, state in (("a", StepState.SUCCEEDED), ("cleanup", StepState.FAILED)):
        harness.ledger.record_end(RUN_ID, name, state, job_id=run_of(harness).steps[name].job_id)
        harness.advancer().advance(RUN_ID)
    assert run_of(harness).state is RunState.SUCCEEDED
    assert retry(harness.given("retry", RUN_ID), harness.cloud) == 0
    assert "its cleanup runs again, and none of its steps" in capsys.readouterr().out
    assert asked(harness) == [Reconcile((RUN_ID,))]
    with pytest.raises(OperationError, match="still running"):
        retry(harness.given("retry", RUN_ID), harness.cloud)
    harness.advancer().advance(RUN_ID)
    run = run_of(harness)
    assert (run.state, run.reopened, run.steps["cleanup"].generation) == (RunState.SUCCEEDED, 0, 1)
