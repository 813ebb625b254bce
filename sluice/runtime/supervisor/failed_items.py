"""What becomes of a child that has failed items: it fails, or they are tolerated. See docs/decisions/0028."""

from __future__ import annotations

from sluice import keys
from sluice.counted import counted
from sluice.messages import TooManyFailed
from sluice.run.failures.tolerance import max_failed_now
from sluice.run.failures.words import items_of, newest_words
from sluice.run.step_graph import StepGraph
from sluice.runtime.failure_report import report_failure
from sluice.runtime.step_context import StepContext
from sluice.runtime.stored.result_parts import part_keys
from sluice.runtime.supervisor.progress import Progress


def max_failed_of(context: StepContext, memory: int) -> int | None:
    """Return how many items of the step may fail in this generation, None where one fails the step."""
    record = context.assignment.step
    if record is None:
        return None
    graph = StepGraph(context.assignment.pipeline)
    return max_failed_now(graph, record.name, record.spec, items_of(record), memory)


def end_with_failed_items(context: StepContext, progress: Progress) -> int:
    """Return the exit code of a child that has written its word, with failed items in it."""
    allowed, job = max_failed_of(context, progress.memory), context.job
    if allowed is None:
        report_first(context, progress)
        return progress.exit_code
    failed = counted(len(progress.failed_numbers), "item")
    print(f"{job.step} of {job.run}, child {job.child}: {failed} failed, which is tolerated", flush=True)
    so_far, memory = failed_so_far(context)
    if so_far > allowed and max_failed_of(context, memory) is not None:
        report_first(context, progress)
        message = TooManyFailed(
            run=job.run,
            step=job.step,
            generation=job.generation,
            job_id=job.job_id,
            failed=so_far,
        )
        context.sns().publish(TopicArn=context.settings.plan_topic, Message=message.to_json())
    return 0


def failed_so_far(context: StepContext) -> tuple[int, int]:
    """Return how many items of the step have failed for certain, and how many of them for want of memory: a
    listing for each thousand words.
    """
    prefix = keys.all_words_prefix(context.job.run, context.job.step)
    words = newest_words(part_keys(context.s3, context.settings.work_bucket, prefix)).values()
    return sum(word.failed for word in words), sum(word.memory for word in words)


def report_first(context: StepContext, progress: Progress) -> None:
    """Report the first failure of the child."""
    if progress.first_failure is not None:
        failure, value = progress.first_failure
        report_failure(
            failure,
            context.job,
            lambda: context.s3,
            context.settings.work_bucket,
            progress.stderr,
            value=value,
            failed=len(progress.failed_numbers),
        )
