"""A lost answer costs seconds: who may take a job that is found, and which job may be taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from sluice.advance.found_jobs import JobFinder
from sluice.advance.lease import LEASE, Lease
from sluice.advance.submitter import LOOK_UP_SECONDS
from sluice.errors import UnsettledError
from sluice.ledger.ledger import Ledger
from sluice.run.compiled import CompiledPipeline, Kind
from sluice.run.state import Run, StepState
from tests.sluice.clouds import TABLE, Batch, Harness, dynamodb, refused
from tests.sluice.graphs import QUEUES, RUN_ID, pipeline, step

TIME_OUT = ReadTimeoutError(endpoint_url="https://batch")
CHAIN = pipeline(
    step("a"), step("b", after=("a",)), step("c", after=("b",)), step("cleanup", Kind.CLEANUP, after=("c",))
)
NAME = f"{RUN_ID}_a_0"


@pytest.fixture
def harness() -> Iterator[Harness]:
    """A fresh ledger and Batch."""
    with dynamodb() as client:
        yield Harness(client)


def lose(harness: Harness, graph: CompiledPipeline = CHAIN) -> None:
    """Begin a run whose first job has no answer, and is not listed while its owner looks."""
    harness.batch.answers = [("after", TIME_OUT)]
    harness.batch.pages = [{"jobSummaryList": []} for _ in LOOK_UP_SECONDS]
    run = Run(run_id=RUN_ID, pipeline=graph, trigger={}, created_at=harness.now.isoformat())
    with pytest.raises(UnsettledError):
        harness.advancer().start(run)


def steps(harness: Harness) -> dict[str, Any]:
    """Return the run's steps as the ledger has them."""
    run = harness.ledger.load(RUN_ID)
    assert run is not None
    return dict(run.steps)


def test_anybody_takes_a_job_that_is_found(harness: Harness) -> None:
    """The lease protects only that none is found. What was never sent is handed back, and submitted."""
    lose(harness)
    harness.later(5)
    harness.advancer().advance(RUN_ID)
    assert harness.batch.names() == ["a", "b", "c", "cleanup"]
    assert {one.job_id for one in steps(harness).values()} == set(harness.batch.jobs)


def test_a_young_claim_is_not_looked_up(harness: Harness) -> None:
    """Most likely it is being submitted: the look-up would cost each run a call."""
    lose(harness)
    harness.batch.list_jobs = None  # type: ignore[assignment,method-assign]
    harness.later(1)
    harness.advancer().advance(RUN_ID)
    assert steps(harness)["a"].job_id is None


def test_a_found_job_is_taken_only_behind_registered_ones(harness: Harness) -> None:
    """Its parent's job was not found, and submitted once more: the found one hangs on the old job."""
    advancer = harness.advancer()
    advancer.start(Run(run_id=RUN_ID, pipeline=CHAIN, trigger={}, created_at=harness.now.isoformat()))
    registered = {one.job_id for one in steps(harness).values()}
    finder = JobFinder(batch=lambda: harness.batch)
    (b,) = (job for job in harness.batch.jobs.values() if "_b_" in job["jobName"])
    (parent,) = (one["jobId"] for one in b["dependsOn"])
    find = {"name": b["jobName"], "queue": QUEUES["normal"], "checks_registration": True}
    assert finder.find(registered=registered, **find).job_id == b["jobId"]
    found = finder.find(registered=registered - {parent}, **find)
    assert (found.job_id, found.any) == (None, True)
    assert finder.is_job(b["jobId"], b["jobName"], registered)
    assert not finder.is_job(b["jobId"], b["jobName"], registered - {parent})
    assert not finder.is_job(b["jobId"], "another", registered)


def test_a_dependent_of_an_old_job_becomes_a_later_generation(harness: Harness) -> None:
    """A Lambda died behind both submissions. The parent is not listed and submitted again; the dependent is
    listed, and would run too early.
    """
    run = Run(run_id=RUN_ID, pipeline=CHAIN, trigger={}, created_at=harness.now.isoformat())
    replace(harness.advancer(), ledger=_Forgetting(harness.client, TABLE)).start(run)
    old = {job["jobName"].split("_")[1]: job_id for job_id, job in harness.batch.jobs.items()}
    del harness.batch.jobs[old["a"]]
    harness.later(LEASE.total_seconds() + 1)
    harness.batch.jobs[old["a"]] = {"jobName": "hidden", "jobQueue": "", "status": "RUNNING"}
    harness.advancer().advance(RUN_ID)
    found = steps(harness)
    assert (found["b"].generation, found["b"].job_id == old["b"]) == (1, False)
    assert harness.batch.jobs[found["b"].job_id]["dependsOn"] == [{"jobId": found["a"].job_id}]
    assert found["a"].job_id != old["a"]


class _Forgetting(Ledger):
    """A ledger whose caller dies before it registers a job."""

    def record_submitted(self, *_: Any, **__: Any) -> bool:
        """Write nothing."""
        return True


def test_a_job_that_is_listed_and_not_described_decides_nothing() -> None:
    """The two calls of AWS Batch do not see the same moment."""
    batch = Batch()
    batch.pages = [{"jobSummaryList": [{"jobName": NAME, "jobId": "young"}]}]
    with pytest.raises(UnsettledError, match="does not describe them yet"):
        JobFinder(batch=lambda: batch).find(NAME, QUEUES["normal"], (), checks_registration=True)


def test_what_waits_for_a_job_that_was_not_registered_is_not_registered(harness: Harness) -> None:
    """Another job of the parent was faster: ours ends itself, and what AWS Batch has behind it fails."""
    submit = harness.batch.submit_job

    def other_is_faster(**request: Any) -> dict[str, Any]:
        if "_b_" in request["jobName"]:
            harness.ledger.record_submitted(RUN_ID, {"a": "another job"})
        return submit(**request)

    harness.batch.submit_job = other_is_faster  # type: ignore[method-assign]
    run = Run(run_id=RUN_ID, pipeline=CHAIN, trigger={}, created_at=harness.now.isoformat())
    harness.advancer().start(run)
    found = steps(harness)
    assert found["a"].job_id == "another job"
    assert {found[name].job_id for name in ("b", "c")} == {None}


@pytest.mark.parametrize("throttled", [False, True])
def test_what_was_certainly_not_submitted_is_handed_back(harness: Harness, throttled: bool) -> None:
    """Others submit it at once; what may have been submitted stays claimed."""
    error = refused("ThrottlingException") if throttled else TIME_OUT
    harness.batch.answers = [("before", error)] * (8 if throttled else 1)
    run = Run(run_id=RUN_ID, pipeline=CHAIN, trigger={}, created_at=harness.now.isoformat())
    with pytest.raises(UnsettledError):
        harness.advancer().start(run)
    assert {name: one.handed_back for name, one in steps(harness).items()} == {
        "a": throttled,
        "b": True,
        "c": True,
        "cleanup": True,
    }
    assert {one.state for one in steps(harness).values()} == {StepState.CLAIMED}


def test_nothing_is_submitted_when_the_lease_is_over(harness: Harness) -> None:
    """Its owner slept: another process may have taken the claim over."""
    submit = harness.batch.submit_job

    def slow(**request: Any) -> dict[str, Any]:
        harness.later(LEASE.total_seconds())
        return submit(**request)

    harness.batch.submit_job = slow  # type: ignore[method-assign]
    run = Run(run_id=RUN_ID, pipeline=CHAIN, trigger={}, created_at=harness.now.isoformat())
    with pytest.raises(UnsettledError, match="The lease of the claim of b"):
        harness.advancer().start(run)
    assert harness.batch.names() == ["a"]
    assert steps(harness)["b"].handed_back


def test_a_lease_ends_before_others_take_over() -> None:
    """A request that is under way at its end is over before that."""
    began = datetime(2026, 1, 1, tzinfo=UTC)
    times = iter([began, began + LEASE - timedelta(seconds=31), began + LEASE - timedelta(seconds=29)])
    lease = Lease.begun(lambda: next(times))
    assert [lease.is_over, lease.is_over] == [False, True]
