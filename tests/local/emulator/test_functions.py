"""The processes of Lambda functions end, and not in the midst of an invocation."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from ministack.core import lambda_runtime

from local.emulator.functions import end_after_work, renew_lambda_workers, stop_lambda_workers
from tests.e2e.application import wait_for


@dataclass(eq=False)
class FakeWorker:
    """A worker whose process waits."""

    in_use: bool = False
    _proc: Any = field(default_factory=lambda: subprocess.Popen(["sleep", "600"]))

    def __post_init__(self) -> None:
        """Keep the process, which ministack takes out of a worker that it ends."""
        self.process = self._proc

    def _discard_tmpdir(self) -> None:
        """Nothing was unpacked."""

    @property
    def is_alive(self) -> bool:
        """Return whether its process is."""
        return self.process.poll() is None


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[FakeWorker]]:
    """One that is idle, and one that is at work."""
    made = [FakeWorker(), FakeWorker(in_use=True)]
    monkeypatch.setattr(lambda_runtime, "_workers", {"a": [made[0]], "b": [made[1]]})
    yield made
    for one in made:
        one.process.kill()
        one.process.wait()


def test_one_that_is_at_work_ends_after_its_invocation(workers: list[FakeWorker]) -> None:
    """The other at once; neither is given another invocation."""
    renew_lambda_workers()
    idle, busy = workers
    assert (idle.is_alive, busy.is_alive, lambda_runtime._workers) == (False, True, {})
    busy.in_use = False
    wait_for(lambda: not busy.is_alive, "the end of its process", 30)


def test_all_end_with_the_cloud(workers: list[FakeWorker]) -> None:
    """Whatever they are at."""
    stop_lambda_workers()
    assert [one.is_alive for one in workers] == [False, False]


def test_workers_that_are_none_are_passed_over() -> None:
    """As ministack does."""
    end_after_work([None])
