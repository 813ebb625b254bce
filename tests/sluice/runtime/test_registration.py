"""A job works only when the ledger has it for its step, and waits until it knows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluice.errors import SupersededJobError
from sluice.run.state import Run, RunState, StepState
from sluice.runtime import registration
from sluice.runtime.errors import JobNotRegisteredError
from sluice.runtime.exit_codes import SUPERSEDED, TRY_AGAIN
from sluice.runtime.job_context import JobContext
from tests.sluice.runtime import functions
from tests.sluice.runtime.jobs import NOW, Jobs, job_id
from tests.sluice.runtime.probe import FUNCTIONS, planned, submission


@pytest.mark.parametrize(
    "variables",
    [{"AWS_BATCH_JOB_ID": "another"}, {"SLUICE_GENERATION": "1"}],
    ids=["another job", "another generation"],
)
def test_a_job_that_is_not_the_registered_one_does_nothing(
    variables: dict[str, str], jobs: Jobs, run: Run
) -> None:
    """It ends at once, does no work, and never with code 0, which would be taken for work that was done."""
    array = planned(jobs, run)
    assert jobs.start(run, array, 0, FUNCTIONS, AWS_BATCH_JOB_ARRAY_INDEX="0", **variables) == SUPERSEDED
    assert functions.worked == []


def test_a_job_that_is_not_registered_yet_is_tried_again(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its submitter may not have recorded it: it waits a quarter of an hour, in growing pauses, and is then
    tried again.
    """
    pauses: list[float] = []
    monkeypatch.setattr(registration.wait_for_registration, "__kwdefaults__", {"sleep": pauses.append})
    plan = submission(jobs, run, "find")
    jobs.ledger.claim(run.run_id, [plan], NOW)
    assert jobs.start(run, plan, 0, FUNCTIONS) == TRY_AGAIN
    assert 900 <= sum(pauses) < 911
    assert max(pauses) == 10
    assert pauses == sorted(pauses)


def test_a_job_of_a_run_that_ended_does_not_wait_for_its_registration(jobs: Jobs, run: Run) -> None:
    """None is registered any more; its machine is not kept waiting."""
    plan = submission(jobs, run, "find")
    jobs.ledger.claim(run.run_id, [plan], NOW)
    jobs.ledger.finish(run.run_id, RunState.CANCELLED, NOW)
    assert jobs.start(run, plan, 0, FUNCTIONS) == SUPERSEDED
    assert jobs.published() == []


def test_an_end_that_is_seen_before_the_registration_is_looked_at_again(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One look reads the run and the step one by one: it may see the end, and the step as it was before."""
    array = planned(jobs, run)
    where = JobContext(
        run=run.run_id, step=array.step.name, generation=0, job_id=job_id(array.step.name), attempt=1, child=0
    )
    jobs.ledger.finish(run.run_id, RunState.SUCCEEDED, NOW)
    whole = jobs.ledger.assignment(run.run_id, array.step.name)
    assert whole is not None
    assert whole.step is not None
    torn = replace(whole, step=replace(whole.step, state=StepState.CLAIMED, job_id=None))
    looks = [torn, whole]
    monkeypatch.setattr(jobs.ledger, "assignment", lambda *given: looks.pop(0))
    assert registration.wait_for_registration(where, jobs.ledger, lambda: None) == whole
    looks = [torn, torn]
    with pytest.raises(SupersededJobError, match="registered any more"):
        registration.wait_for_registration(where, jobs.ledger, lambda: None)


def test_the_registered_job_of_a_cancelled_run_does_nothing(jobs: Jobs, run: Run) -> None:
    """It was starting when the run was cancelled, and no listing showed it yet."""
    array = planned(jobs, run)
    jobs.ledger.finish(run.run_id, RunState.CANCELLED, NOW)
    assert jobs.start(run, array, 0, FUNCTIONS, AWS_BATCH_JOB_ARRAY_INDEX="0") == SUPERSEDED
    assert functions.worked == []


@pytest.mark.parametrize(("child", "asked"), [(0, 15), (1, 0)])
def test_of_an_array_the_first_child_has_its_job_registered(
    child: int, asked: int, jobs: Jobs, run: Run
) -> None:
    """After five seconds, and then every minute; ten thousand children must not ask at once."""
    slept: list[float] = []
    jobs.ledger.claim(run.run_id, [submission(jobs, run, "find")], NOW)
    requests: list[float] = []
    where = JobContext(run=run.run_id, step="find", generation=0, job_id="job", attempt=1, child=child)
    with pytest.raises(JobNotRegisteredError):
        registration.wait_for_registration(
            where, jobs.ledger, lambda: requests.append(sum(slept)), sleep=slept.append
        )
    assert len(requests) == asked
    assert all(5 <= first < 10 for first in requests[:1])


def test_a_job_that_is_registered_while_it_waits_works(
    jobs: Jobs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registration may come after the job's start."""
    plan = submission(jobs, run, "find")
    jobs.ledger.claim(run.run_id, [plan], NOW)
    name = {"find": job_id("find")}
    monkeypatch.setattr(
        registration.wait_for_registration,
        "__kwdefaults__",
        {"sleep": lambda seconds: jobs.ledger.record_submitted(run.run_id, name)},
    )
    assert jobs.start(run, plan, 0, FUNCTIONS) == 0
    assert jobs.published()[0].items == 10


def test_a_job_of_an_older_generation_ends_itself_at_once(jobs: Jobs, run: Run) -> None:
    """Also before the newer generation has a job: it does not wait for that."""
    work = planned(jobs, run)
    jobs.ledger.record_end(run.run_id, "work", StepState.FAILED, job_id=job_id("work"))
    assert jobs.ledger.claim(run.run_id, [replace(work, generation=1, waits=())], NOW)
    assert jobs.start(run, work, 0, FUNCTIONS) == SUPERSEDED
    assert functions.worked == []
