"""Attempts that several threads start at once, and in which order they are reported."""

from __future__ import annotations

import threading
from collections.abc import Callable

from local.batch.engine import Engine
from local.batch.ports import Task
from scheduler.retry import Outcome
from tests.local.batch.conftest import QUICK, Desk, wait_for


class Gate:
    """An executor whose starts wait until the test lets them pass; then they are over when they are
    stopped.
    """

    def __init__(self) -> None:
        self.waiting = threading.Semaphore(0)
        self.open = threading.Event()
        self.stopped: list[str] = []

    def start(self, task: Task, ended: Callable[[Outcome], None]) -> Callable[[], None]:
        """Wait at the gate."""
        self.waiting.release()
        assert self.open.wait(20)

        def stop() -> None:
            self.stopped.append(task.id)
            ended(Outcome(143))

        return stop

    def close(self) -> None:
        """Nothing runs."""


class Hasty:
    """An executor whose attempts are over before their start has returned."""

    def start(self, _task: Task, ended: Callable[[Outcome], None]) -> Callable[[], None]:
        """Be over at once."""
        ended(Outcome(0))
        return lambda: None

    def close(self) -> None:
        """Nothing runs."""


def test_several_attempts_start_at_once() -> None:
    """A start that takes its time does not keep the next one waiting."""
    gate = Gate()
    with Engine(limits=QUICK, executor=gate, max_concurrency=4) as engine:
        desk = Desk(engine, [], [])
        desk.submit(arrayProperties={"size": 2})
        try:
            assert all(gate.waiting.acquire(timeout=20) for _ in range(2))
        finally:
            gate.open.set()


def test_a_stop_waits_for_the_start() -> None:
    """A job that is terminated while it starts is stopped as soon as it runs."""
    gate = Gate()
    with Engine(limits=QUICK, executor=gate) as engine:
        desk = Desk(engine, [], [])
        job = desk.submit()
        assert gate.waiting.acquire(timeout=20)
        desk.batch.terminate_job(jobId=job, reason="enough")
        assert gate.stopped == []
        gate.open.set()
        ended = desk.until(job, "FAILED")
        assert (ended["statusReason"], ended["container"]["exitCode"]) == ("enough", 143)
        assert len(gate.stopped) == 1


def test_an_end_is_reported_after_the_start() -> None:
    """A process that is over before its start was reported still was RUNNING, in the events too."""
    states: list[str] = []
    with Engine(
        limits=QUICK, executor=Hasty(), events=lambda event: states.append(event["detail"]["status"])
    ) as engine:
        desk = Desk(engine, [], [])
        job = desk.until(desk.submit(), "SUCCEEDED")
        assert job["startedAt"] <= job["stoppedAt"]
        wait_for(lambda: "SUCCEEDED" in states)
    assert states[-3:] == ["STARTING", "RUNNING", "SUCCEEDED"]
