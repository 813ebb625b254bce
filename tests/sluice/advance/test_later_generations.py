"""What failed of a run is submitted again in the same run, once, whatever dies meanwhile; what is late
touches no other generation.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from sluice.advance.lease import LEASE
from sluice.errors import UnsettledError
from sluice.ledger import records as items
from sluice.messages import Planned, RunFailed
from sluice.run.compiled import CompiledPipeline, Kind
from sluice.run.state import Run, RunState, StepState
from sluice.run.submission import Submission
from tests.sluice.clouds import TABLE, CrashedError, CrashingClient, Harness, dynamodb, in_memory, refused
from tests.sluice.graphs import RUN_ID, pipeline, step

AFTER_LEASE = LEASE.total_seconds() + 1
COUNT = step("count", Kind.ARRAY, size=5)
RANK = step("rank", Kind.ARRAY, each="count", size=5)
MERGE, CLEANUP = step("merge", after=("rank",)), step("cleanup", Kind.CLEANUP, after=("merge",))
STRICT = pipeline(COUNT, RANK, MERGE, CLEANUP)
FORGIVING = pipeline(replace(COUNT, times=1), RANK, MERGE, CLEANUP)


@pytest.fixture
def harness() -> Iterator[Harness]:
    """A fresh ledger and Batch."""
    with dynamodb() as client:
        yield Harness(client)


def begin(harness: Harness, graph: CompiledPipeline) -> None:
    """Begin a run, all of whose steps have jobs then."""
    harness.advancer().start(
        Run(run_id=RUN_ID, pipeline=graph, trigger={}, created_at="2026-01-01T00:00:00.000+00:00")
    )


def run_of(harness: Harness) -> Run:
    """Return the run as the ledger has it."""
    run = harness.ledger.load(RUN_ID)
    assert run is not None
    return run


def job_of(harness: Harness, name: str) -> str:
    """Return the job that the ledger names for a step."""
    return str(run_of(harness).steps[name].job_id)


def fail(harness: Harness, name: str, *failed: int) -> bool:
    """Let a step's job end with these of its children failed, and record it."""
    record = run_of(harness).steps[name]
    succeeded = [child for child in range(record.size) if child not in failed]
    if record.size > 1:
        harness.batch.children[str(record.job_id)] = {"FAILED": list(failed), "SUCCEEDED": succeeded}
    told: dict[str, Any] = {"generation": record.generation, "job_id": record.job_id, "reason": "it broke"}
    return harness.ledger.record_end(
        RUN_ID, name, StepState.FAILED, succeeded=len(succeeded) if record.size > 1 else None, **told
    )


def succeed(harness: Harness, *names: str) -> None:
    """Let jobs succeed, and record it."""
    for name in names:
        record = run_of(harness).steps[name]
        assert harness.ledger.record_end(
            RUN_ID, name, StepState.SUCCEEDED, generation=record.generation, job_id=record.job_id
        )


def fail_two_of_five(harness: Harness) -> None:
    """Let children 1 and 3 of count fail, and with them what stands behind."""
    fail(harness, "count", 1, 3)
    fail(harness, "rank", 1, 3)
    fail(harness, "merge", 0)
    fail(harness, "cleanup", 0)


def test_only_the_failed_children_run_again_and_what_stands_behind_them(harness: Harness) -> None:
    """Two of five, child by child behind each other; merge and cleanup behind those; no alert is sent of a
    failure.
    """
    begin(harness, FORGIVING)
    fail_two_of_five(harness)
    harness.advancer().advance(RUN_ID)
    again = {
        job["jobName"].removeprefix(f"{RUN_ID}_"): job
        for job in harness.batch.jobs.values()
        if job["jobName"].endswith("_1")
    }
    assert list(again) == ["count_1", "rank_1", "merge_1", "cleanup_1"]
    assert again["count_1"]["arrayProperties"] == {"size": 2}
    assert again["count_1"]["jobDefinition"] == "count-definition:1"
    assert again["rank_1"]["dependsOn"] == [{"jobId": again["count_1"]["jobId"], "type": "N_TO_N"}]
    assert again["merge_1"]["dependsOn"] == [{"jobId": again["rank_1"]["jobId"]}]
    assert [run_of(harness).steps[name].indexes for name in ("count", "rank")] == [(1, 3), (1, 3)]
    assert [run_of(harness).steps[name].spec.tries for name in ("count", "rank", "merge")] == [1, 0, 0]
    succeed(harness, "count", "rank", "merge", "cleanup")
    harness.advancer().advance(RUN_ID)
    assert (run_of(harness).state, harness.notified) == (RunState.SUCCEEDED, [])


def test_a_single_failed_child_is_a_plain_job(harness: Harness) -> None:
    """An array has at least two children; N_TO_N needs two arrays."""
    begin(harness, FORGIVING)
    fail(harness, "count", 4)
    fail(harness, "rank", 4)
    harness.advancer().advance(RUN_ID)
    count, rank = (harness.batch.jobs[job_of(harness, name)] for name in ("count", "rank"))
    assert "arrayProperties" not in count
    assert "arrayProperties" not in rank
    assert rank["dependsOn"] == [{"jobId": count["jobId"]}]
    assert run_of(harness).steps["rank"].indexes == (4,)


def test_a_step_behind_runs_again_only_when_its_own_end_is_told(harness: Harness) -> None:
    """Its old job may still live: child 0 of rank works on while child 1 of count has failed."""
    begin(harness, FORGIVING)
    fail(harness, "count", 1)
    harness.advancer().advance(RUN_ID)
    assert run_of(harness).steps["count"].generation == 1
    assert run_of(harness).steps["rank"].generation == 0
    fail(harness, "merge", 0)
    harness.advancer().advance(RUN_ID)
    assert run_of(harness).steps["merge"].generation == 0, "its parent's job is going to fail"
    fail(harness, "rank", 1, 2)
    harness.advancer().advance(RUN_ID)
    assert [run_of(harness).steps[name].generation for name in ("rank", "merge")] == [1, 1]
    # Child 2 of rank failed by itself: not the children of count, so not child by child.
    assert harness.batch.jobs[job_of(harness, "rank")]["dependsOn"] == [{"jobId": job_of(harness, "count")}]


def test_a_step_that_fails_more_often_than_it_may_fails_the_run(harness: Harness) -> None:
    """One alert is sent, of the generation that failed last."""
    begin(harness, FORGIVING)
    fail_two_of_five(harness)
    harness.advancer().advance(RUN_ID)
    fail(harness, "count", 0)
    harness.advancer().advance(RUN_ID)
    assert (run_of(harness).state, run_of(harness).failed_step) == (RunState.FAILED, "count")
    assert harness.notified == [RunFailed(run=RUN_ID, step="count", generation=1)]
    assert run_of(harness).steps["count"].failed_indexes is None, "nothing has asked for it"


def test_what_comes_late_touches_no_later_generation(harness: Harness) -> None:
    """An end, a plan's announcement, a recorded job and a takeover of generation 0 find generation 1 in their
    place.
    """
    begin(harness, pipeline(step("split", Kind.PLAN), step("count", Kind.ARRAY, items_of="split")))
    old = run_of(harness).steps["split"]
    harness.ledger.record_end(RUN_ID, "split", StepState.FAILED, job_id=old.job_id)
    harness.advancer().advance(RUN_ID)
    assert harness.ledger.reopen(run_of(harness))
    with suppress(CrashedError):
        harness.advancer(CrashingClient(2)).advance(RUN_ID)  # Dies behind the claim.
    claimed = run_of(harness).steps["split"]
    assert (claimed.state, claimed.generation, claimed.job_id) == (StepState.CLAIMED, 1, None)
    assert not harness.ledger.record_end(RUN_ID, "split", StepState.SUCCEEDED, job_id=old.job_id)
    assert not harness.ledger.record_plan(
        Planned(run=RUN_ID, step="split", generation=0, job_id=str(old.job_id), items=3, manifest="m")
    )
    harness.ledger.record_submitted(RUN_ID, {"split": str(old.job_id)})
    assert not harness.ledger.renew_claim(RUN_ID, replace(claimed, generation=0), "2027")
    assert not harness.ledger.record_failed_children(RUN_ID, replace(old, state=StepState.FAILED), "0")
    assert run_of(harness).steps["split"] == claimed


def test_a_run_that_failed_goes_on_when_it_is_reopened(harness: Harness) -> None:
    """One more try for what failed, once; who reopens what somebody reopened gets that answer."""
    begin(harness, STRICT)
    fail_two_of_five(harness)
    harness.advancer().advance(RUN_ID)
    before = run_of(harness)
    assert (before.state, harness.notified) == (RunState.FAILED, [RunFailed(run=RUN_ID, step="count")])
    assert [harness.ledger.reopen(before), harness.ledger.reopen(before)] == [True, False]
    assert list(harness.ledger.unfinished("2030")) == [RUN_ID], "the sweep finds it"
    harness.advancer().advance(RUN_ID)
    assert [record.generation for record in run_of(harness).steps.values()] == [1, 1, 1, 1]
    fail(harness, "count", 1)
    harness.advancer().advance(RUN_ID)
    assert run_of(harness).state is RunState.FAILED
    assert harness.notified[1:] == [RunFailed(run=RUN_ID, step="count", generation=1)]
    fail(harness, "rank", 1)
    fail(harness, "merge", 0)
    fail(harness, "cleanup", 0)  # as Batch does: what it waited for failed
    assert harness.ledger.reopen(run_of(harness))
    harness.advancer().advance(RUN_ID)
    assert run_of(harness).steps["count"].indexes == (3,), "child 1 of two is child 3 of five"
    succeed(harness, "count", "rank", "merge")
    harness.advancer().advance(RUN_ID)
    assert run_of(harness).state is RunState.SUCCEEDED


def test_a_decision_from_before_a_run_was_reopened_does_not_end_it(harness: Harness) -> None:
    """A Lambda that looked before, and records the end only now, is refused."""
    begin(harness, STRICT)
    fail(harness, "count", 1)
    harness.advancer().advance(RUN_ID)
    assert harness.ledger.reopen(run_of(harness))
    assert not harness.ledger.finish(RUN_ID, RunState.FAILED, "2026", "count", reopened=0)
    assert harness.ledger.finish(RUN_ID, RunState.FAILED, "2026", "count", reopened=1)


def test_a_listing_that_is_not_whole_runs_all_children_again(harness: Harness) -> None:
    """No failed child is left out; those that had finished skip their items."""
    begin(harness, FORGIVING)
    fail(harness, "count", 1, 3)
    harness.batch.children[job_of(harness, "count")] = {"FAILED": [1], "SUCCEEDED": [0, 2, 4]}
    harness.advancer().advance(RUN_ID)
    assert run_of(harness).steps["count"].indexes == (0, 1, 2, 3, 4)


def test_a_job_that_aws_has_forgotten_runs_again_as_a_whole(harness: Harness) -> None:
    """A run may be reopened weeks later."""
    begin(harness, FORGIVING)
    fail(harness, "count", 1, 3)
    harness.batch.children.clear()
    harness.advancer().advance(RUN_ID)
    assert run_of(harness).steps["count"].indexes == (0, 1, 2, 3, 4)


def test_a_refused_submission_may_run_again_too(harness: Harness) -> None:
    """It failed by itself, whatever becomes of what it waits for."""
    harness.batch.answers = [("before", refused("ClientException", status=400))]
    begin(harness, FORGIVING)
    assert (run_of(harness).state, run_of(harness).steps["count"].generation) == (RunState.RUNNING, 1)
    assert harness.batch.names() == ["count"]
    harness.later(AFTER_LEASE)
    harness.advancer().advance(RUN_ID)
    assert harness.batch.names() == ["cleanup", "count", "merge", "rank"]


def failed_run(harness: Harness, *ended: str) -> None:
    """Let a run fail at its array, with these of the steps behind it reported."""
    begin(harness, STRICT)
    fail(harness, "count", 1)
    for name in ended:
        fail(harness, name, 0)
    harness.advancer().advance(RUN_ID)
    assert run_of(harness).state is RunState.FAILED


DUE = "2026-01-08"


def test_what_a_failed_run_left_is_removed_when_its_days_are_over(harness: Harness) -> None:
    """Seven days later the sweep finds it, without a scan, and submits the cleanup once, which waits for
    nothing.
    """
    failed_run(harness, "rank", "merge", "cleanup")
    assert list(harness.ledger.unfinished("2030")) == []
    assert (list(harness.ledger.cleanup_due("2026-01-07")), list(harness.ledger.cleanup_due(DUE))) == (
        [],
        [RUN_ID],
    )
    assert [harness.advancer().clean_up(RUN_ID), harness.advancer().clean_up(RUN_ID)] == [True, False]
    job = harness.batch.jobs[job_of(harness, "cleanup")]
    assert (job["jobName"], "dependsOn" in job) == (f"{RUN_ID}_cleanup_1", False)
    assert (run_of(harness).state, run_of(harness).cleaned, list(harness.ledger.cleanup_due(DUE))) == (
        RunState.FAILED,
        True,
        [],
    )
    assert not harness.ledger.reopen(run_of(harness)), "what the finished children left is gone"


def test_a_failed_run_whose_cleanup_was_only_claimed_is_cleaned(harness: Harness) -> None:
    """Its owner died, and a failed run's claims are nobody's: it becomes the next generation, once."""
    failed_run(harness, "rank", "merge", "cleanup")
    claimed = replace(run_of(harness).steps["cleanup"], state=StepState.CLAIMED)
    key = items.step_key(RUN_ID, "cleanup")
    harness.client.delete_item(TableName=TABLE, Key=key)
    harness.client.put_item(TableName=TABLE, Item=items.step_item(RUN_ID, claimed))
    assert run_of(harness).steps["cleanup"].state is StepState.CLAIMED
    assert [harness.advancer().clean_up(RUN_ID), harness.advancer().clean_up(RUN_ID)] == [True, False]
    assert harness.batch.jobs[job_of(harness, "cleanup")]["jobName"] == f"{RUN_ID}_cleanup_1"


def test_a_reopened_run_is_not_cleaned(harness: Harness) -> None:
    """A sweep that found it before is refused."""
    failed_run(harness, "rank", "merge", "cleanup")
    assert harness.ledger.reopen(run_of(harness))
    assert list(harness.ledger.cleanup_due(DUE)) == []
    assert not harness.advancer().clean_up(RUN_ID)
    assert run_of(harness).state is RunState.RUNNING


def test_nothing_is_removed_under_a_live_job(harness: Harness) -> None:
    """A failed run may have jobs on other ways; it is found again on the days behind."""
    failed_run(harness, "cleanup")
    assert not harness.advancer().clean_up(RUN_ID)
    assert list(harness.ledger.cleanup_due(DUE)) == [RUN_ID]


def test_a_run_that_failed_at_its_first_step_is_cleaned_as_well(harness: Harness) -> None:
    """Its cleanup was never submitted."""
    count = step("count", Kind.ARRAY, items_of="split")
    begin(harness, pipeline(step("split", Kind.PLAN), count, step("cleanup", Kind.CLEANUP, after=("count",))))
    fail(harness, "split", 0)
    harness.advancer().advance(RUN_ID)
    assert harness.advancer().clean_up(RUN_ID)
    assert harness.batch.names() == ["cleanup", "split"]


def test_a_failed_run_that_waits_for_its_cleanup_stays_failed(harness: Harness) -> None:
    """Cancelling it, ending it again or claiming something of it is refused."""
    failed_run(harness)
    assert not harness.ledger.finish(RUN_ID, RunState.CANCELLED, "2026")
    assert not harness.ledger.record_failed_step(RUN_ID, "merge")
    assert not harness.ledger.claim(RUN_ID, [Submission(step("more"), 1)], "2026-01-01T00:00:00.000+00:00")
    assert run_of(harness).state is RunState.FAILED


HOST_LOST = "Host EC2 (instance i-1) terminated."
WANDERING = pipeline(replace(COUNT, times=1, reclaimed=2), RANK)


def reclaimed(harness: Harness, name: str, child: int, attempts: int, *, last: str = HOST_LOST) -> None:
    """Say of a failed child how many of its attempts lost their machines."""
    record = run_of(harness).steps[name]
    job_id = f"{record.job_id}:{record.indexes.index(child)}" if record.size > 1 else str(record.job_id)
    harness.batch.details[job_id] = {
        "statusReason": last,
        "attempts": [{"statusReason": HOST_LOST}] * attempts,
    }


def test_children_that_lost_their_machines_move_to_steady_and_only_they(harness: Harness) -> None:
    """Child 1 moves; child 3 failed by itself and is carried to the generation behind, which uses up the one
    try.
    """
    begin(harness, WANDERING)
    fail(harness, "count", 1, 3, 4)
    reclaimed(harness, "count", 1, 2)
    reclaimed(harness, "count", 3, 2, last="Essential container in task exited")
    reclaimed(harness, "count", 4, 1)
    fail(harness, "rank", 1, 3, 4)
    harness.advancer().advance(RUN_ID)
    count = run_of(harness).steps["count"]
    assert (count.indexes, count.spec.deferred_children, count.spec.queue, count.spec.tries) == (
        (1,),
        "3-4",
        "steady",
        0,
    )
    assert harness.batch.jobs[str(count.job_id)]["jobQueue"].endswith("steady")
    assert run_of(harness).steps["rank"].generation == 0, "nothing may stand behind a part"
    succeed(harness, "count")
    harness.advancer().advance(RUN_ID)
    count = run_of(harness).steps["count"]
    assert (count.indexes, count.spec.deferred_children, count.spec.queue, count.spec.tries) == (
        (3, 4),
        None,
        None,
        1,
    )
    assert harness.batch.jobs[str(count.job_id)]["jobQueue"].endswith("normal")
    assert run_of(harness).steps["rank"].indexes == (1, 3, 4)
    succeed(harness, "count", "rank")
    harness.advancer().advance(RUN_ID)
    assert run_of(harness).state is RunState.SUCCEEDED


def test_a_move_uses_up_no_try_and_happens_once_for_a_generation(harness: Harness) -> None:
    """What fails on machines that are not taken back failed by itself."""
    begin(harness, WANDERING)
    fail(harness, "count", 0, 1)
    for child in (0, 1):
        reclaimed(harness, "count", child, 3)
    harness.advancer().advance(RUN_ID)
    assert run_of(harness).steps["count"].spec.deferred_children is None
    fail(harness, "count", 1)
    harness.advancer().advance(RUN_ID)
    count = run_of(harness).steps["count"]
    assert (count.generation, count.indexes, count.spec.queue, count.spec.tries) == (2, (1,), None, 1)
    fail(harness, "count", 0)
    reclaimed(harness, "count", 1, 1)
    harness.advancer().advance(RUN_ID)
    assert (run_of(harness).state, run_of(harness).steps["count"].reclaimed_children or "") == (
        RunState.FAILED,
        "",
    )


def test_a_claim_on_steady_is_looked_up_there(harness: Harness) -> None:
    """Its job is found in the queue that it was submitted to."""
    begin(harness, WANDERING)
    fail(harness, "count", 1)
    reclaimed(harness, "count", 1, 2)
    harness.batch.answers = [("after", refused("InternalError", status=500))]
    harness.advancer().advance(RUN_ID)
    assert run_of(harness).steps["count"].state is StepState.SUBMITTED
    assert [
        job["jobQueue"].endswith("steady")
        for job in harness.batch.jobs.values()
        if job["jobName"].endswith("count_1")
    ] == [True]


def _whole_run(harness: Harness, crashing: CrashingClient | None) -> None:
    """Do what the Lambdas do for a run whose first generation fails, as far as the ledger says that it is
    due.
    """
    advancer = harness.advancer(crashing)
    advancer.start(
        Run(run_id=RUN_ID, pipeline=FORGIVING, trigger={}, created_at="2026-01-01T00:00:00.000+00:00")
    )
    for name, record in run_of(harness).steps.items():
        if record.state is StepState.SUBMITTED and record.generation == 0:
            fail(harness, name, *((1, 3) if record.size > 1 else (0,)))
    advancer.advance(RUN_ID)
    for name, record in run_of(harness).steps.items():
        if record.state is StepState.SUBMITTED and record.generation == 1:
            succeed(harness, name)
    advancer.advance(RUN_ID)


def _calls() -> list[str]:
    crashing = CrashingClient(10_000)
    _whole_run(Harness(in_memory()), crashing)
    return crashing.calls


CALLS = _calls()


@pytest.mark.parametrize(
    "number", range(1, len(CALLS) + 1), ids=[f"{number}-{name}" for number, name in enumerate(CALLS, 1)]
)
def test_a_lambda_that_dies_at_any_call_leaves_one_job_a_generation(number: int) -> None:
    """Every AWS call on the way of a run that fails and is mended is a case."""
    harness = Harness(in_memory())
    with pytest.raises(CrashedError):
        _whole_run(harness, CrashingClient(number))
    for _ in range(6):
        harness.later(AFTER_LEASE)
        with suppress(UnsettledError):
            _whole_run(harness, None)
    names = sorted(job["jobName"].removeprefix(f"{RUN_ID}_") for job in harness.batch.jobs.values())
    assert len(names) == len(set(names)), names
    assert run_of(harness).state is RunState.SUCCEEDED
    assert {name.rsplit("_")[0] for name in names} == {"count", "rank", "merge", "cleanup"}
    assert not harness.notified


def test_a_claim_behind_what_will_not_run_again_does_not_keep_a_failed_run_open(harness: Harness) -> None:
    """It fails for certain, so what failed is not tried again; what always runs was claimed behind that by a
    Lambda that died.
    """
    last = step("last", after=("first",), always=("side",))
    begin(
        harness,
        pipeline(step("side"), step("first", times=1), last, step("cleanup", Kind.CLEANUP, after=("last",))),
    )
    fail(harness, "side")
    assert harness.ledger.claim(RUN_ID, [Submission(last, 1)], run_of(harness).created_at)
    fail(harness, "first")
    harness.later(AFTER_LEASE)
    harness.advancer().advance(RUN_ID)
    run = run_of(harness)
    assert (run.state, run.failed_step) == (RunState.FAILED, "side")
    assert (run.steps["last"].state, run.steps["last"].reason) == (
        StepState.FAILED,
        "never submitted, because first failed",
    )
    assert run.steps["first"].generation == 0


def test_what_waits_for_a_job_that_gave_up_is_not_taken(harness: Harness) -> None:
    """A Lambda submitted all and died. One job had given up when it was looked for; others that wait for it
    had not failed yet: they would, so they become later generations, which use up no tries.
    """
    begun = Run(run_id=RUN_ID, pipeline=STRICT, trigger={}, created_at="2026-01-01T00:00:00.000+00:00")
    with suppress(CrashedError):
        harness.advancer(CrashingClient(6)).start(begun)
    assert harness.batch.names() == ["cleanup", "count", "merge", "rank"]
    jobs = {job["jobName"].split("_")[1]: job for job in harness.batch.jobs.values()}
    jobs["rank"]["arrayProperties"] |= {"statusSummary": {"FAILED": 1}}
    harness.later(AFTER_LEASE)
    harness.advancer().advance(RUN_ID)
    record = run_of(harness).steps["rank"]
    assert (record.generation, record.indexes, record.spec.tries) == (1, tuple(range(5)), 0)
    assert job_of(harness, "count") == jobs["count"]["jobId"]
    steps = run_of(harness).steps
    assert {(steps[name].generation, steps[name].spec.tries) for name in ("merge", "cleanup")} == {(1, 0)}
    assert harness.batch.jobs[job_of(harness, "merge")]["dependsOn"] == [{"jobId": job_of(harness, "rank")}]
    succeed(harness, "count", "rank", "merge", "cleanup")
    harness.advancer().advance(RUN_ID)
    assert (run_of(harness).state, harness.notified) == (RunState.SUCCEEDED, [])
