"""A run whose first steps a start job submits: each once, and by nobody else while that job may live."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from moto.dynamodb.models.table import Table

from containers.start.errors import NotStartedError
from containers.start.submit import SUBMITTED_PER_SECOND, submit_all
from sluice.advance.claims import LEASE
from sluice.aws.rate_limiter import RateLimiter
from sluice.errors import UnsettledError
from sluice.messages import RunFailed
from sluice.run.compiled import CompiledPipeline, Kind
from sluice.run.state import RunState, StepState
from tests.sluice.advance.test_advancer import all_end, planned, recorded, run_of
from tests.sluice.clouds import DeadError, Mortal, World, dynamodb, refused
from tests.sluice.graphs import RUN_ID, pipeline, step

STARTED = pipeline(
    step("start", Kind.START),
    step("a", after=("start",)),
    step("b", after=("start",)),
    step("c", after=("a", "b")),
    step("cleanup", Kind.CLEANUP, after=("c",)),
)
NAMES = ["a", "b", "c", "cleanup", "start"]
AFTER_LEASE = LEASE.total_seconds() + 1


@pytest.fixture
def world() -> Iterator[World]:
    """A fresh ledger and Batch."""
    with dynamodb() as client:
        yield World(client)


def begun(world: World, graph: CompiledPipeline = STARTED) -> None:
    """Let the trigger Lambda begin the run."""
    assert world.advancer().start(run_of(graph))


def start_job(world: World, mortal: Mortal | None = None) -> str:
    """Run one attempt of the start job; its pauses let time pass."""
    return submit_all(world.advancer(mortal, starting=True), RUN_ID, world.later)


def end_of_start(world: World, state: StepState = StepState.SUCCEEDED) -> None:
    """Let Batch tell how the start job ended."""
    world.ledger.record_end(
        RUN_ID, "start", state, job_id=recorded(world).steps["start"].job_id, reason="Host EC2 terminated"
    )
    world.advancer().advance(RUN_ID)


def test_a_lambda_submits_the_start_job_and_leaves_it_the_rest(world: World) -> None:
    """However often it looks; the start job submits everything, each behind itself; then the run goes on to
    its end.
    """
    begun(world)
    for _ in range(3):
        world.advancer().advance(RUN_ID)
    assert world.batch.names() == ["start"]
    assert start_job(world) == "4 steps submitted"
    assert world.batch.names() == NAMES
    first = recorded(world).steps["start"].job_id
    waits = {
        job["jobName"].split("_")[1]: [one["jobId"] for one in job.get("dependsOn", [])]
        for job in world.batch.jobs.values()
    }
    assert (waits["a"], waits["b"], waits["start"]) == ([first], [first], [])
    assert recorded(world).state is RunState.RUNNING
    all_end(world, world.advancer())
    assert recorded(world).state is RunState.SUCCEEDED


def test_nothing_is_submitted_by_a_lambda_between_the_claims_of_a_start_job(world: World) -> None:
    """A sweep that comes when the start job has died leaves its claims to the next attempt, however old they
    are.
    """
    begun(world)
    with pytest.raises(DeadError):
        start_job(world, Mortal(3))  # its look, its claims, and one SubmitJob
    world.later(AFTER_LEASE)
    before = recorded(world).steps
    assert {record.state for record in before.values()} == {StepState.SUBMITTED, StepState.CLAIMED}
    world.advancer().advance(RUN_ID)
    assert recorded(world).steps == before
    assert start_job(world) == "4 steps submitted"
    assert world.batch.names() == NAMES


def _whole_run(world: World, mortal: Mortal | None) -> None:
    """Do what a start job's attempt and the Lambdas do, as far as the ledger says that it is due."""
    world.advancer().start(run_of(STARTED))
    if recorded(world).steps["start"].state is StepState.SUBMITTED:
        start_job(world, mortal)
        end_of_start(world)
    if all(record.state is not StepState.CLAIMED for record in recorded(world).steps.values()):
        all_end(world, world.advancer())


def _calls_of_a_start_job() -> list[str]:
    with dynamodb() as client:
        world, mortal = World(client), Mortal(10_000)
        begun(world)
        start_job(world, mortal)
        return mortal.calls


CALLS = _calls_of_a_start_job()


@pytest.mark.parametrize("pause", [0.0, AFTER_LEASE], ids=["at once", "after the lease"])
@pytest.mark.parametrize(
    "number", range(1, len(CALLS) + 1), ids=[f"{number}-{name}" for number, name in enumerate(CALLS, 1)]
)
def test_a_start_job_that_dies_at_any_call_leaves_one_job_a_step(
    world: World, number: int, pause: float
) -> None:
    """Every AWS call of its is a case: it takes effect, its answer is lost, the process is gone, a Lambda
    sweeps, and Batch tries again.
    """
    begun(world)
    with pytest.raises(DeadError):
        start_job(world, Mortal(number))
    world.later(pause)
    with suppress(UnsettledError):
        world.advancer().advance(RUN_ID)
    _whole_run(world, None)
    assert world.batch.names() == NAMES
    assert recorded(world).state is RunState.SUCCEEDED
    assert {record.job_id for record in recorded(world).steps.values()} == set(world.batch.jobs)
    assert world.told == []


def test_the_enumerated_calls_are_those_of_a_start_job() -> None:
    """A submission for each step, one claim for all, and looks."""
    assert CALLS.count("submit_job") == 4
    assert len(CALLS) <= 10, CALLS


def test_two_attempts_at_once_submit_each_step_once(world: World) -> None:
    """An attempt that was given up for lost may still be at work."""
    begun(world)
    with pytest.raises(DeadError):
        start_job(world, Mortal(4))
    start_job(world)
    start_job(world)
    assert world.batch.names() == NAMES


def test_a_start_job_that_fails_fails_its_run(world: World) -> None:
    """At the step "start", with its reason; a person is told, and nothing more is submitted; what waited for
    it failed with it.
    """
    begun(world)
    with pytest.raises(DeadError):
        start_job(world, Mortal(4))
    for name, record in recorded(world).steps.items():
        if name != "start" and record.job_id:
            world.ledger.record_end(
                RUN_ID, name, StepState.FAILED, job_id=record.job_id, reason="Dependent Job failed"
            )
    world.advancer().advance(RUN_ID)
    assert recorded(world).state is RunState.RUNNING, "the cause is told after its effect"
    submitted = len(world.batch.jobs)
    world.later(AFTER_LEASE)
    end_of_start(world, StepState.FAILED)
    run = recorded(world)
    assert (run.state, run.failed_step, run.steps["start"].reason) == (
        RunState.FAILED,
        "start",
        "Host EC2 terminated",
    )
    assert (world.told, len(world.batch.jobs)) == ([RunFailed(run=RUN_ID, step="start")], submitted)


def test_a_refusal_fails_the_run_and_the_start_job(world: World) -> None:
    """The start job must not succeed: what waits for it would run."""
    begun(world)
    world.batch.answers = [
        ("", None),
        ("before", refused("AccessDeniedException", "not authorized: batch:SubmitJob", 403)),
    ]
    with pytest.raises(NotStartedError, match=r"found it FAILED at b: .*batch:SubmitJob"):
        start_job(world)
    assert (recorded(world).state, recorded(world).failed_step, world.batch.names()) == (
        RunState.FAILED,
        "b",
        ["a", "start"],
    )
    assert world.told == [RunFailed(run=RUN_ID, step="b")]


def test_a_cancelled_run_is_not_started(world: World) -> None:
    """Nothing is claimed, and the start job fails, so that nothing that waits for it runs."""
    begun(world)
    world.ledger.finish(RUN_ID, RunState.CANCELLED, "2026-01-01T00:00:01.000+00:00")
    with pytest.raises(NotStartedError, match="found it CANCELLED"):
        start_job(world)
    assert world.batch.names() == ["start"]


def test_an_answer_that_was_lost_is_settled_by_the_start_job_itself(world: World) -> None:
    """It has the time to wait until the claim is so old that its owner must be gone."""
    begun(world)
    world.batch.answers = [("after", refused("InternalError", status=500))]
    assert start_job(world) == "4 steps submitted"
    assert world.batch.names() == NAMES


def test_claims_that_stay_open_are_another_attempts(world: World) -> None:
    """SubmitJob without an answer, again and again: UnsettledError, which the entry point ends with "try
    again".
    """
    begun(world)
    world.batch.answers = [("before", refused("InternalError", status=500))] * 100
    with pytest.raises(UnsettledError, match=r"Not all steps of .* were submitted in 12 tries"):
        start_job(world)
    world.batch.answers = []
    assert start_job(world) == "4 steps submitted"
    assert world.batch.names() == NAMES


def test_behind_a_plan_lambdas_go_on_when_the_start_job_has_succeeded(world: World) -> None:
    """The plan's message may come before the start job's end is told: then nothing is submitted yet, and
    nothing is lost.
    """
    graph = pipeline(
        step("start", Kind.START),
        step("split", Kind.PLAN, after=("start",)),
        step("count", Kind.ARRAY, items_of="split"),
        step("cleanup", Kind.CLEANUP, after=("count",)),
    )
    begun(world, graph)
    assert start_job(world) == "1 steps submitted"
    world.ledger.record_plan(planned(world))
    world.advancer().advance(RUN_ID)
    assert world.batch.names() == ["split", "start"]
    end_of_start(world)
    assert world.batch.names() == ["cleanup", "count", "split", "start"]


@pytest.fixture
def _no_rollback(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto copies the whole table for each write of a transaction, to undo one that fails: here none does,
    and it would take a minute.
    """
    copied = copy.deepcopy

    def unless_table(thing: Any, memo: Any = None) -> Any:
        return thing if isinstance(thing, Table) else copied(thing, memo)

    monkeypatch.setattr(copy, "deepcopy", unless_table)


@pytest.mark.usefixtures("_no_rollback")
@pytest.mark.parametrize("by_job", [False, True], ids=["lambda", "start job"])
def test_a_graph_of_1000_steps_is_1000_submissions(world: World, by_job: bool) -> None:
    """One SubmitJob a step and gate, whoever submits: chains of ten whose ends meet in a cleanup, with gates
    between.
    """
    start = ("start",) if by_job else ()
    jobs = [step(f"s{number}", after=(f"s{number - 1}",) if number % 10 else start) for number in range(1000)]
    ends = [f"s{number}" for number in range(9, 1000, 10)]
    gates = [
        step(f"gate-0-{group}-cleanup", Kind.GATE, after=tuple(ends[20 * group : 20 * group + 20]))
        for group in range(5)
    ]
    cleanup = step("cleanup", Kind.CLEANUP, after=tuple(gate.name for gate in gates))
    graph = pipeline(*([step("start", Kind.START)] if by_job else []), *jobs, *gates, cleanup)
    begun(world, graph)
    if by_job:
        assert world.batch.names() == ["start"]
        start_job(world)
        end_of_start(world)
    names = world.batch.names()
    assert sorted(one.name for one in graph.steps) == names
    assert {record.state for name, record in recorded(world).steps.items() if name != "start"} == {
        StepState.SUBMITTED
    }


def test_submissions_are_paced() -> None:
    """Fewer than 50 in any second, whatever came before: no burst after a pause."""
    now, sent = [0.0], list[float]()

    def sleep(seconds: float) -> None:
        now[0] += seconds

    pace = RateLimiter(per_second=SUBMITTED_PER_SECOND, clock=lambda: now[0], sleep=sleep)
    for number in range(200):
        pace()
        sent.append(now[0])
        now[0] += 5.0 if number == 100 else 0.001
    assert (
        max(sum(begin <= one < begin + 1 for one in sent) for begin in sent) <= SUBMITTED_PER_SECOND + 1 < 50
    )
    assert sent[-1] < 5.0 + 200 / SUBMITTED_PER_SECOND
