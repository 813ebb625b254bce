"""Workers whose process ends before its time, and results that are deleted before they are read."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from typing import Any

from sluice import keys
from sluice.run.compiled import Kind
from sluice.runtime.result_parts import part_keys
from sluice.runtime.worker.ends import End, Listener
from sluice.runtime.worker.in_process import InProcessWorker
from sluice.runtime.worker.report import Outcome, Report

ENDS: Mapping[str, int] = {
    "exit code 0": 0,
    "exit code 3": 3,
    "a crash": -signal.SIGSEGV,
    "the memory killer": -signal.SIGKILL,
}


class _GoneError(BaseException):
    """The worker's process is gone."""


class DyingWorker(InProcessWorker):
    """Ends in the function's ``at``-th call of all, in the way that its ``status`` says; never again."""

    def __init__(self, at: int, status: int) -> None:
        self.calls = 0
        self._at, self._status = at, status

    def run(self, work: Callable[[Report], Outcome], listener: Listener) -> End:
        """Do the work, or begin it."""
        try:
            return super().run(lambda report: work(_Counted(report, self._begins)), listener)
        except _GoneError:
            return End(status=self._status)

    def _begins(self) -> None:
        self.calls += 1
        if self.calls - 1 == self._at:
            raise _GoneError


class _Counted:
    def __init__(self, report: Report, begins: Callable[[], None]) -> None:
        self._report, self._begins = report, begins

    def begins(self, item: int | None = None, value: str = "") -> None:
        """Pass it on, and count."""
        self._report.begins(item, value)
        self._begins()

    def finished(self, line: str) -> None:
        """Pass it on."""
        self._report.finished(line)


class DeletingWorker(InProcessWorker):
    """Deletes what a child of a step returned before a fan-in reads it."""

    def __init__(self, step: str, child: int) -> None:
        self._step, self._child = step, child

    def run(self, work: Callable[[Report], Outcome], listener: Listener) -> End:
        """Do the work of a job; that of a fan-in behind its back."""
        context: Any = work.args[0]  # type: ignore[attr-defined]  # a partial of do_work
        if context.step.kind is Kind.JOB:
            bucket = context.settings.work_bucket
            prefix = keys.child_results_prefix(context.job.run, self._step, self._child)
            objects = [{"Key": key} for key in part_keys(context.s3, bucket, prefix)]
            context.s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
        return super().run(work, listener)
