"""Collects the facts of a failed step from the ledger, from Batch and from its log."""

from __future__ import annotations

import os

from lambdas.alert.evidence import Evidence, gather
from sluice.alerts.run_failed import Alert
from sluice.errors import MalformedMessageError
from sluice.run.state import Run, StepRecord, StepState
from sluice.triggers.trigger_event import stored_trigger


def failure(run: Run, step: str, *, results_bucket: str, ledger_table: str) -> Alert:
    """Return the alert of a failed step; without a record its reason is that none is recorded."""
    try:
        trigger = stored_trigger(run.trigger)
    except (KeyError, TypeError) as error:
        raise MalformedMessageError(
            f"Expected a trigger that this version knows, found {str(run.trigger)[:200]} of {run.run_id}."
        ) from error
    record = run.steps.get(step)
    nodes = run.pipeline.step(step).nodes if record else 0
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
        ledger_table=ledger_table,
        job_id=record.job_id if record else None,
        log_group=evidence.log_group,
        log_stream=evidence.log_stream,
        log_lines=evidence.log_lines,
    )


def _reason(record: StepRecord | None) -> str:
    if record is not None and record.spec.deferred_children and record.state is StepState.SUCCEEDED:
        return (
            f"its children {record.spec.deferred_children} failed, and those that lost their machines"
            " succeeded on others"
        )
    return (record.reason if record else None) or "no reason is recorded"
