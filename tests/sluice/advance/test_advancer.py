"""Advancing a run: each step is submitted once, whatever comes twice, fails, is lost or dies."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from botocore.exceptions import ReadTimeoutError

from sluice.advance.advancer import Advancer
from sluice.advance.lease import LEASE
from sluice.advance.submitter import LOOK_UP_SECONDS
from sluice.errors import UnsettledError
from sluice.messages import Planned, RunFailed
from sluice.run.compiled import CompiledPipeline, Kind
from sluice.run.decision import decide
from sluice.run.state import Run, RunState, StepState
from tests.sluice.clouds import CrashedError, CrashingClient, Harness, dynamodb, in_memory, refused
from tests.sluice.graphs import QUEUES, RUN_ID, pipeline, step, word_count

THREE = pipeline(
    step("a"), step("b", after=("a",)), step("c", after=("b",)), step("cleanup", Kind.CLEANUP, after=("c",))
)
AFTER_LEASE = LEASE.total_seconds() + 1


@pytest.fixture
def harness() -> Iterator[Harness]:
    """A fresh ledger and Batch."""
    with dynamodb() as client:
        yield Harness(client)


def run_of(graph: CompiledPipeline) -> Run:
    """Return a run that has not begun."""
    return Run(
        run_id=RUN_ID,
        pipeline=graph,
        trigger={"kind": "s3-upload"},
        created_at="2026-01-01T00:00:00.000+00:00",
    )


def planned(harness: Harness, items: int = 5) -> Planned:
    """Return what the plan of a begun run announces."""
    job_id = str(recorded(harness).steps["split"].job_id)
    return Planned(run=RUN_ID, step="split", generation=0, job_id=job_id, items=items, manifest="m")


def recorded(harness: Harness) -> Run:
    """Return the run as the ledger has it."""
    run = harness.ledger.load(RUN_ID)
    assert run is not None
    return run


def all_end(harness: Harness, advancer: Advancer) -> None:
    """Let every submitted job succeed, and record it."""
    for name, record in recorded(harness).steps.items():
        if record.state is StepState.SUBMITTED:
            harness.ledger.record_end(RUN_ID, name, StepState.SUCCEEDED, job_id=record.job_id)
    advancer.advance(RUN_ID)


def test_a_run_goes_from_its_start_to_its_end(harness: Harness) -> None:
    """Plan, then everything else in one go, then success; SubmitJob calls are steps."""
    advancer = harness.advancer()
    assert advancer.start(run_of(word_count()))
    assert harness.batch.names() == ["split"]
    harness.ledger.record_plan(planned(harness))
    assert advancer.advance(RUN_ID)
    assert harness.batch.names() == ["cleanup", "count", "merge", "rank", "split"]
    assert recorded(harness).state is RunState.RUNNING
    all_end(harness, advancer)
    assert (recorded(harness).state, harness.ends, harness.notified) == (
        RunState.SUCCEEDED,
        [RunState.SUCCEEDED],
        [],
    )
    assert list(harness.ledger.unfinished("2030")) == []


def test_the_same_start_twice_is_one_run(harness: Harness) -> None:
    """The second gets that answer, and submits nothing."""
    assert [harness.advancer().start(run_of(THREE)) for _ in range(3)] == [True, False, False]
    assert harness.batch.names() == ["a", "b", "c", "cleanup"]


def test_advancing_again_submits_nothing(harness: Harness) -> None:
    """Events come twice."""
    harness.advancer().start(run_of(THREE))
    for _ in range(3):
        harness.advancer().advance(RUN_ID)
    assert len(harness.batch.jobs) == 4


def test_a_run_that_the_ledger_does_not_know_is_told_so(harness: Harness) -> None:
    """Nothing is made of it."""
    assert harness.advancer().advance("words-" + "z" * 20) is False


def test_no_items_end_in_success_with_what_follows_run(harness: Harness) -> None:
    """The arrays are empty, merge and cleanup are jobs."""
    advancer = harness.advancer()
    advancer.start(run_of(word_count()))
    harness.ledger.record_plan(planned(harness, items=0))
    advancer.advance(RUN_ID)
    assert harness.batch.names() == ["cleanup", "merge", "split"]
    assert recorded(harness).steps["rank"].state is StepState.EMPTY
    all_end(harness, advancer)
    assert recorded(harness).state is RunState.SUCCEEDED


def test_concurrent_advances_submit_each_step_once(harness: Harness) -> None:
    """Eight Lambdas at once, before and behind the plan."""
    harness.advancer().start(run_of(word_count()))
    harness.ledger.record_plan(planned(harness))
    barrier = threading.Barrier(8)

    def advance() -> None:
        barrier.wait(10)
        with suppress(UnsettledError):
            harness.advancer().advance(RUN_ID)

    threads = [threading.Thread(target=advance) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert harness.batch.names() == ["cleanup", "count", "merge", "rank", "split"]


def test_more_steps_than_a_transaction_holds_are_submitted_once_each(harness: Harness) -> None:
    """DynamoDB writes at most 100 items together; 120 steps are two rounds."""
    graph = pipeline(
        *(step(f"s{number}", after=(f"s{number - 1}",) if number else ()) for number in range(120))
    )
    assert harness.advancer().start(run_of(graph))
    harness.advancer().advance(RUN_ID)
    assert len(harness.batch.jobs) == 120
    assert all(record.state is StepState.SUBMITTED for record in recorded(harness).steps.values())


def test_a_refusal_fails_the_run_with_its_reason(harness: Harness) -> None:
    """The reason is recorded, an alert is sent, and nothing more is submitted."""
    message = "User: role is not authorized to perform: batch:SubmitJob on resource: b-definition"
    harness.batch.answers = [
        ("before", refused("ThrottlingException")),
        ("before", refused("ClientException", message, 400)),
    ]
    harness.advancer().start(run_of(THREE))
    run = recorded(harness)
    assert (run.state, run.failed_step, harness.batch.names()) == (RunState.FAILED, "a", [])
    assert "batch:SubmitJob" in str(run.steps["a"].reason)
    assert harness.notified == [RunFailed(run=RUN_ID, step="a")]
    harness.later(AFTER_LEASE)
    harness.advancer().advance(RUN_ID)
    assert harness.batch.names() == []


def test_a_refused_cleanup_does_not_fail_the_run(harness: Harness) -> None:
    """It is recorded; the bucket's lifecycle does the rest."""
    harness.batch.answers = [("before", refused("TooManyRequestsException", status=429))] * 3
    graph = pipeline(step("a"), step("cleanup", Kind.CLEANUP, after=("a",)))
    submit = harness.batch.submit_job
    harness.batch.submit_job = lambda **request: _refuse_cleanup(submit, **request)  # type: ignore[method-assign]
    advancer = harness.advancer()
    advancer.start(run_of(graph))
    assert recorded(harness).state is RunState.RUNNING
    assert "ClientException" in str(recorded(harness).steps["cleanup"].reason)
    all_end(harness, advancer)
    assert recorded(harness).state is RunState.SUCCEEDED


def _refuse_cleanup(submit: Callable[..., dict[str, str]], **request: object) -> dict[str, str]:
    if "_cleanup_" in str(request["jobName"]):
        raise refused("ClientException", status=400)
    return submit(**request)


def test_a_throttled_submission_is_repeated_at_once(harness: Harness) -> None:
    """Throttling is a definite answer: nothing happened."""
    harness.batch.answers = [
        ("before", refused(code, status=429)) for code in ("TooManyRequestsException", "ThrottlingException")
    ]
    harness.advancer().start(run_of(THREE))
    assert harness.batch.names() == ["a", "b", "c", "cleanup"]


UNKNOWN = [
    refused("InternalError", status=500),
    refused("ServiceUnavailable", status=503),
    ReadTimeoutError(endpoint_url="https://batch"),
]


@pytest.mark.parametrize("error", UNKNOWN, ids=["500", "503", "time-out"])
def test_an_answer_that_is_lost_is_found_by_its_owner(harness: Harness, error: Exception) -> None:
    """It looks the job up by its name, and goes on."""
    harness.batch.answers = [("after", error)]
    harness.advancer().start(run_of(THREE))
    assert harness.batch.names() == ["a", "b", "c", "cleanup"]
    assert {record.job_id for record in recorded(harness).steps.values()} == set(harness.batch.jobs)


def test_a_submission_without_an_answer_is_repeated_after_its_lease(harness: Harness) -> None:
    """That no job is found proves nothing while its owner may still be at work."""
    harness.batch.answers = [("before", UNKNOWN[2])]
    with pytest.raises(UnsettledError):
        harness.advancer().start(run_of(THREE))
    assert recorded(harness).steps["a"].state is StepState.CLAIMED
    harness.later(10)
    harness.advancer().advance(RUN_ID)
    assert harness.batch.jobs == {}, "nothing may be submitted while the claim is young"
    harness.later(AFTER_LEASE)
    harness.advancer().advance(RUN_ID)
    assert harness.batch.names() == ["a", "b", "c", "cleanup"]
    assert {record.job_id for record in recorded(harness).steps.values()} == set(harness.batch.jobs)


@pytest.mark.parametrize("error", UNKNOWN[:2], ids=["500", "503"])
def test_a_submission_that_aws_batch_failed_is_handed_back(harness: Harness, error: Exception) -> None:
    """No lease has to be waited for."""
    harness.batch.answers = [("before", error)]
    with pytest.raises(UnsettledError):
        harness.advancer().start(run_of(THREE))
    assert harness.batch.jobs == {}
    harness.advancer().advance(RUN_ID)
    assert harness.batch.names() == ["a", "b", "c", "cleanup"]


def test_a_command_that_may_have_been_submitted_is_not_handed_back(harness: Harness) -> None:
    """It does not ask whether it is registered, so it would run twice, should there be a job after all."""
    harness.batch.answers = [("before", UNKNOWN[0])]
    with pytest.raises(UnsettledError):
        harness.advancer().start(run_of(pipeline(replace(step("a"), returns=False))))
    assert not recorded(harness).steps["a"].handed_back


def lost(harness: Harness, graph: CompiledPipeline = THREE) -> None:
    """Begin a run whose first job is submitted, has no answer, and is not listed for some time."""
    harness.batch.answers = [("after", UNKNOWN[2])]
    harness.batch.pages = [{"jobSummaryList": []} for _ in LOOK_UP_SECONDS]
    with pytest.raises(UnsettledError):
        harness.advancer().start(run_of(graph))


GAVE_UP = [
    {"status": "FAILED"},
    {"status": "PENDING", "arrayProperties": {"size": 5, "statusSummary": {"FAILED": 1, "RUNNING": 4}}},
]


@pytest.mark.parametrize("gave_up", GAVE_UP, ids=["a job", "a child"])
def test_a_job_that_gave_up_without_a_name_is_submitted_again(
    harness: Harness, gave_up: dict[str, object]
) -> None:
    """It has done nothing, for it asks for its name first; the ledger names the second one."""
    lost(harness)
    [first] = harness.batch.jobs
    harness.batch.jobs[first] |= gave_up
    harness.later(AFTER_LEASE)
    harness.advancer().advance(RUN_ID)
    assert harness.batch.names() == ["a", "a", "b", "c", "cleanup"]
    assert recorded(harness).steps["a"].job_id not in (None, first)


def test_a_command_that_failed_without_a_name_is_not_run_again(harness: Harness) -> None:
    """It checks no registration before it begins, so it may have done anything: it is the step's job."""
    lost(harness, pipeline(replace(step("a"), returns=False)))
    [job] = harness.batch.jobs
    harness.batch.jobs[job]["status"] = "FAILED"
    harness.later(AFTER_LEASE)
    harness.advancer().advance(RUN_ID)
    assert recorded(harness).steps["a"].job_id == job


def test_a_run_does_not_end_before_its_cleanup_has_a_job(harness: Harness) -> None:
    """No process looks after the claims of a run that has ended."""
    graph = pipeline(step("a"), step("cleanup", Kind.CLEANUP, after=("a",)))
    submit, harness.batch.submit_job = harness.batch.submit_job, _lose_cleanup(harness.batch.submit_job)  # type: ignore[method-assign]
    with pytest.raises(UnsettledError):
        harness.advancer().start(run_of(graph))
    harness.batch.submit_job = submit  # type: ignore[method-assign]
    harness.ledger.record_end(RUN_ID, "a", StepState.SUCCEEDED, job_id=recorded(harness).steps["a"].job_id)
    with pytest.raises(UnsettledError):
        harness.advancer().advance(RUN_ID)
    harness.later(AFTER_LEASE)
    harness.advancer().advance(RUN_ID)
    assert (recorded(harness).state, harness.batch.names()) == (RunState.SUCCEEDED, ["a", "cleanup"])


def test_a_run_ends_at_once_when_its_cleanup_gets_its_job_meanwhile(harness: Harness) -> None:
    """Its only step ended faster than the invocation that began the run could write which job its cleanup
    is.
    """
    harness.batch.submit_job = _lose_cleanup(harness.batch.submit_job)  # type: ignore[method-assign]
    with pytest.raises(UnsettledError):
        harness.advancer().start(run_of(pipeline(step("a"), step("cleanup", Kind.CLEANUP, after=("a",)))))
    harness.ledger.record_end(RUN_ID, "a", StepState.SUCCEEDED, job_id=recorded(harness).steps["a"].job_id)

    def register(_: float) -> None:
        harness.ledger.record_submitted(RUN_ID, {"cleanup": "the job that was being submitted"})

    replace(harness.advancer(), sleep=register).advance(RUN_ID)
    assert recorded(harness).state is RunState.SUCCEEDED


def _lose_cleanup(submit: Callable[..., dict[str, str]]) -> Callable[..., dict[str, str]]:
    def lose(**request: object) -> dict[str, str]:
        if "_cleanup_" in str(request["jobName"]):
            raise UNKNOWN[2]
        return submit(**request)

    return lose


def test_a_look_up_reads_on_behind_an_empty_page(harness: Harness) -> None:
    """A filtered listing may have the job on a later page."""
    lost(harness)
    harness.batch.pages = [{"jobSummaryList": [], "nextToken": "more"}]
    harness.later(AFTER_LEASE)
    harness.advancer().advance(RUN_ID)
    assert harness.batch.names() == ["a", "b", "c", "cleanup"]


def _advance_all(harness: Harness, crashing: CrashingClient | None) -> None:
    """Do what the Lambdas do from a run's start to its end, as far as the ledger says that it is due."""
    advancer = harness.advancer(crashing)
    advancer.start(run_of(word_count()))
    run = recorded(harness)
    if run.steps["split"].job_id and not run.steps["split"].planned:
        harness.ledger.record_plan(planned(harness))
    advancer.advance(RUN_ID)
    if all(record.state is not StepState.CLAIMED for record in recorded(harness).steps.values()):
        all_end(harness, advancer)


def _calls_of_a_run() -> list[str]:
    crashing = CrashingClient(10_000)
    _advance_all(Harness(in_memory()), crashing)
    return crashing.calls


CALLS = _calls_of_a_run()


@pytest.mark.parametrize(
    "number", range(1, len(CALLS) + 1), ids=[f"{number}-{name}" for number, name in enumerate(CALLS, 1)]
)
def test_a_lambda_that_dies_at_any_call_leaves_one_job_a_step(number: int) -> None:
    """Every AWS call of a whole run is a case: it takes effect, its answer is lost, and the process is
    gone.
    """
    harness = Harness(in_memory())
    with pytest.raises(CrashedError):
        _advance_all(harness, CrashingClient(number))
    for _ in range(4):
        harness.later(AFTER_LEASE)
        with suppress(UnsettledError):
            _advance_all(harness, None)
    assert harness.batch.names() == ["cleanup", "count", "merge", "rank", "split"]
    assert recorded(harness).state is RunState.SUCCEEDED
    assert {record.job_id for record in recorded(harness).steps.values()} == set(harness.batch.jobs)


def test_the_enumerated_calls_are_those_of_a_whole_run() -> None:
    """Five submissions, and few calls of the ledger beside them."""
    assert CALLS.count("submit_job") == 5
    assert len(CALLS) <= 20, CALLS


def test_a_failure_is_told_again_when_its_teller_died_before_it_was_recorded(harness: Harness) -> None:
    """The alert is deduplicated; a failure without an alert is worse."""
    harness.advancer().start(run_of(THREE))
    harness.ledger.record_end(
        RUN_ID, "a", StepState.FAILED, job_id=recorded(harness).steps["a"].job_id, reason="exit code 1"
    )
    with pytest.raises(CrashedError):
        harness.advancer(CrashingClient(2)).advance(RUN_ID)
    harness.advancer().advance(RUN_ID)
    assert harness.notified == [RunFailed(run=RUN_ID, step="a")] * 2
    assert (recorded(harness).state, recorded(harness).failed_step) == (RunState.FAILED, "a")


def test_a_step_whose_queue_is_gone_fails_its_run_with_the_reason(harness: Harness) -> None:
    """A deploy took the queue away while its claim was open: nothing is looked for there, and the run says
    what is missing.
    """
    assert harness.ledger.start(run_of(THREE), decide(THREE, {}).submissions)
    harness.later(AFTER_LEASE)
    without = replace(harness.advancer(), queues={"urgent": QUEUES["urgent"]})
    without.advance(RUN_ID)
    run = recorded(harness)
    assert (run.state, run.failed_step, harness.batch.names()) == (RunState.FAILED, "a", [])
    assert "one of urgent, found 'normal'" in (run.steps["a"].reason or "")
