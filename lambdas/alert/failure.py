"""Collects the facts of a failed step from the ledger, from Batch and from its log."""

from __future__ import annotations

import os

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.alert.evidence import Evidence, gather
from lambdas.consuming import logger
from sluice.advance.failure_reports import last_lines_of_first_failure
from sluice.alerts.run_failed import Alert
from sluice.aws.clients import client
from sluice.errors import MalformedMessageError
from sluice.receipts.location import location_of_run
from sluice.run.failures.failed_cleanup import cleanup_of
from sluice.run.state import Run, StepRecord, StepState
from sluice.triggers.trigger_event import stored_trigger


def failure(run: Run, step: str, *, results_bucket: str, work_bucket: str) -> Alert:
    """Return the alert of a failed step; without a record its reason is that none is recorded.

    Where its log cannot be read, the last lines are those of the failure report.
    """
    try:
        trigger = stored_trigger(run.trigger)
    except (KeyError, TypeError) as error:
        raise MalformedMessageError(
            f"Expected a trigger that this version knows, found {str(run.trigger)[:200]} of {run.run_id}."
        ) from error
    record = run.steps.get(step)
    nodes = run.pipeline.step(step).nodes if record else 0
    is_cleanup = record is not None and record == cleanup_of(run)
    evidence = gather(record.job_id, record.size, nodes) if record and record.job_id else Evidence()
    return Alert(
        pipeline=run.pipeline.name,
        run_id=run.run_id,
        step=step,
        reason=_reason(record),
        trigger=trigger,
        children=record.size if record else 1,
        failed=evidence.failed,
        child=evidence.child,
        child_reason=evidence.child_reason,
        node=evidence.node,
        region=os.environ["AWS_REGION"],
        results_bucket=results_bucket,
        results=location_of_run(run, results_bucket).uri if run.pipeline.results else "",
        job_id=record.job_id if record else None,
        log_group=evidence.log_group,
        log_stream=evidence.log_stream,
        is_cleanup=is_cleanup,
        followed=run.pipeline.followed,
        log_lines=evidence.log_lines or _reported_lines(work_bucket, run.run_id, record),
    )


def _reported_lines(bucket: str, run_id: str, record: StepRecord | None) -> tuple[str, ...]:
    if record is None:
        return ()
    try:
        return last_lines_of_first_failure(client("s3"), bucket, run_id, record.name, record.generation)
    except (ClientError, BotoCoreError, ValueError, AttributeError) as error:
        logger.warning("The failure report could not be read.", step=record.name, error=str(error))
        return ()


def _reason(record: StepRecord | None) -> str:
    if record is not None and record.spec.deferred_children and record.state is StepState.SUCCEEDED:
        return (
            f"its children {record.spec.deferred_children} failed, and those that their machines ended"
            " succeeded on others"
        )
    return (record.reason if record else None) or "no reason is recorded"
