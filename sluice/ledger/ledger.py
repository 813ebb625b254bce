"""The ledger: runs, their steps and what was submitted, in one DynamoDB table.

Items: ``pk = RUN#<run id>``; ``sk = RUN`` (the run), ``STEP#<step>`` (a claimed step). A step that waits has
no item. The sparse index ``unfinished`` holds the runs that have not ended, for the sweep. Every write is
conditional, so any may come twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from sluice.aws.table import DynamoDB, Item, Table, condition_failed
from sluice.ledger import records as items
from sluice.limits import MAX_TRANSACTION_ITEMS
from sluice.messages import Planned
from sluice.run.compiled import CompiledPipeline
from sluice.run.state import Run, RunState, StepRecord, StepState
from sluice.run.submission import Submission

MAX_CLAIMS = MAX_TRANSACTION_ITEMS - 1
"""Steps that can be claimed at once; the run is one item of the transaction beside them."""
UNFINISHED_INDEX = "unfinished"
# What concerns one generation of a step never touches another, however late it comes.
_SAME = "#generation = :generation"
_ABANDONED = f"#claimed_at = :then AND #state = :claimed AND attribute_not_exists(job_id) AND {_SAME}"
_REGISTERED = "(attribute_not_exists(#job_id) OR #job_id = :job_id)"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a job reads from the ledger at its start: its step's record (None when there is none) and its
    run.
    """

    step: StepRecord | None
    trigger: Mapping[str, Any]
    pipeline: CompiledPipeline
    state: RunState = RunState.RUNNING


class Ledger:
    """Reads and writes runs; ``client`` is a low-level DynamoDB client."""

    def __init__(self, client: DynamoDB, table: str) -> None:
        self._table = Table(client, table)

    def start(self, run: Run, claims: Sequence[Submission]) -> bool:
        """Write a new run and claim its first steps, all or nothing; return False when the run exists
        already.

        Its finished steps and the claims are at most MAX_CLAIMS together.
        """
        done = [self._put(items.step_item(run.run_id, step)) for step in run.steps.values()]
        claimed = [self._claim(run.run_id, claim, run.created_at) for claim in claims]
        return self._transact([self._put(items.run_item(run)), *done, *claimed])

    def claim(self, run_id: str, claims: Sequence[Submission], now: str) -> bool:
        """Claim at most MAX_CLAIMS steps, all or nothing; a later generation replaces the previous one, which
        must have failed.

        Return False when one of them is claimed already, or the run has ended: then load the run again.
        """
        return self._transact(
            [self._unended(run_id, now), *(self._claim(run_id, claim, now) for claim in claims)]
        )

    def renew_claim(self, run_id: str, record: StepRecord, now: str) -> bool:
        """Take over a claim whose owner seems to be gone; return False when another invocation was faster."""
        return self._update(
            run_id,
            record.name,
            "SET #claimed_at = :now",
            _ABANDONED,
            items.names("claimed_at", "state", "generation"),
            {**items.values(now=now), **_abandoned(record)},
        )

    def claim_next_generation(self, run_id: str, record: StepRecord, claim: Submission, now: str) -> bool:
        """Claim the generation after one whose job timed out waiting for its registration; return False when
        another invocation has changed that claim.
        """
        put = self._claim(run_id, claim, now)
        put["Put"] |= {
            "ConditionExpression": _ABANDONED,
            "ExpressionAttributeNames": items.names("claimed_at", "state", "generation"),
            "ExpressionAttributeValues": _abandoned(record),
        }
        return self._transact([self._unended(run_id, now), put])

    def record_submitted(
        self, run_id: str, job_ids: Mapping[str, str], generations: Mapping[str, int] | None = None
    ) -> None:
        """Register the jobs of claimed steps, whose generation is 0 when none is given.

        A step that has another job by now, or another generation, stays as it is; a job that is not
        registered ends itself.
        """
        known = generations or {}
        for group in _groups(sorted(job_ids.items())):
            writes: list[Item] = [
                {"Update": self._submitted(run_id, step, known.get(step, 0), job_id)}
                for step, job_id in group
            ]
            if not self._transact(writes) and len(group) > 1:
                for step, job_id in group:
                    self.record_submitted(run_id, {step: job_id}, known)

    def record_plan(self, message: Planned) -> bool:
        """Record the items of a plan; return False when another job or generation is registered, or the items
        are recorded already.
        """
        return self._update(
            message.run,
            message.step,
            "SET #items = :items, #manifest = :manifest, #job_id = :job_id",
            f"attribute_not_exists(#manifest) AND {_SAME} AND {_REGISTERED}",
            items.names("items", "manifest", "job_id", "generation"),
            items.values(
                items=message.items,
                manifest=message.manifest,
                job_id=message.job_id,
                generation=message.generation,
            ),
        )

    def record_end(
        self,
        run_id: str,
        step: str,
        state: StepState,
        *,
        generation: int = 0,
        job_id: str | None = None,
        reason: str | None = None,
        succeeded: int | None = None,
        failed_children: str | None = None,
    ) -> bool:
        """Record how a step's job ended, of an array with how many children succeeded, and which failed where
        that is known; return False when this job is not registered, or fails after it has succeeded.

        A job that ended before it was registered is registered now if it succeeded. If it failed it may never
        have begun: it timed out waiting for its registration, or a parent did. The look-up of its name
        decides that, once its claim is old enough.
        """
        facts = {"job_id": job_id, "succeeded": succeeded, "failed_children": failed_children}
        more = {name: value for name, value in facts.items() if value is not None}
        values = items.values(state=state, reason=reason or "", generation=generation, **more)
        registered = _REGISTERED
        if state is StepState.FAILED:
            # What proved the success may be gone when the same end is reported again.
            registered = "#job_id = :job_id AND #state <> :succeeded_state"
            values |= items.values(succeeded_state=StepState.SUCCEEDED) if job_id else {}
        return self._update(
            run_id,
            step,
            "SET #state = :state, #reason = :reason" + "".join(f", #{name} = :{name}" for name in more),
            f"{_SAME} AND {registered if job_id else 'attribute_not_exists(job_id)'}",
            items.names("state", "reason", "generation", *more),
            values,
        )

    def record_failed_children(
        self, run_id: str, record: StepRecord, failed_children: str, interrupted_children: str | None = None
    ) -> bool:
        """Record which children of a failed step failed, and which of them by spot interruptions; return
        False when it has been claimed again meanwhile.
        """
        more = {} if interrupted_children is None else {"reclaimed_children": interrupted_children}
        return self._update(
            run_id,
            record.name,
            "SET #failed_children = :failed_children" + "".join(f", #{name} = :{name}" for name in more),
            f"#state = :failed AND {_SAME}",
            items.names("failed_children", "state", "generation", *more),
            items.values(
                failed_children=failed_children, failed=StepState.FAILED, generation=record.generation, **more
            ),
        )

    def record_failed_step(self, run_id: str, step: str) -> bool:
        """Record the step that makes an unfinished run fail; return False when one is recorded already, or
        the run has ended.
        """
        return self._table.update(
            items.run_key(run_id),
            "SET #failed_step = :step",
            "#unfinished = :open AND attribute_not_exists(#failed_step)",
            items.names("failed_step", "unfinished"),
            items.values(step=step, open=items.UNFINISHED),
        )

    def finish(
        self,
        run_id: str,
        state: RunState,
        now: str,
        failed_step: str | None = None,
        *,
        reopened: int | None = None,
        cleanup_on: str | None = None,
    ) -> bool:
        """Record the end of a run, once; return False when it has ended already, or was reopened more often
        than ``reopened``, if given.

        ``cleanup_on`` is the day on which the sweep is to find it again, to remove what it left.
        """
        more = {} if reopened is None else {"reopened": reopened}
        since = "" if reopened is None else " AND (attribute_not_exists(#reopened) OR #reopened <= :reopened)"
        due = {} if cleanup_on is None else {"due": items.cleanup_due(cleanup_on)}
        update = "SET #state = :state, #ended_at = :now, #failed_step = :failed_step"
        return self._table.update(
            items.run_key(run_id),
            update + (", #unfinished = :due" if due else " REMOVE #unfinished"),
            f"#unfinished = :open{since}",
            items.names("state", "ended_at", "failed_step", "unfinished", *more),
            items.values(
                state=state, now=now, failed_step=failed_step or "", open=items.UNFINISHED, **more, **due
            ),
        )

    def claim_cleanup(self, run_id: str, cleanup: Submission, now: str) -> bool:
        """Claim the cleanup of a failed run, which cannot be reopened from then on; return False when it was
        reopened, or its cleanup is claimed already.
        """
        close: Item = {
            "Update": {
                "TableName": self._table.name,
                "Key": items.run_key(run_id),
                "UpdateExpression": "SET #cleaned = :now REMOVE #unfinished",
                "ConditionExpression": "#state = :failed AND attribute_not_exists(#cleaned)",
                "ExpressionAttributeNames": items.names("cleaned", "unfinished", "state"),
                "ExpressionAttributeValues": items.values(now=now, failed=RunState.FAILED),
            }
        }
        return self._transact([close, self._claim(run_id, cleanup, now)])

    def cleanup_due(self, day: str) -> Iterator[str]:
        """Yield the ids of the failed runs whose objects are to be removed on this day."""
        condition, values = "unfinished = :due", items.values(due=items.cleanup_due(day))
        for item in self._table.pages(
            IndexName=UNFINISHED_INDEX, KeyConditionExpression=condition, ExpressionAttributeValues=values
        ):
            yield item["pk"]["S"].removeprefix(items.RUN_PREFIX)

    def reopen(self, run: Run) -> bool:
        """Resume a failed run, with one more try for what failed; return False when it is not as it was when
        it was loaded.
        """
        return self._table.update(
            items.run_key(run.run_id),
            "SET #state = :running, #unfinished = :open, #reopened = :reopened REMOVE #ended_at,"
            " #failed_step",
            "#state = :failed AND #ended_at = :ended_at AND attribute_not_exists(#cleaned)",
            items.names("state", "unfinished", "reopened", "ended_at", "failed_step", "cleaned"),
            items.values(
                running=RunState.RUNNING,
                open=items.UNFINISHED,
                reopened=run.reopened + 1,
                failed=RunState.FAILED,
                ended_at=run.ended_at or "",
            ),
        )

    def load(self, run_id: str) -> Run | None:
        """Return a run with its steps as they are now, or None for a run that the ledger does not know."""
        own = items.values(pk=items.pk(run_id))
        found = list(
            self._table.pages(
                KeyConditionExpression="pk = :pk", ExpressionAttributeValues=own, ConsistentRead=True
            )
        )
        runs = [item for item in found if item["sk"]["S"] == items.RUN]
        return items.run_of(runs[0], found) if runs else None

    def assignment(self, run_id: str, step: str) -> Assignment | None:
        """Return what a job of this step needs to know, in one call; None for an unknown run."""
        keys = [items.run_key(run_id), items.step_key(run_id, step)]
        found = {item["sk"]["S"]: item for item in self._table.items(keys)}
        if items.RUN not in found:
            return None
        run, record = items.run_from(found[items.RUN], []), found.get(items.STEP + step)
        return Assignment(items.step_from(record) if record else None, run.trigger, run.pipeline, run.state)

    def unfinished(self, before: str) -> Iterator[str]:
        """Yield the ids of the runs that were created before this time and have not ended."""
        condition, values = (
            "unfinished = :open AND created_at < :before",
            items.values(open=items.UNFINISHED, before=before),
        )
        for item in self._table.pages(
            IndexName=UNFINISHED_INDEX, KeyConditionExpression=condition, ExpressionAttributeValues=values
        ):
            yield item["pk"]["S"].removeprefix(items.RUN_PREFIX)

    def try_begin(self, run_id: str, event: str, now: str, stale: str = "") -> bool:
        """Begin an event of a run, such as an alert, and return whether this caller is the one to do it.

        It is when no caller has begun it, or one did before ``stale`` and never completed it. ``now``
        identifies the caller: the SDK's own repetition of this write, after an answer that was lost, is the
        same caller.
        """
        return self._table.update(
            items.event_key(run_id, event),
            "SET #at = :now, #expires_at = :expires_at",
            "attribute_not_exists(pk) OR (attribute_not_exists(#done) AND (#at = :now OR #at < :stale))",
            items.names("at", "expires_at", "done"),
            items.values(now=now, expires_at=items.expires_at(now), stale=stale),
        )

    def complete(self, run_id: str, event: str) -> None:
        """Record that the event which ``try_begin`` let this caller do is done."""
        self._table.update(
            items.event_key(run_id, event),
            "SET #done = :yes",
            "attribute_exists(pk)",
            items.names("done"),
            items.values(yes="yes"),
        )

    def abandon(self, run_id: str, event: str) -> None:
        """Undo ``try_begin``, because the event could not be done after all."""
        self._table.delete(items.event_key(run_id, event))

    def _claim(self, run_id: str, claim: Submission, now: str) -> Item:
        state = StepState.CLAIMED if claim.children else StepState.EMPTY
        record = StepRecord(
            name=claim.step.name,
            state=state,
            generation=claim.generation,
            children=claim.children,
            item_source=claim.item_source,
            claimed_at=now,
            spec=claim.spec,
        )
        put = self._put(items.step_item(run_id, record))
        return put if claim.generation == 0 else {"Put": {**put["Put"], **_replacing(claim.generation - 1)}}

    def _unended(self, run_id: str, now: str) -> Item:
        """Return what makes a transaction fail when the run has ended: nothing is claimed after a run was
        cancelled.

        A write and no ConditionCheck, which would be one more permission and costs the same.
        """
        return {
            "Update": {
                "TableName": self._table.name,
                "Key": items.run_key(run_id),
                "UpdateExpression": "SET #claimed_at = :now",
                "ConditionExpression": "#unfinished = :open",
                "ExpressionAttributeNames": items.names("claimed_at", "unfinished"),
                "ExpressionAttributeValues": items.values(now=now, open=items.UNFINISHED),
            }
        }

    def _put(self, item: Item) -> Item:
        return {
            "Put": {
                "TableName": self._table.name,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }

    def _submitted(self, run_id: str, step: str, generation: int, job_id: str) -> Item:
        return {
            "TableName": self._table.name,
            "Key": items.step_key(run_id, step),
            # The job's end may have been recorded already; then only its id is.
            "UpdateExpression": "SET #job_id = :job_id, #submitted = :submitted",
            "ConditionExpression": f"{_SAME} AND {_REGISTERED}",
            "ExpressionAttributeNames": items.names("job_id", "submitted", "generation"),
            "ExpressionAttributeValues": items.values(job_id=job_id, submitted="yes", generation=generation),
        }

    def _transact(self, writes: list[Item]) -> bool:
        try:
            self._table.transact(writes)
        except ClientError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def _update(
        self,
        run_id: str,
        step: str,
        update: str,
        condition: str,
        names: dict[str, str],
        values: Item,
    ) -> bool:
        return self._table.update(items.step_key(run_id, step), update, condition, names, values)


def _replacing(generation: int) -> Item:
    """Return the condition of a claim that replaces a failed generation."""
    return {
        "ConditionExpression": f"{_SAME} AND attribute_not_exists(#manifest) AND "
        "(#state = :failed OR (#state = :succeeded AND attribute_exists(#carried)))",
        "ExpressionAttributeNames": items.names("generation", "state", "manifest", "carried"),
        "ExpressionAttributeValues": items.values(
            generation=generation, failed=StepState.FAILED, succeeded=StepState.SUCCEEDED
        ),
    }


def _abandoned(record: StepRecord) -> Item:
    """Return the values of the condition that a claim is as it was read."""
    return items.values(then=record.claimed_at, claimed=StepState.CLAIMED, generation=record.generation)


def _groups(things: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(things), MAX_TRANSACTION_ITEMS):
        yield things[start : start + MAX_TRANSACTION_ITEMS]
