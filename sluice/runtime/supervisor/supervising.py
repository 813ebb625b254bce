"""Supervises one job: lets a worker do the work, writes its results, and says whether the work was done."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from sluice.run.compiled import Kind
from sluice.runtime.exit_codes import FAILED, STOPPED, TRY_AGAIN
from sluice.runtime.failure_report import report_failure
from sluice.runtime.kinds.multi_node import failure_of_another_node, has_result
from sluice.runtime.kinds.plan import announce, is_announced
from sluice.runtime.result_parts import Parts, earlier_results
from sluice.runtime.step_context import StepContext
from sluice.runtime.step_function import StepFunction
from sluice.runtime.supervisor.progress import Progress
from sluice.runtime.supervisor.words import has_word, write_word
from sluice.runtime.worker.ends import End, Listener
from sluice.runtime.worker.report import Failed, Outcome, Report, Returned
from sluice.runtime.worker.working import do_work


class Worker(Protocol):
    """Runs the user's function, somewhere."""

    def run(self, work: Callable[[Report], Outcome], listener: Listener) -> End:
        """Do the work and return how it ended."""


@dataclass(slots=True)
class Supervisor:
    """Supervises one job of the user's code."""

    function: StepFunction
    worker: Worker
    progress: Progress | None = field(default=None, init=False)

    @property
    def begun(self) -> bool:
        """Return whether the user's function was called."""
        return self.progress is not None and self.progress.begun

    def supervise(self, context: StepContext) -> int:
        """Have the work done, and return the exit code of the job."""
        if (earlier := _done_earlier(context)) is not None:
            return _succeeded(context, earlier)
        context, parts = _with_earlier_results(context)
        self.progress = Progress(parts)
        with self.progress:
            end = self.worker.run(partial(do_work, context, self.function), self.progress)
        if end.has_returned and isinstance(end.outcome, Returned):
            announce(context, end.outcome)
            write_word(context, len(context.finished) + self.progress.results)
            return _succeeded(context, end.outcome.text)
        if end.stopped:
            return STOPPED
        if isinstance(end.outcome, Failed):
            return self._failed(context, end.outcome)
        failure = _failure_of(end, context, self.progress)
        report_failure(failure, context.job, lambda: context.s3, context.settings.work_bucket)
        return end.exit_code

    def _failed(self, context: StepContext, failure: Failed) -> int:
        job = context.job
        if failure.is_transient and not self.begun and job.is_repeated:
            found = f"{failure.error}: {failure.message}"
            print(f"{job.step} of {job.run} is to be tried again. {found}", file=sys.stderr, flush=True)
            return TRY_AGAIN
        report_failure(failure, job, lambda: context.s3, context.settings.work_bucket)
        return FAILED


def _succeeded(context: StepContext, text: str) -> int:
    job = context.job
    print(f"{job.step} of {job.run}, child {job.child}: {text}", flush=True)
    return 0


def _done_earlier(context: StepContext) -> str | None:
    """Return who has done this job's work already; None when it is still to be done."""
    kind = context.step.kind
    if kind is Kind.PLAN and is_announced(context):
        return "planned by an earlier attempt"
    if not has_word(context):
        if kind is not Kind.MULTI_NODE or not has_result(context):
            return None
        write_word(context, 1)
    return "done by an earlier attempt"


def _with_earlier_results(context: StepContext) -> tuple[StepContext, Parts]:
    """Return the context with the items that earlier attempts finished, and where results are written."""
    if context.step.kind is not Kind.ARRAY:
        return context, Parts(context.s3, context.settings.work_bucket, context.job)
    parts, finished = earlier_results(context.s3, context.settings.work_bucket, context.job)
    return replace(context, finished=frozenset(finished)), parts


def _failure_of(end: End, context: StepContext, progress: Progress) -> Failed:
    """Return what to report of a worker that ended without having done its work."""
    where = [f"child {context.job.child}"] if context.step.kind is Kind.ARRAY else []
    number = None
    if progress.item is not None:
        number, value = progress.item
        where.append(f"item {number} {value}")
    message = f"{', '.join(where)}: {end}" if where else str(end)
    if context.job.node is not None and (cause := failure_of_another_node(context)):
        message = f"{cause}; then the main node failed: {message}"
    return Failed(error="WorkerEndedError", message=message, item=number)
