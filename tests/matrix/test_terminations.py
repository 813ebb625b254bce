"""A job that is to end has 30 seconds for that, as with AWS Batch: its worker may not see SIGTERM for a
while, and its supervisor stores what was returned.
"""

from __future__ import annotations

import pytest

from local.batch.ports import Task
from scheduler.jobs.job import Attempt, Job
from tests.matrix.actors import Actor
from tests.matrix.clock import BEGINNING
from tests.matrix.fleet import KILL_SECONDS
from tests.matrix.harness import Harness
from tests.matrix.installed import here
from tests.matrix.scenarios import deployment, scenarios
from tests.matrix.workers import MortalWorker

pytestmark = pytest.mark.xdist_group("matrix")
_LONG = 100.0
_SECOND_ITEM = 4
"""Of the first of three children, each of which has two."""


def seconds_of(milliseconds: int) -> float:
    """Return a time of AWS Batch in seconds of the harness."""
    return milliseconds / 1000 - BEGINNING.timestamp()


def terminate() -> tuple[Actor, Job]:
    """Terminate the job whose turn it is; return the child's process, and the job."""
    actor = here().actors.current
    assert actor is not None
    here().fleet.call("terminate_job", {"jobId": actor.facts["job"], "reason": "enough"})
    return actor, here().fleet.scheduler.jobs[actor.facts["job"]]


class Terminating(MortalWorker):
    """Has its job terminated when the function is called for the ``at``-th time, which takes long."""

    def __init__(self, at: int) -> None:
        super().__init__(self._called)
        self.at, self.calls = at, 0

    def _called(self) -> None:
        self.calls += 1
        if self.calls == self.at:
            self.actor, self.job = terminate()
            self.at_seconds, self.actor.longer = here().clock.seconds, _LONG

    @property
    def attempt(self) -> Attempt:
        """Return how the child ended."""
        return self.job.history[int(self.actor.facts["child"])][-1]


def played(worker: Terminating, works_on: float, scenario: str = "word-count") -> Harness:
    """Return a cloud in which a job was terminated that goes on working for so many seconds."""
    harness = Harness(deployment(), worker=worker)
    harness.fleet.works_on = lambda: works_on
    harness.run(lambda here: scenarios()[scenario].begin(here, "a"))
    return harness


@pytest.mark.parametrize(("works_on", "seconds"), [(0.0, 0), (5.0, 5), (60.0, 20)])
def test_a_worker_goes_on_until_its_supervisor_ends_it(works_on: float, seconds: int) -> None:
    """After 20 seconds at the latest: sluice/runtime/worker/forked.py."""
    worker = Terminating(at=3)
    harness = played(worker, works_on)
    attempt = worker.attempt
    assert (attempt.exit_code, attempt.status_reason) == (143, "enough")
    assert round(seconds_of(attempt.stopped) - worker.at_seconds) == seconds
    assert harness.fleet.killed == set()


def test_what_was_returned_before_is_stored() -> None:
    """So it is not worked on again when the array is submitted once more."""
    worker = Terminating(at=_SECOND_ITEM)
    harness = played(worker, 0.0, "failing-once")
    done = [one.work for one in harness.finished if one.work.job == worker.job.id]
    assert done
    assert {(one.run, one.step, one.item) for one in done} <= harness._recorded
    assert harness.repeated == []


class OtherImages(Harness):
    """All images are of others: what runs in them does not see SIGTERM."""

    def _run(self, task: Task) -> int:
        actor, self.job = terminate()
        self.began = self.clock.seconds
        actor.wait(_LONG)
        return 0


def test_what_does_not_see_sigterm_is_killed_after_30_seconds() -> None:
    """And its job is running until then."""
    harness = OtherImages(deployment())
    harness.fleet.works_on = lambda: _LONG
    harness.run(lambda here: scenarios()["word-count"].begin(here, "a"))
    (attempt,) = harness.job.history[0]
    assert (attempt.exit_code, attempt.status_reason) == (137, "enough")
    assert harness.fleet.killed == {(harness.job.id, "0", "1")}
    assert round(seconds_of(attempt.stopped) - harness.began) == KILL_SECONDS
