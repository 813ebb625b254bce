"""Supervises one job: lets a worker do the work, writes its results, and says whether the work was done."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from sluice.items.failed_items import where
from sluice.run.compiled import Kind
from sluice.runtime.exit_codes import FAILED, STOPPED, TRY_AGAIN
from sluice.runtime.failure_report import report_failure
from sluice.runtime.kinds.multi_node import failure_of_another_node, has_result
from sluice.runtime.kinds.plan import announce, is_announced
from sluice.runtime.step_context import StepContext
from sluice.runtime.step_function import StepFunction
from sluice.runtime.stored.result_parts import Parts, earlier_results, failed_parts, result_parts
from sluice.runtime.supervisor.failed_items import end_with_failed_items, max_failed_of
from sluice.runtime.supervisor.progress import Progress
from sluice.runtime.supervisor.words import earlier_word, put_word, write_word
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
        failures = failed_parts(context.s3, context.settings.work_bucket, context.job)
        self.progress = Progress(context.job, parts, failures)
        with self.progress:
            end = self._work(context, self.progress)
        if end.has_returned and isinstance(end.outcome, Returned):
            return _settled(context, end.outcome, self.progress)
        if end.stopped:
            return STOPPED
        if isinstance(end.outcome, Failed):
            return self._failed(context, end.outcome, self.progress, end.stderr)
        failure = _failure_of(end, context, self.progress)
        value = self.progress.item[1] if self.progress.item else None
        bucket = context.settings.work_bucket
        report_failure(failure, context.job, lambda: context.s3, bucket, end.stderr, value=value)
        return end.exit_code

    def _work(self, context: StepContext, progress: Progress) -> End:
        """Have the work done, by a new worker behind each item that ended one, and return how that ended."""
        while True:
            done = context.finished | progress.done
            rest = replace(context, finished=done, failed=frozenset(progress.failed_numbers))
            end = self.worker.run(partial(do_work, rest, self.function), progress)
            progress.stderr = progress.stderr or end.stderr
            if end.outcome is not None or end.stopped or progress.item is None or not context.step.continues:
                return end
            failure = _failure_of(end, context, progress)
            print(f"{_item(context, progress)}: {failure.message}", file=sys.stderr, flush=True)
            progress.failed(failure, end.exit_code)
            # What waits to be written would be copied into the next worker, which would write it at its end.
            progress.flush()

    def _failed(
        self, context: StepContext, failure: Failed, progress: Progress, stderr: tuple[str, ...]
    ) -> int:
        job = context.job
        if failure.is_transient and not self.begun and job.is_repeated:
            found = f"{failure.error}: {failure.message}"
            print(f"{job.step} of {job.run} is to be tried again. {found}", file=sys.stderr, flush=True)
            return TRY_AGAIN
        value = progress.item[1] if progress.item else None
        report_failure(failure, job, lambda: context.s3, context.settings.work_bucket, stderr, value=value)
        return FAILED


def _settled(context: StepContext, returned: Returned, progress: Progress) -> int:
    """Say that all items are settled, and return the exit code of the job."""
    announce(context, returned)
    write_word(context, progress)
    if progress.failed_numbers:
        return end_with_failed_items(context, progress)
    return _succeeded(context, returned.text)


def _succeeded(context: StepContext, text: str) -> int:
    job = context.job
    print(f"{job.step} of {job.run}, child {job.child}: {text}", flush=True)
    return 0


def _done_earlier(context: StepContext) -> str | None:
    """Return who has done this job's work already; None when it is still to be done."""
    kind = context.step.kind
    if kind is Kind.PLAN and is_announced(context):
        return "planned by an earlier attempt"
    word = earlier_word(context)
    if word is not None:
        # What failed is worked on again, where that is not tolerated.
        is_done = not word.failed or max_failed_of(context, word.memory) is not None
        return "done by an earlier attempt" if is_done else None
    if kind is not Kind.MULTI_NODE or not has_result(context):
        return None
    put_word(context, 1)
    return "done by an earlier attempt"


def _with_earlier_results(context: StepContext) -> tuple[StepContext, Parts]:
    """Return the context with the items that earlier attempts finished, and where results are written."""
    if context.step.kind is not Kind.ARRAY:
        return context, result_parts(context.s3, context.settings.work_bucket, context.job)
    parts, finished = earlier_results(context.s3, context.settings.work_bucket, context.job)
    return replace(context, finished=frozenset(finished)), parts


def _failure_of(end: End, context: StepContext, progress: Progress) -> Failed:
    """Return what to report of a worker that ended without having done its work."""
    number = progress.item[0] if progress.item else None
    message = str(end)
    if context.step.kind is Kind.ARRAY and number is None:
        message = f"child {context.job.child}, attempt {context.job.attempt}: {message}"
    if context.job.node is not None and (cause := failure_of_another_node(context)):
        message = f"{cause}; then the main node failed: {message}"
    return Failed(error="WorkerEndedError", message=message, item=number, memory=end.is_killed)


def _item(context: StepContext, progress: Progress) -> str:
    number, value = progress.item or (0, "{}")
    return where(number, value, context.job.child, context.job.attempt)
