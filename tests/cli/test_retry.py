"""A failed run is opened again, once, and somebody is asked to look at it; every other run is refused with
the reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import botocore.session
import pytest

from cli.failures import CommandError
from cli.retry import retry
from sluice.advance.batch_events import Reconcile, parse_event
from sluice.run.compiled import Kind
from sluice.run.state import Run, RunState, StepState
from sluice.run.submission import Submission
from tests.cli.world import REGION, CommandWorld, command_world
from tests.sluice.graphs import RUN_ID, pipeline, step

NOW = "2026-11-01T00:00:00.000+00:00"
COUNT = step("count", Kind.ARRAY, size=3)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandWorld]:
    """A world with the track queue, in which it is November 2026."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "123456789012")
    with command_world() as one:
        one.clients["sqs"] = botocore.session.get_session().create_client("sqs", region_name=REGION)
        one.clients["sqs"].create_queue(QueueName="track")
        yield one


def failed(world: CommandWorld, *, returns: bool = True, created_at: str = NOW) -> None:
    """Let a run fail at its array."""
    graph = pipeline(replace(COUNT, returns=returns), step("merge", after=("count",)))
    world.advancer().start(Run(run_id=RUN_ID, pipeline=graph, trigger={"key": "k"}, created_at=created_at))
    for name in ("count", "merge"):
        world.ledger.record_end(
            RUN_ID, name, StepState.FAILED, job_id=run_of(world).steps[name].job_id, reason="it broke"
        )
    world.advancer().advance(RUN_ID)
    assert run_of(world).state is RunState.FAILED


def run_of(world: CommandWorld) -> Run:
    """Return the run as the ledger has it."""
    run = world.ledger.load(RUN_ID)
    assert run is not None
    return run


def asked(world: CommandWorld) -> list[object]:
    """Return what stands in the track queue."""
    received = world.clients["sqs"].receive_message(QueueUrl=world.cloud.track_queue).get("Messages", [])
    return [parse_event(message["Body"]) for message in received]


@pytest.fixture(autouse=True)
def _november(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a run that began on the first of November has expired on the fifteenth."""
    from datetime import UTC, datetime

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime(2026, 11, 15, tzinfo=UTC)

    monkeypatch.setattr("cli.retry.datetime", Clock)


def test_a_failed_run_is_open_again_and_somebody_is_asked_to_look(
    world: CommandWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sweep would find it, too."""
    failed(world)
    assert retry(world.given("retry", RUN_ID), world.cloud) == 0
    assert (run_of(world).state, run_of(world).reopened, run_of(world).failed_step) == (
        RunState.RUNNING,
        1,
        None,
    )
    assert asked(world) == [Reconcile((RUN_ID,))]
    assert list(world.ledger.unfinished("2030")) == [RUN_ID]
    assert "what failed of count, merge" in capsys.readouterr().out


def test_for_programs(world: CommandWorld, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON names the run, what had failed, and what runs again as a whole."""
    failed(world, returns=False)
    assert retry(world.given("retry", RUN_ID, "--json"), world.cloud) == 0
    expected = {"run_id": RUN_ID, "state": "RUNNING", "failed": ["count", "merge"], "whole": ["count"]}
    assert json.loads(capsys.readouterr().out) == expected


def test_it_says_that_an_array_of_a_command_runs_again_as_a_whole(
    world: CommandWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command cannot be told which of its children failed."""
    failed(world, returns=False)
    retry(world.given("retry", RUN_ID), world.cloud)
    assert "count is an array of a command: all its children run again" in capsys.readouterr().err
    world.advancer().advance(RUN_ID)
    assert run_of(world).steps["count"].indexes == (0, 1, 2)


def test_a_queue_that_cannot_be_reached_is_said_and_the_run_is_open_all_the_same(
    world: CommandWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next sweep goes on with it."""
    failed(world)
    world.clients["sqs"].delete_queue(QueueUrl=world.cloud.track_queue)
    assert retry(world.given("retry", RUN_ID), world.cloud) == 0
    assert "within five minutes" in capsys.readouterr().err
    assert run_of(world).state is RunState.RUNNING


@pytest.mark.parametrize(
    ("state", "why"), [(RunState.SUCCEEDED, "nothing to run again"), (RunState.CANCELLED, "start it anew")]
)
def test_a_run_that_has_not_failed_is_refused(world: CommandWorld, state: RunState, why: str) -> None:
    """With the reason."""
    world.begin(RUN_ID, NOW)
    with pytest.raises(CommandError, match="still running"):
        retry(world.given("retry", RUN_ID), world.cloud)
    world.end(RUN_ID, state)
    with pytest.raises(CommandError, match=why):
        retry(world.given("retry", RUN_ID), world.cloud)
    assert (run_of(world).state, asked(world)) == (state, [])


def test_a_run_whose_objects_were_removed_is_refused(world: CommandWorld) -> None:
    """Its days are over."""
    failed(world)
    assert world.ledger.claim_cleanup(RUN_ID, Submission(step("cleanup", Kind.CLEANUP), 1), NOW)
    with pytest.raises(CommandError, match=r"removed, 7 days after .*keep_failed="):
        retry(world.given("retry", RUN_ID), world.cloud)
    assert run_of(world).state is RunState.FAILED


def test_a_run_whose_objects_have_expired_is_refused(world: CommandWorld) -> None:
    """What the finished children left may be gone: the results would not be whole."""
    failed(world, created_at="2026-10-16T00:00:00.000+00:00")
    with pytest.raises(CommandError, match="more than 30 days ago"):
        retry(world.given("retry", RUN_ID), world.cloud)
    assert run_of(world).state is RunState.FAILED
