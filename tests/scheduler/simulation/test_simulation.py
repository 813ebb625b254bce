"""The simulation: the scheduler's rules over a virtual clock."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from scheduler.capacity.hosts import EnvironmentSpec
from scheduler.capacity.instances import sizes_of
from scheduler.queues.job_queue import QueueSpec
from scheduler.simulation.conditions import Conditions, Report
from scheduler.simulation.durations import Duration, exponential, fixed, lognormal
from scheduler.simulation.simulation import Simulation
from scheduler.spec import Dependency, JobSpec, Need, Retry

_SIZES = sizes_of(("m5.xlarge",))


def simulation(**conditions: Any) -> Simulation:
    """Eight vCPUs of spot before eight of on-demand, behind one queue."""
    made = Simulation(Conditions(**conditions))
    made.environment(EnvironmentSpec("spot", "spot", 8000, _SIZES, spot=True, may_exceed=False))
    made.environment(EnvironmentSpec("demand", "demand", 8000, _SIZES, may_exceed=False))
    made.queue(QueueSpec("q", 1, ("spot", "demand")))
    return made


def job(size: int | None, duration: Duration, **more: Any) -> JobSpec:
    """A job of one vCPU a child."""
    return JobSpec(name="job", queue="q", need=Need(1000, 1024), size=size, info=duration, **more)


def test_time_use_and_cost_of_a_simple_fleet() -> None:
    """32 children of one hour on 16 vCPUs take two hours; all figures follow."""
    made = simulation(price={"spot": 0.25, "demand": 1.0}, idle_seconds=0)
    made.submit("a", job(32, fixed(3600)))
    report = made.run()
    assert report == Report(
        finished_seconds=7200,
        succeeded=32,
        failed=0,
        attempts=32,
        interruptions=0,
        used_vcpu_hours=32,
        paid_vcpu_hours={"spot": 16.0, "demand": 16.0},
        cost=20,
        mean_wait_seconds={"q": 1800},
        longest_wait_seconds={"q": 3600},
    )


def test_dependents_run_after_their_parents() -> None:
    """Two stages of one hour each take two hours, and a job that is submitted later starts later."""
    made = simulation()
    made.submit("a", job(4, fixed(3600)))
    made.submit("b", job(4, fixed(3600), depends_on=(Dependency("a", child_by_child=True),)))
    made.submit("late", job(None, fixed(10)), at_seconds=8000)
    assert made.run().finished_seconds == 8010


def test_interrupted_spot_hosts_cost_attempts_and_not_jobs() -> None:
    """Interrupted children end well, after more attempts; the seed decides, and nothing else."""
    spec = job(200, exponential(600), retry=Retry(10))

    def play(seed: int) -> Report:
        made = simulation(seed=seed, interruptions_per_hour=1)
        made.submit("a", spec)
        return made.run()

    report = play(1)
    assert (report.succeeded, report.failed) == (200, 0)
    assert report.interruptions > 0
    assert report.attempts == 200 + report.interruptions
    assert play(1) == report
    assert play(2) != report


def test_a_host_that_was_idle_is_not_paid_for() -> None:
    """Between two jobs a host is paid for until its idle time is over, and boots again for the second."""
    made = simulation(idle_seconds=60, boot_seconds=30)
    made.submit("a", job(None, fixed(3600)))
    made.submit("b", job(None, fixed(3600)), at_seconds=36_000)
    report = made.run()
    paid_hours = 4 * (2 * 3630 + 60) / 3600
    assert report.paid_vcpu_hours["spot"] == pytest.approx(paid_hours)
    assert report.finished_seconds == 36_000 + 3630


def test_timeouts_end_attempts_of_the_simulation() -> None:
    """An attempt that would take longer than its timeout fails at its timeout."""
    made = simulation()
    made.submit("a", job(2, fixed(3600), timeout_ms=60_000))
    report = made.run()
    assert (report.failed, report.finished_seconds) == (2, 60)
    assert report.used_vcpu_hours == pytest.approx(2 / 60)


def test_programs_that_fail_are_retried() -> None:
    """With a failure rate of one every attempt is used up."""
    made = simulation(failure_rate=1)
    made.submit("a", job(3, fixed(1), retry=Retry(4)))
    report = made.run()
    assert (report.failed, report.attempts) == (3, 12)


@pytest.mark.parametrize(
    ("duration", "low", "high"), [(fixed(5), 5, 5), (exponential(5), 4, 6), (lognormal(5, 0.1), 4.8, 5.2)]
)
def test_durations_have_the_mean_that_they_say(duration: Duration, low: float, high: float) -> None:
    """Sampled durations are near what was asked for."""
    random = Random(1)  # noqa: S311 - repeatable, not secret
    mean = sum(duration(random) for _ in range(2000)) / 2000
    assert low <= mean <= high


def test_time_grows_linearly_in_memory_that_does_not() -> None:
    """Ten times the children are ten times the starts, and no more is kept for a child than a few bytes."""
    made = Simulation()
    made.environment(EnvironmentSpec("e", "e", 64_000, sizes_of(("m5.16xlarge",))))
    made.queue(QueueSpec("q", 1, ("e",)))
    spec = replace(job(10_000, exponential(60)), timeout_ms=3_600_000)
    made.submit("a", spec)
    assert made.run().succeeded == 10_000
    parent = made.scheduler.jobs["a"]
    assert (len(parent.history), len(parent.reasons), len(parent.hosts), len(parent.ready)) == (0, 0, 0, 0)
