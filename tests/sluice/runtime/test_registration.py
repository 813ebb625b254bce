"""A job works only when the ledger has it for its step, and waits until it knows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluice.run.state import Run, RunState, StepState
from sluice.runtime import registration
from sluice.runtime.exit_codes import TRY_AGAIN
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
    """It ends well, at once, so that no rule tries it again, and does no work."""
    array = planned(jobs, run)
    assert jobs.start(run, array, 0, FUNCTIONS, AWS_BATCH_JOB_ARRAY_INDEX="0", **variables) == 0
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
    assert 900 <= sum(pauses) < 931
    assert len(pauses) < 45, "ten thousand children may wait at once"
    assert pauses == sorted(pauses)
    assert jobs.published() == []


def test_a_job_of_a_run_that_ended_does_not_wait_for_its_registration(jobs: Jobs, run: Run) -> None:
    """None is registered any more; its machine is not kept waiting."""
    plan = submission(jobs, run, "find")
    jobs.ledger.claim(run.run_id, [plan], NOW)
    jobs.ledger.finish(run.run_id, RunState.CANCELLED, NOW)
    assert jobs.start(run, plan, 0, FUNCTIONS) == 0
    assert jobs.published() == []


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
    assert jobs.start(run, work, 0, FUNCTIONS) == 0
    assert functions.worked == []
