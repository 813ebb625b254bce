"""Ends an array of which more items have failed than its dependents tolerate: the rest would be for nothing.

A child says so (docs/decisions/0028); what it says is looked up in the words before anything is ended.
"""

from __future__ import annotations

from lambdas.consuming import count, logger
from sluice import keys
from sluice.aws.clients import client
from sluice.counted import counted
from sluice.items.object_store import list_keys
from sluice.messages import TooManyFailed
from sluice.run.failures.tolerance import max_failed_now
from sluice.run.failures.words import items_of, newest_words
from sluice.run.state import Run, StepState
from sluice.run.step_graph import StepGraph


def end_array(message: TooManyFailed, run: Run, bucket: str) -> None:
    """End the job of an array when the words of its children say that it cannot succeed any more.

    The end of the job is what the track Lambda records, as any other. Ending a job twice changes nothing.
    """
    record = run.steps[message.step]
    if record.state is not StepState.SUBMITTED or record.job_id is None:
        return
    items = items_of(record)
    prefix = keys.all_words_prefix(run.run_id, message.step)
    words = newest_words(list_keys(client("s3"), bucket, prefix)).values()
    failed, memory = sum(word.failed for word in words), sum(word.memory for word in words)
    allowed = max_failed_now(StepGraph(run.pipeline), message.step, record.spec, items, memory)
    # What was killed for memory may run again on larger machines.
    if allowed is None or failed <= allowed:
        logger.warning("An array was not ended: its words say less.", run=run.run_id, step=message.step)
        return
    reason = f"{failed:,} of {counted(items, 'item')} failed, and at most {allowed:,} may"
    client("batch").terminate_job(jobId=record.job_id, reason=reason)
    count("ArraysEndedEarly")
    logger.info("An array was ended early.", run=run.run_id, step=message.step, reason=reason)
