"""Attempts alone: on a host, without queues."""

from __future__ import annotations

import pytest

from scheduler.capacity.hosts import Environment, EnvironmentSpec
from scheduler.dispatch.attempts import Attempts
from scheduler.effects import StartAttempt, StopAttempt
from scheduler.jobs.job import Job
from scheduler.jobs.transitions import Transitions
from scheduler.reasons import EXITED, TIMED_OUT
from scheduler.retry import Outcome
from scheduler.spec import JobSpec, Need, Retry
from scheduler.states import FAILED, SUCCEEDED

ONE = Need(1000, 1024)


class Bench:
    """One job with one attempt in flight, on Fargate, with one slot."""

    def __init__(self) -> None:
        self.transitions = Transitions(watching=False)
        self.attempts = Attempts(self.transitions, slots=1)
        self.job = Job("job", 1, JobSpec("job", "q", ONE, retry=Retry(2)), 0)
        host = Environment(EnvironmentSpec("fargate", "fargate", 4000)).place(ONE, 0)
        assert host is not None
        self.host = host
        self.attempts.start(self.job, 0, host, 0)


def test_a_start_takes_a_slot_and_an_end_gives_it_back() -> None:
    """An attempt occupies its host and one of the machine's slots until it ends."""
    bench = Bench()
    assert (bench.attempts.free_slots, bench.host.tasks) == (0, {("job", 0)})
    bench.attempts.end(bench.job, 0, Outcome(0), 5)
    assert (bench.attempts.free_slots, bench.host.tasks) == (1, set())


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([Outcome(0)], (SUCCEEDED, EXITED, False)),
        ([Outcome(1)], (FAILED, EXITED, True)),
        ([Outcome(1), Outcome(1)], (FAILED, EXITED, False)),
        ([Outcome(None, None, "Host EC2 terminated.")], (FAILED, "Host EC2 terminated.", True)),
    ],
)
def test_what_an_end_comes_to(outcomes: list[Outcome], expected: tuple[int, str, bool]) -> None:
    """Exit code 0 succeeds; any other end is worth another attempt as long as there is one."""
    bench = Bench()
    for outcome in outcomes[:-1]:
        bench.attempts.end(bench.job, 0, outcome, 1)
        bench.attempts.start(bench.job, 0, bench.host, 1)
    assert bench.attempts.end(bench.job, 0, outcomes[-1], 2) == expected


def test_a_stop_is_asked_for_once_and_not_retried() -> None:
    """What was stopped fails for the reason of its stop, whatever attempts are left."""
    bench = Bench()
    bench.attempts.stop(bench.job, 0, TIMED_OUT)
    bench.attempts.stop(bench.job, 0, "too late")
    assert [type(each) for each in bench.transitions.effects] == [StartAttempt, StopAttempt]
    assert bench.attempts.end(bench.job, 0, Outcome(137), 5) == (FAILED, TIMED_OUT, False)
