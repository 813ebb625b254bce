"""The writes by which a run that has ended goes on, perhaps with another pipeline and with steps undone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sluice.ledger import listed
from sluice.ledger import records as items
from sluice.run.reopening import UNCHANGED, Reopening
from sluice.run.state import GenerationSpec, Run, RunState, StepRecord, StepState

Item = items.Item
_AS_LOADED = "#state = :was AND #ended_at = :ended_at AND attribute_not_exists(#cleaned)"
DISCARDED = "what it had done was thrown away, to run with the current code"
REPEATED = "its failed items, which were tolerated, are repeated"
CLEANUP_AGAIN = "it failed, and a person had it run again"
OUTDATED = "what it had done was thrown away: a step whose failure it had seen runs again"


def reopened(table: str, run: Run, change: Reopening) -> Item:
    """Return the write that resumes a run that is as it was loaded."""
    more: dict[str, Any] = {}
    waits = (change.pipeline or run.pipeline).concurrency
    state = RunState.WAITING if waits else RunState.RUNNING
    more |= listed.state_attributes(run.run_id, state)
    if change.pipeline is not None:
        more["definition"] = items.definition_of(change.pipeline)
    return {
        "Update": {
            "TableName": table,
            "Key": items.run_key(run.run_id),
            "UpdateExpression": "SET #state = :running, #unfinished = :open, #reopened = :reopened"
            + "".join(f", #{name} = :{name}" for name in more)
            + " REMOVE #ended_at, #failed_step",
            "ConditionExpression": _AS_LOADED,
            "ExpressionAttributeNames": items.names(
                "state", "unfinished", "reopened", "ended_at", "failed_step", "cleaned", *more
            ),
            "ExpressionAttributeValues": items.values(
                running=state,
                open=items.UNFINISHED,
                reopened=run.reopened + 1,
                was=run.state,
                ended_at=run.ended_at or "",
                **more,
            ),
        }
    }


def cleanup_repeated(table: str, run: Run, record: StepRecord, now: str) -> Iterator[Item]:
    """Yield the writes by which a run that succeeded is open for its cleanup alone, whose ``record`` is that
    of one that failed: it is resumed no more often than before, and needs no turn.
    """
    write = reopened(table, run, UNCHANGED)
    values: dict[str, str | int] = {
        "running": RunState.RUNNING,
        "reopened": run.reopened,
        **listed.state_attributes(run.run_id, RunState.RUNNING),
    }
    write["Update"]["ExpressionAttributeValues"] |= items.values(**values)
    yield write
    yield _put(table, run, record, discarded(record, now, CLEANUP_AGAIN))


def unchanged(table: str, run: Run, now: str) -> Item:
    """Return what makes a transaction fail when a run that has ended is not as it was loaded.

    A write and no ConditionCheck, which would be one more permission and costs the same.
    """
    return {
        "Update": {
            "TableName": table,
            "Key": items.run_key(run.run_id),
            "UpdateExpression": "SET #claimed_at = :now",
            "ConditionExpression": _AS_LOADED,
            "ExpressionAttributeNames": items.names("state", "ended_at", "cleaned", "claimed_at"),
            "ExpressionAttributeValues": items.values(now=now, was=run.state, ended_at=run.ended_at or ""),
        }
    }


def rewritten(table: str, run: Run, change: Reopening, now: str) -> Iterator[Item]:
    """Yield the writes of the steps that are undone or taken away."""
    for name in change.discarded:
        yield _put(table, run, run.steps[name], discarded(run.steps[name], now))
    for name, children in change.repeated:
        yield _repeated(table, run, run.steps[name], children)
    for name in change.outdated:
        yield _put(table, run, run.steps[name], discarded(run.steps[name], now, OUTDATED))
    for name in change.removed:
        key = items.step_key(run.run_id, name)
        yield {"Delete": {"TableName": table, "Key": key, **_as_loaded(run.steps[name])}}


def discarded(record: StepRecord, now: str, reason: str = DISCARDED) -> StepRecord:
    """Return a step of which nothing is done any more; its generations go on, so that no job has a name that
    an earlier one had.
    """
    return StepRecord(
        name=record.name,
        state=StepState.FAILED,
        generation=record.generation,
        reason=reason,
        claimed_at=now,
        spec=GenerationSpec(reopened=record.spec.reopened),
        code=record.code,
        discarded=True,
    )


def _put(table: str, run: Run, before: StepRecord, after: StepRecord) -> Item:
    item = items.step_item(run.run_id, after)
    return {"Put": {"TableName": table, "Item": item, **_as_loaded(before)}}


def _repeated(table: str, run: Run, record: StepRecord, children: str) -> Item:
    """Return the write by which an array has failed that had succeeded without the items of these
    children.
    """
    found = _as_loaded(record)
    return {
        "Update": {
            "TableName": table,
            "Key": items.step_key(run.run_id, record.name),
            "UpdateExpression": "SET #state = :failed, #failed_children = :children, #reason = :reason",
            "ConditionExpression": found["ConditionExpression"],
            "ExpressionAttributeNames": found["ExpressionAttributeNames"]
            | items.names("failed_children", "reason"),
            "ExpressionAttributeValues": found["ExpressionAttributeValues"]
            | items.values(failed=StepState.FAILED, children=children, reason=REPEATED),
        }
    }


def _as_loaded(record: StepRecord) -> Item:
    # A claimed step with a job is called a submitted one.
    state = StepState.CLAIMED if record.state is StepState.SUBMITTED else record.state
    return {
        "ConditionExpression": "#generation = :generation AND #state = :state",
        "ExpressionAttributeNames": items.names("generation", "state"),
        "ExpressionAttributeValues": items.values(generation=record.generation, state=state),
    }
