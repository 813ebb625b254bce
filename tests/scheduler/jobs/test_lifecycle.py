"""Jobs and their dependencies alone: without hosts, queues or attempts."""

from __future__ import annotations

from scheduler.jobs.dependencies import Dependencies
from scheduler.jobs.job import Job
from scheduler.jobs.lifecycle import Lifecycle
from scheduler.jobs.retention import Retention
from scheduler.jobs.transitions import Transitions
from scheduler.reasons import DEPENDENCY_FAILED
from scheduler.spec import Dependency, JobSpec, Need
from scheduler.states import FAILED, NAMES, SUCCEEDED


class Graph:
    """Jobs that a test ends by hand; `enqueued` has what became runnable."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.enqueued: list[str] = []
        self.transitions = Transitions(watching=True)
        self.lifecycle = Lifecycle(
            self.transitions, Retention(None), lambda job, _now: self.enqueued.append(job.id)
        )
        self.dependencies = Dependencies(self.jobs, self.transitions, self.lifecycle)

    def submit(self, name: str, *after: Dependency, size: int | None = None, sequential: bool = False) -> Job:
        """Submit a job whose id is its name."""
        spec = JobSpec(name, "q", Need(1000, 1024), size, depends_on=after, sequential=sequential)
        job = Job(name, len(self.jobs) + 1, spec, 0)
        failed = self.dependencies.register(job)
        self.jobs[name] = job
        self.dependencies.admit(job, failed, 0)
        return job

    def finish(self, job: Job, index: int, status: int) -> None:
        """End a child."""
        self.lifecycle.finish(job, index, status, None, 1)
        self.dependencies.settle(1)

    def states(self, job: Job) -> list[str]:
        """The states of a job's children."""
        return [NAMES[state] for state in job.states]


def test_a_job_is_enqueued_when_all_that_it_waits_for_succeeded() -> None:
    """A dependent is PENDING until the last of its parents succeeds, and is then enqueued."""
    graph = Graph()
    first, second = graph.submit("a"), graph.submit("b")
    last = graph.submit("c", Dependency("a"), Dependency("b"))
    graph.finish(first, 0, SUCCEEDED)
    assert graph.states(last) == ["PENDING"]
    graph.finish(second, 0, SUCCEEDED)
    assert graph.states(last) == ["RUNNABLE"]
    assert graph.enqueued == ["a", "b", "c"]


def test_an_end_concerns_a_pair_only() -> None:
    """N_TO_N: the failure of child 0 fails child 0, and child 1 waits for its own."""
    graph = Graph()
    first = graph.submit("a", size=2)
    last = graph.submit("b", Dependency("a", child_by_child=True), size=2)
    graph.finish(first, 0, FAILED)
    assert graph.states(last) == ["FAILED", "PENDING"]
    assert last.reason_of(0) == DEPENDENCY_FAILED


def test_a_long_chain_fails_in_one_go() -> None:
    """Ten thousand sequential children fail after the first without an overflow."""
    graph = Graph()
    job = graph.submit("a", size=10_000, sequential=True)
    graph.finish(job, 0, FAILED)
    assert job.counts[FAILED] == 10_000
    assert job.is_over
