"""Records what becomes of each item while the jobs of a run work on it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sluice.runtime.worker.ends import End, Listener
from sluice.runtime.worker.in_process import InProcessWorker
from sluice.runtime.worker.report import Failed, Outcome, Report
from sluice.testing.faults import FaultPlan
from sluice.testing.logs import Logs, Place
from sluice.testing.memory.clients import JobClients


@dataclass(slots=True)
class ItemRecord:
    """What is known of an item: how often it was begun, and how the last attempt ended."""

    child: int
    attempts: int = 0
    is_done: bool = False
    result: Any = None
    error: str | None = None


@dataclass(slots=True)
class Recorder:
    """All items of a run, by step and number."""

    logs: Logs = field(default_factory=Logs)
    items: dict[str, dict[int, ItemRecord]] = field(default_factory=lambda: defaultdict(dict))

    def begins(self, step: str, child: int, number: int) -> None:
        """Note that the function is called for an item."""
        record = self.items[step].setdefault(number, ItemRecord(child))
        record.attempts += 1
        record.error = None

    def finished(self, step: str, child: int, line: str) -> None:
        """Note what the function returned."""
        document = json.loads(line)
        record = self.items[step].setdefault(document["i"], ItemRecord(child, attempts=1))
        record.is_done, record.result, record.error = True, document["r"], None

    def failed(self, step: str, child: int, number: int, error: str) -> None:
        """Note why an item failed."""
        record = self.items[step].setdefault(number, ItemRecord(child, attempts=1))
        record.error = error


class _WorkerKilledError(BaseException):
    """The process of the worker is gone."""


@dataclass(slots=True)
class RecordingWorker:
    """Does the work of one attempt here, and records it."""

    step: str
    child: int
    recorder: Recorder
    faults: FaultPlan
    clients: JobClients

    def run(self, work: Callable[[Report], Outcome], listener: Listener) -> End:
        """Do the work and return how it ended."""
        report = _Recorded(self, listener)
        try:
            end = InProcessWorker().run(lambda _: work(report), listener)
        except _WorkerKilledError as killed:
            end = End(status=killed.args[0])
        finally:
            self.recorder.logs.at(Place(self.step, self.child))
        self._record(end, report.item)
        return end

    def _record(self, end: End, item: int | None) -> None:
        outcome = end.outcome
        if isinstance(outcome, Failed) and outcome.item is not None:
            reason = f"{outcome.error}: {outcome.message}"
            self.recorder.failed(self.step, self.child, outcome.item, reason)
        elif outcome is None and item is not None:
            self.recorder.failed(self.step, self.child, item, str(end))


class _Recorded:
    """Passes on what is reported, and lets go wrong what is to."""

    def __init__(self, worker: RecordingWorker, report: Report) -> None:
        self._worker, self._report = worker, report
        self.item: int | None = None

    def begins(self, item: int | None = None, value: str = "") -> None:
        """Note the begin of an item, or of the whole work."""
        worker, self.item = self._worker, item
        worker.recorder.logs.at(Place(worker.step, worker.child, item))
        if item is not None:
            worker.recorder.begins(worker.step, worker.child, item)
        self._report.begins(item, value)
        if worker.faults.machine_lost(worker.step, item, after=False):
            worker.clients.lose()
        status = worker.faults.worker_killed(worker.step, item)
        if status is not None:
            raise _WorkerKilledError(status)

    def failed(self, failure: Failed) -> None:
        """Note why an item failed, behind which the work goes on."""
        worker = self._worker
        self._report.failed(failure)
        if failure.item is not None:
            reason = f"{failure.error}: {failure.message}"
            worker.recorder.failed(worker.step, worker.child, failure.item, reason)
        worker.recorder.logs.at(Place(worker.step, worker.child))
        self.item = None

    def finished(self, line: str) -> None:
        """Note the result of an item."""
        worker = self._worker
        if worker.faults.machine_lost(worker.step, self.item, after=True):
            worker.clients.lose()
        self._report.finished(line)
        worker.recorder.finished(worker.step, worker.child, line)
        worker.recorder.logs.at(Place(worker.step, worker.child))
        self.item = None
