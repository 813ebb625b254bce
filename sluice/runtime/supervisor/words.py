"""The word of a job or child: one last object, whose key says that the work was done.

See docs/decisions/0022-success-is-proven.md.
"""

from __future__ import annotations

from sluice import keys
from sluice.run.compiled import Kind
from sluice.runtime.result_parts import part_keys
from sluice.runtime.step_context import StepContext


def has_word(context: StepContext) -> bool:
    """Return whether an earlier attempt has done the work; the first attempt does not look."""
    job = context.job
    if job.attempt == 1 or not _has_words(context):
        return False
    prefix = keys.child_words_prefix(job.run, job.step, job.generation, job.child)
    return any(part_keys(context.s3, context.settings.work_bucket, prefix))


def write_word(context: StepContext, done: int) -> None:
    """Say that the work is done, with how many items. A plan's word is the announcement of its items."""
    job = context.job
    if _has_words(context):
        key = keys.word(job.run, job.step, job.generation, job.child, done=done)
        context.s3.put_object(Bucket=context.settings.work_bucket, Key=key, Body=b"")


def _has_words(context: StepContext) -> bool:
    """Return whether this job has a word: of nodes, it is the main node's."""
    is_first = context.job.node is None or context.job.node.is_main
    return context.step.kind is not Kind.PLAN and is_first
