"""A cancelled run is cancelled wholly: nothing of it is submitted any more, and nothing of it is left."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta

import pytest

from sluice.advance.lease import LEASE
from sluice.errors import UnsettledError
from sluice.operate.cancel import NEVER_SUBMITTED, UNSEEN, Canceller, Remaining
from sluice.run.decision import decide
from sluice.run.state import Run, RunState, StepState
from tests.sluice.clouds import START, CrashedError, CrashingClient, refused
from tests.sluice.graphs import QUEUES, RUN_ID, pipeline, step
from tests.sluice.operate.harness import OperateHarness

TWO = pipeline(step("a"), step("b"), step("c", after=("a", "b")))
NOW = START.isoformat(timespec="milliseconds")
SECONDS = 1000.0
LEAP = 25.0


def run_of_two() -> Run:
    """Return a new run: two jobs, and one after both."""
    return Run(run_id=RUN_ID, pipeline=TWO, trigger={"key": "k"}, created_at=NOW)


def canceller(harness: OperateHarness) -> Canceller:
    """Return a canceller on the harness's clock, which goes on in leaps while it sleeps."""
    return Canceller(
        stack_prefix="Team",
        ledger=harness.ledger,
        batch=harness.jobs,
        queues=QUEUES,
        run_id=RUN_ID,
        reason="cancelled by a test",
        now=lambda: harness.now,
        sleep=lambda _: harness.later(LEAP),
        clock=lambda: harness.now.timestamp(),
    )


def cancelled(harness: OperateHarness) -> list[Remaining]:
    """Cancel the run and return what each pass found."""
    passes: list[Remaining] = []
    one = canceller(harness)
    assert one.stop().state is RunState.CANCELLED
    assert one.clear(SECONDS, passes.append) == passes[-1]
    return passes


def state_of(harness: OperateHarness) -> Run:
    """Return the run as the ledger has it."""
    run = harness.ledger.load(RUN_ID)
    assert run is not None
    return run


def test_what_lives_is_terminated(harness: OperateHarness) -> None:
    """Every live job is terminated; when the ledger has recorded it, an advance submits nothing more and
    sends no alert.
    """
    harness.advancer().start(run_of_two())
    harness.jobs.jobs["job-0"]["status"] = "SUCCEEDED"
    assert cancelled(harness)[-1].is_empty
    assert sorted(harness.jobs.terminated) == ["job-1", "job-2"]
    assert harness.jobs.live() == []
    for name, job_id in (("a", "job-0"), ("b", "job-1"), ("c", "job-2")):
        harness.ledger.record_end(RUN_ID, name, StepState.FAILED, job_id=job_id, reason="as Batch reports it")
    harness.later(LEASE.total_seconds())
    assert harness.advancer().advance(RUN_ID)
    assert len(harness.jobs.jobs) == 3
    assert harness.notified == []
    assert list(harness.ledger.unfinished("9999")) == []


def test_jobs_that_the_ledger_does_not_name(harness: OperateHarness) -> None:
    """A second job of a step, of a submission whose answer was lost, is found by its name and terminated."""
    harness.advancer().start(run_of_two())
    harness.jobs.add("twin", jobName=f"{RUN_ID}_a_0", jobQueue=QUEUES["normal"])
    harness.jobs.add("stranger", jobName="words-" + "b" * 20 + "_a_0", jobQueue=QUEUES["normal"])
    cancelled(harness)
    assert harness.jobs.live() == ["stranger"]


def test_jobs_that_batch_does_not_list(harness: OperateHarness) -> None:
    """A job that the ledger names is terminated also when its name is another one."""
    harness.advancer().start(run_of_two())
    harness.jobs.jobs["job-0"]["jobName"] = "renamed"
    cancelled(harness)
    assert harness.jobs.live() == []


def test_jobs_that_batch_does_not_show_yet(harness: OperateHarness) -> None:
    """A job that was registered a moment ago is terminated by its id, and something is left until it is
    shown; one that is not shown long after is forgotten. Found by `make simulate`.
    """
    harness.advancer().start(run_of_two())
    hidden, passes = harness.jobs.jobs.pop("job-0"), list[Remaining]()
    harness.jobs.stubborn.add("job-0")

    def progress(remaining: Remaining) -> None:
        passes.append(remaining)
        if len(passes) == 2:
            harness.jobs.jobs["job-0"] = {**hidden, "status": "FAILED"}

    one = canceller(harness)
    one.stop()
    assert one.clear(SECONDS, progress).is_empty
    assert [list(found.jobs) for found in passes[1:]] == [["job-0"], []]
    assert "job-0" in harness.jobs.terminated
    del harness.jobs.jobs["job-0"]
    harness.later(UNSEEN.total_seconds())
    assert one.clear(SECONDS, passes.append).is_empty


def test_a_submission_in_flight_is_waited_for(harness: OperateHarness) -> None:
    """While another process submits a step something is left; its job is terminated as well."""
    harness.begin(RUN_ID, NOW, TWO)
    one, passes = canceller(harness), list[Remaining]()
    one.stop()

    def progress(remaining: Remaining) -> None:
        passes.append(remaining)
        if len(passes) == 1:
            jobs = {name: harness.jobs.submit_job(**request(name))["jobId"] for name in ("a", "b")}
            harness.ledger.record_submitted(RUN_ID, jobs)

    assert one.clear(SECONDS, progress).is_empty
    assert sorted(passes[0].claims) == ["a", "b", "c"]
    assert sorted(harness.jobs.terminated) == ["job-0", "job-1"]


def request(name: str) -> dict[str, str]:
    """Return the SubmitJob of a step."""
    return {"jobName": f"{RUN_ID}_{name}_0", "jobQueue": QUEUES["normal"], "jobDefinition": "any:1"}


@pytest.mark.parametrize("minutes", [-14, -2, 2, 14])
def test_a_clock_that_is_wrong_takes_over_no_live_claim(harness: OperateHarness, minutes: int) -> None:
    """A laptop's may be minutes ahead or behind: a claim that it has not seen for a lease is left alone."""
    run = run_of_two()
    harness.ledger.start(run, decide(run.pipeline, {}).submissions)
    skewed = replace(canceller(harness), now=lambda: harness.now + timedelta(minutes=minutes))
    skewed.stop()
    passes: list[Remaining] = []
    skewed.clear(LEASE.total_seconds() - 2 * LEAP, passes.append)
    assert [len(one.claims) for one in passes] == [3] * len(passes)
    assert {one.claimed_at for one in state_of(harness).steps.values()} == {NOW}
    assert skewed.clear(SECONDS, passes.append).is_empty


def test_claims_of_the_dead_are_settled(harness: OperateHarness) -> None:
    """A step whose submitter died is settled when its claim is old enough: by its job, or as never
    submitted.
    """
    harness.begin(RUN_ID, NOW, TWO)
    harness.jobs.submit_job(**request("b"))
    passes = cancelled(harness)
    assert passes[-1].is_empty
    assert harness.now - START >= LEASE
    steps = state_of(harness).steps
    assert (steps["a"].state, steps["a"].reason) == (StepState.FAILED, NEVER_SUBMITTED)
    assert (steps["b"].state, steps["b"].job_id) == (StepState.SUBMITTED, "job-0")
    assert harness.jobs.terminated == ["job-0"]


@pytest.mark.parametrize("lives_for", range(1, 12))
@pytest.mark.parametrize("lost", [False, True])
def test_a_submitter_may_die_anywhere(harness: OperateHarness, lives_for: int, lost: bool) -> None:
    """Wherever a submitter died, and also when an answer was lost, nothing lives after the cancel and nothing
    comes after it.
    """
    if lost:
        harness.jobs.answers = [("after", refused("InternalError", status=500))]
    with contextlib.suppress(CrashedError, UnsettledError):
        harness.advancer(CrashingClient(lives_for)).start(run_of_two())
    if harness.ledger.load(RUN_ID) is None:
        pytest.skip("It died before there was a run.")
    assert cancelled(harness)[-1].is_empty
    count = len(harness.jobs.jobs)
    harness.later(2 * LEASE.total_seconds())
    assert harness.advancer().advance(RUN_ID)
    assert (len(harness.jobs.jobs), harness.jobs.live()) == (count, [])
