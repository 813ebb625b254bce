"""The word of a job or child: one last object, whose key says what was done.

See docs/decisions/0022-success-is-proven.md, and 0028 for failed items.
"""

from __future__ import annotations

from sluice import keys
from sluice.run.compiled import Kind
from sluice.run.failures.words import Word, newest_words
from sluice.runtime.step_context import StepContext
from sluice.runtime.stored.result_parts import part_keys
from sluice.runtime.supervisor.progress import Progress


def earlier_word(context: StepContext) -> Word | None:
    """Return the word of an earlier attempt, if there is one; the first attempt does not look."""
    job = context.job
    if job.attempt == 1 or not _has_words(context):
        return None
    prefix = keys.child_words_prefix(job.run, job.step, job.generation, job.child)
    return newest_words(part_keys(context.s3, context.settings.work_bucket, prefix)).get(job.child)


def write_word(context: StepContext, progress: Progress) -> None:
    """Say that all items are settled, and how. A plan's word is the announcement of its items."""
    done = len(context.finished) + progress.results
    put_word(context, done, len(progress.failed_numbers), progress.parts.count, progress.memory)


def put_word(context: StepContext, done: int, failed: int = 0, parts: int = 0, memory: int = 0) -> None:
    """Write a word with these counts."""
    job = context.job
    if _has_words(context):
        key = keys.word(
            job.run, job.step, job.generation, job.child, done=done, failed=failed, parts=parts, memory=memory
        )
        context.s3.put_object(Bucket=context.settings.work_bucket, Key=key, Body=b"")


def _has_words(context: StepContext) -> bool:
    """Return whether this job has a word: of nodes, it is the main node's."""
    is_first = context.job.node is None or context.job.node.is_main
    return context.step.kind is not Kind.PLAN and is_first
