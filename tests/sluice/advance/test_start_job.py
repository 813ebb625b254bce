"""A run whose first steps a start job submits: each once, and by no other process while that job may live."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from containers.start.errors import NotStartedError
from containers.start.submit import SUBMITTED_PER_SECOND, submit_all
from sluice.advance.lease import LEASE
from sluice.aws.rate_limiter import RateLimiter
from sluice.errors import UnsettledError
from sluice.messages import RunFailed
from sluice.run.compiled import CompiledPipeline, CompiledStep, Kind
from sluice.run.state import RunState, StepRecord, StepState
from tests.sluice.advance.test_advancer import all_end, planned, recorded, run_of
from tests.sluice.clouds import CrashedError, CrashingClient, Harness, dynamodb, in_memory, refused
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
def harness() -> Iterator[Harness]:
    """A fresh ledger and Batch."""
    with dynamodb() as client:
        yield Harness(client)


def begun(harness: Harness, graph: CompiledPipeline = STARTED) -> None:
    """Let the trigger Lambda begin the run."""
    assert harness.advancer().start(run_of(graph))


def start_job(harness: Harness, crashing: CrashingClient | None = None) -> str:
    """Run one attempt of the start job; its pauses let time pass."""
    return submit_all(harness.advancer(crashing, starting=True), RUN_ID, harness.later)


def end_of_start(harness: Harness, state: StepState = StepState.SUCCEEDED) -> None:
    """Let Batch tell how the start job ended."""
    harness.ledger.record_end(
        RUN_ID, "start", state, job_id=recorded(harness).steps["start"].job_id, reason="Host EC2 terminated"
    )
    harness.advancer().advance(RUN_ID)


def test_a_lambda_submits_the_start_job_and_leaves_it_the_rest(harness: Harness) -> None:
    """However often it looks; the start job submits everything, each behind itself; then the run goes on to
    its end.
    """
    begun(harness)
    for _ in range(3):
        harness.advancer().advance(RUN_ID)
    assert harness.batch.names() == ["start"]
    assert start_job(harness) == "4 steps submitted"
    assert harness.batch.names() == NAMES
    first = recorded(harness).steps["start"].job_id
    waits = {
        job["jobName"].split("_")[1]: [one["jobId"] for one in job.get("dependsOn", [])]
        for job in harness.batch.jobs.values()
    }
    assert (waits["a"], waits["b"], waits["start"]) == ([first], [first], [])
    assert recorded(harness).state is RunState.RUNNING
    all_end(harness, harness.advancer())
    assert recorded(harness).state is RunState.SUCCEEDED


def test_nothing_is_submitted_by_a_lambda_between_the_claims_of_a_start_job(harness: Harness) -> None:
    """A sweep that comes when the start job has died leaves its claims to the next attempt, however old they
    are.
    """
    begun(harness)
    with pytest.raises(CrashedError):
        start_job(harness, CrashingClient(3))  # its look, its claims, and one SubmitJob
    harness.later(AFTER_LEASE)
    before = recorded(harness).steps
    assert {record.state for record in before.values()} == {StepState.SUBMITTED, StepState.CLAIMED}
    harness.advancer().advance(RUN_ID)
    assert recorded(harness).steps == before
    assert start_job(harness) == "4 steps submitted"
    assert harness.batch.names() == NAMES


def _whole_run(harness: Harness, crashing: CrashingClient | None) -> None:
    """Do what a start job's attempt and the Lambdas do, as far as the ledger says that it is due."""
    harness.advancer().start(run_of(STARTED))
    if recorded(harness).steps["start"].state is StepState.SUBMITTED:
        start_job(harness, crashing)
        end_of_start(harness)
    if all(record.state is not StepState.CLAIMED for record in recorded(harness).steps.values()):
        all_end(harness, harness.advancer())


def _calls_of_a_start_job() -> list[str]:
    harness, crashing = Harness(in_memory()), CrashingClient(10_000)
    begun(harness)
    start_job(harness, crashing)
    return crashing.calls


CALLS = _calls_of_a_start_job()


@pytest.mark.parametrize("pause", [0.0, AFTER_LEASE], ids=["at once", "after the lease"])
@pytest.mark.parametrize(
    "number", range(1, len(CALLS) + 1), ids=[f"{number}-{name}" for number, name in enumerate(CALLS, 1)]
)
def test_a_start_job_that_dies_at_any_call_leaves_one_job_a_step(number: int, pause: float) -> None:
    """Every AWS call of its is a case: it takes effect, its answer is lost, the process is gone, a Lambda
    sweeps, and Batch tries again.
    """
    harness = Harness(in_memory())
    begun(harness)
    with pytest.raises(CrashedError):
        start_job(harness, CrashingClient(number))
    harness.later(pause)
    with suppress(UnsettledError):
        harness.advancer().advance(RUN_ID)
    _whole_run(harness, None)
    assert harness.batch.names() == NAMES
    assert recorded(harness).state is RunState.SUCCEEDED
    assert {record.job_id for record in recorded(harness).steps.values()} == set(harness.batch.jobs)
    assert harness.notified == []


def test_the_enumerated_calls_are_those_of_a_start_job() -> None:
    """A submission for each step, one claim for all, and looks."""
    assert CALLS.count("submit_job") == 4
    assert len(CALLS) <= 10, CALLS


def test_two_attempts_at_once_submit_each_step_once(harness: Harness) -> None:
    """An attempt that was given up for lost may still be at work."""
    begun(harness)
    with pytest.raises(CrashedError):
        start_job(harness, CrashingClient(4))
    start_job(harness)
    start_job(harness)
    assert harness.batch.names() == NAMES


def test_a_start_job_that_fails_fails_its_run(harness: Harness) -> None:
    """At the step "start", with its reason; an alert is sent, and nothing more is submitted; what waited for
    it failed with it.
    """
    begun(harness)
    with pytest.raises(CrashedError):
        start_job(harness, CrashingClient(4))
    for name, record in recorded(harness).steps.items():
        if name != "start" and record.job_id:
            harness.ledger.record_end(
                RUN_ID, name, StepState.FAILED, job_id=record.job_id, reason="Dependent Job failed"
            )
    harness.advancer().advance(RUN_ID)
    assert recorded(harness).state is RunState.RUNNING, "the cause is reported after its effect"
    submitted = len(harness.batch.jobs)
    harness.later(AFTER_LEASE)
    end_of_start(harness, StepState.FAILED)
    run = recorded(harness)
    assert (run.state, run.failed_step, run.steps["start"].reason) == (
        RunState.FAILED,
        "start",
        "Host EC2 terminated",
    )
    assert (harness.notified, len(harness.batch.jobs)) == ([RunFailed(run=RUN_ID, step="start")], submitted)


BEHIND_START = (step("a", after=("start",)), step("b", after=("start",)))
BEHIND_FILES = (
    step("files", Kind.PLAN, after=("start",), of_uploads=True),
    step("a", Kind.ARRAY, items_of="files"),
    step("b", Kind.ARRAY, items_of="files"),
)
"""The plan of the files that started the run has no job, and is done when it begins (seed 980812)."""


@pytest.mark.parametrize("behind", [BEHIND_START, BEHIND_FILES], ids=["start", "files"])
def test_the_claims_of_a_start_job_that_failed_hold_up_no_tail(
    harness: Harness, behind: tuple[CompiledStep, ...]
) -> None:
    """A step that always runs waits for what was claimed and never submitted: the run ends all the same."""
    graph = pipeline(step("start", Kind.START), *behind, step("last", always=("a", "b")))
    run = run_of(graph)
    files = StepRecord(
        name="files",
        state=StepState.SUCCEEDED,
        items=2,
        manifest="items.jsonl",
        claimed_at=run.created_at,
    )
    done = {"files": files} if behind is BEHIND_FILES else {}
    assert harness.advancer().start(replace(run, steps=done))
    with pytest.raises(CrashedError):
        start_job(harness, CrashingClient(3))  # its look, its claims, and one SubmitJob
    claimed = {name for name, one in recorded(harness).steps.items() if one.state is StepState.CLAIMED}
    assert claimed
    end_of_start(harness, StepState.FAILED)
    assert recorded(harness).failed_step == "start"
    for name, record in recorded(harness).steps.items():
        if name in ("a", "b") and record.job_id:
            harness.ledger.record_end(
                RUN_ID, name, StepState.FAILED, job_id=record.job_id, reason="Dependent Job failed"
            )
    harness.later(AFTER_LEASE)
    for _ in range(2):
        with suppress(UnsettledError):
            harness.advancer().advance(RUN_ID)
    steps = recorded(harness).steps
    assert not {name for name in claimed - {"last"} if steps[name].state is StepState.CLAIMED}
    harness.ledger.record_end(
        RUN_ID, "last", StepState.SUCCEEDED, job_id=recorded(harness).steps["last"].job_id
    )
    harness.advancer().advance(RUN_ID)
    assert recorded(harness).state is RunState.FAILED


def test_a_tail_that_was_not_claimed_waits_for_no_claim_of_a_start_job_that_failed(harness: Harness) -> None:
    """It needs one step that was claimed and never submitted, and tolerates the failure of another: nobody
    can claim it before the first is settled, nor record the run's failure before it is claimed (seed
    1000211).
    """
    graph = pipeline(
        step("start", Kind.START),
        step("a", after=("start",)),
        step("b", after=("start",)),
        step("last", after=("b",), always=("a",)),
    )
    begun(harness, graph)
    with pytest.raises(CrashedError):
        start_job(harness, CrashingClient(3))  # its look, its claims, and the SubmitJob of one
    steps = recorded(harness).steps
    assert (steps["b"].state, "last" in steps) == (StepState.CLAIMED, False)
    harness.batch.jobs.clear()  # What was submitted failed long ago, and is forgotten.
    harness.ledger.record_end(RUN_ID, "a", StepState.FAILED, generation=0, reason="Dependent Job failed")
    with suppress(UnsettledError):
        end_of_start(harness, StepState.FAILED)
    harness.later(AFTER_LEASE)
    harness.advancer().advance(RUN_ID)
    run = recorded(harness)
    assert (run.state, run.failed_step) == (RunState.FAILED, "start")
    assert run.steps["b"].reason == "never submitted, because start failed"
    assert harness.notified == [RunFailed(run=RUN_ID, step="start")]


def test_a_refusal_fails_the_run_and_the_start_job(harness: Harness) -> None:
    """The start job must not succeed: what waits for it would run."""
    begun(harness)
    harness.batch.answers = [
        ("", None),
        ("before", refused("ClientException", "not authorized: batch:SubmitJob", 400)),
    ]
    with pytest.raises(NotStartedError, match=r"found it FAILED at b: .*batch:SubmitJob"):
        start_job(harness)
    assert (recorded(harness).state, recorded(harness).failed_step, harness.batch.names()) == (
        RunState.FAILED,
        "b",
        ["a", "start"],
    )
    assert harness.notified == [RunFailed(run=RUN_ID, step="b")]


def test_a_cancelled_run_is_not_started(harness: Harness) -> None:
    """Nothing is claimed, and the start job fails, so that nothing that waits for it runs."""
    begun(harness)
    harness.ledger.finish(RUN_ID, RunState.CANCELLED, "2026-01-01T00:00:01.000+00:00")
    with pytest.raises(NotStartedError, match="found it CANCELLED"):
        start_job(harness)
    assert harness.batch.names() == ["start"]


def test_an_answer_that_was_lost_is_settled_by_the_start_job_itself(harness: Harness) -> None:
    """It has the time to wait until the claim is so old that its owner must be gone."""
    begun(harness)
    harness.batch.answers = [("after", refused("InternalError", status=500))]
    assert start_job(harness) == "4 steps submitted"
    assert harness.batch.names() == NAMES


def test_claims_that_stay_open_are_another_attempts(harness: Harness) -> None:
    """SubmitJob without an answer, again and again: UnsettledError, which the entry point ends with "try
    again".
    """
    begun(harness)
    harness.batch.answers = [("before", refused("InternalError", status=500))] * 100
    with pytest.raises(UnsettledError, match=r"Not all steps of .* were submitted in 12 tries"):
        start_job(harness)
    harness.batch.answers = []
    assert start_job(harness) == "4 steps submitted"
    assert harness.batch.names() == NAMES


def test_behind_a_plan_lambdas_go_on_when_the_start_job_has_succeeded(harness: Harness) -> None:
    """The plan's message may come before the start job's end is reported: then nothing is submitted yet, and
    nothing is lost.
    """
    graph = pipeline(
        step("start", Kind.START),
        step("split", Kind.PLAN, after=("start",)),
        step("count", Kind.ARRAY, items_of="split"),
        step("cleanup", Kind.CLEANUP, after=("count",)),
    )
    begun(harness, graph)
    assert start_job(harness) == "1 step submitted"
    harness.ledger.record_plan(planned(harness))
    harness.advancer().advance(RUN_ID)
    assert harness.batch.names() == ["split", "start"]
    end_of_start(harness)
    assert harness.batch.names() == ["cleanup", "count", "split", "start"]


@pytest.mark.parametrize("by_job", [False, True], ids=["lambda", "start job"])
def test_a_graph_of_1000_steps_is_1000_submissions(by_job: bool) -> None:
    """One SubmitJob a step and gate, whichever process submits: chains of ten whose ends meet in a cleanup,
    with gates between.
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
    harness = Harness(in_memory())
    begun(harness, graph)
    if by_job:
        assert harness.batch.names() == ["start"]
        start_job(harness)
        end_of_start(harness)
    names = harness.batch.names()
    assert sorted(one.name for one in graph.steps) == names
    assert {record.state for name, record in recorded(harness).steps.items() if name != "start"} == {
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
