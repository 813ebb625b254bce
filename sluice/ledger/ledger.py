"""The ledger: runs, their steps and what was submitted, in one DynamoDB table.

Items: ``pk = RUN#<run id>``; ``sk = RUN`` (the run), ``STEP#<step>`` (a claimed step). A step that waits has
no item. The sparse index ``unfinished`` holds the runs that have not ended, for the sweep. Every write is
conditional, so any may come twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from sluice.aws.table import DynamoDB, Item, Table, condition_failed, failed_conditions
from sluice.ledger import listed, reopening
from sluice.ledger import records as items
from sluice.ledger.newest_versions import newest_version, with_newer_version
from sluice.ledger.pauses import PausedError, not_paused
from sluice.limits import MAX_TRANSACTION_ITEMS
from sluice.messages import Planned
from sluice.run.compiled import CompiledPipeline
from sluice.run.following import words_needed
from sluice.run.reopening import UNCHANGED, Reopening
from sluice.run.state import FollowUp, Run, RunState, StepRecord, StepState
from sluice.run.submission import Submission

MAX_CLAIMS = MAX_TRANSACTION_ITEMS - 3 - listed.MAX_ROWS
"""Steps that can be claimed at once; the run is one item of the transaction beside them, the condition that
its pipeline is not paused another, the newest version of the file that started it a third, and the rows by
which it is listed come with it.
"""
UNFINISHED_INDEX = "unfinished"
# What concerns one generation of a step never touches another, however late it comes.
_SAME = "#generation = :generation"
_ABANDONED = f"#claimed_at = :then AND #state = :claimed AND attribute_not_exists(job_id) AND {_SAME}"
_REGISTERED = "(attribute_not_exists(#job_id) OR #job_id = :job_id)"


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a job reads from the ledger at its start: its step's record (None when there is none) and its
    run, which ``began`` at this time and was resumed ``reopened`` times. ``records`` are those of the other
    steps that were asked for.
    """

    step: StepRecord | None
    trigger: Mapping[str, Any]
    pipeline: CompiledPipeline
    state: RunState = RunState.RUNNING
    began: str = ""
    reopened: int = 0
    records: Mapping[str, StepRecord] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of an attempt to record something of a step, and the step as it was ``before``; None where
    there is none.
    """

    done: bool
    before: StepRecord | None


class Ledger:
    """Reads and writes runs; ``client`` is a low-level DynamoDB client."""

    def __init__(self, client: DynamoDB, table: str) -> None:
        self._table = Table(client, table)

    @property
    def table(self) -> Table:
        """Return the table, which holds more than runs."""
        return self._table

    def start(self, run: Run, claims: Sequence[Submission], *, anyway: bool = False) -> bool:
        """Write a new run and claim its first steps, all or nothing; return False when the run exists
        already. Raises PausedError, with nothing written, while its pipeline is paused, unless it is to begin
        ``anyway``.

        Its finished steps and the claims are at most MAX_CLAIMS together. The trigger of a run of an old
        version says so, when the run of a newer one began before.
        """
        claimed = [self._claim(run.run_id, claim, run.created_at) for claim in claims]
        writes = [*self._new(run), *claimed]
        newest = newest_version(self._table.name, run)
        conditions = [] if anyway else [not_paused(self._table.name, run.pipeline.name, run.run_id)]
        try:
            self._table.transact([*writes, *conditions, *([newest] if newest else [])])
        except ClientError as error:
            if not condition_failed(error):
                raise
            failed = failed_conditions(error)
            if min(failed) < len(writes):
                return False
            if conditions and len(writes) in failed:
                raise PausedError(f"{run.pipeline.name} is paused.") from error
            # A newer version of the same file has its run already.
            return self.start(with_newer_version(run, error), claims, anyway=anyway)
        return True

    def claim(self, run_id: str, claims: Sequence[Submission], now: str, plan: Planned | None = None) -> bool:
        """Claim at most MAX_CLAIMS steps, all or nothing; a later generation replaces the previous one, which
        must have failed. With a ``plan`` of the registered job its items are recorded as well.

        Return False when one of them is claimed already, the run has ended, or the plan is not to be
        recorded: then load the run again.
        """
        claimed = [self._claim(run_id, claim, now) for claim in claims]
        planned = [{"Update": self._with_items(plan, registered=True)}] if plan else []
        return self._transact([self._unended(run_id, now), *claimed, *planned])

    def renew_claim(self, run_id: str, record: StepRecord, now: str) -> bool:
        """Take over a claim whose owner seems to be gone; return False when another invocation was faster."""
        owner = str(uuid.uuid4())
        return self._table.update(
            items.step_key(run_id, record.name),
            "SET #claimed_at = :now, #owner = :owner REMOVE #handed_back",
            _ABANDONED,
            items.names("claimed_at", "owner", "handed_back", "state", "generation"),
            {**items.values(now=now, owner=owner), **_abandoned(record)},
            is_own=lambda item: item.get("owner") == {"S": owner},
        )

    def claim_next_generation(self, run_id: str, record: StepRecord, claim: Submission, now: str) -> bool:
        """Claim the generation after one whose job timed out waiting for its registration; return False when
        another invocation has changed that claim.
        """
        put = _taking_over(self._claim(run_id, claim, now), record)
        return self._transact([self._unended(run_id, now), put])

    def record_submitted(
        self,
        run_id: str,
        job_ids: Mapping[str, str],
        generations: Mapping[str, int] | None = None,
        follow_ups: Mapping[str, FollowUp] | None = None,
    ) -> bool:
        """Register the jobs of at most 100 claimed steps, whose generation is 0 when none is given, all or
        nothing. ``follow_ups`` says of steps what their success asks for.

        Return False when a step has another job by now, or another generation: a job that is not registered
        ends itself.
        """
        known, follow = generations or {}, follow_ups or {}
        return self._transact(
            [
                {"Update": self._submitted(run_id, step, known.get(step, 0), job_id, follow.get(step))}
                for step, job_id in sorted(job_ids.items())
            ]
        )

    def hand_back(
        self, run_id: str, claim: Submission, claimed_at: str, denied_at: str | None = None
    ) -> bool:
        """Let others submit a step at once that its owner has claimed at this time, and will not submit;
        ``denied_at`` is since when IAM refuses that.
        """
        more = {} if denied_at is None else {"denied_at": denied_at}
        return self._update(
            run_id,
            claim.step.name,
            "SET #handed_back = :yes" + "".join(f", #{name} = :{name}" for name in more),
            _ABANDONED,
            items.names("handed_back", "claimed_at", "state", "generation", *more),
            items.values(
                yes="yes",
                then=claimed_at,
                claimed=StepState.CLAIMED,
                generation=claim.generation,
                **more,
            ),
        )

    def record_plan(self, message: Planned, *, registered: bool = False) -> bool:
        """Record the items of a plan; return False when another job or generation is registered, or the items
        are recorded already. With ``registered`` also when its job is not registered yet.
        """
        write = self._with_items(message, registered=registered)
        return self._update(
            message.run,
            message.step,
            write["UpdateExpression"],
            write["ConditionExpression"],
            write["ExpressionAttributeNames"],
            write["ExpressionAttributeValues"],
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
        failed_items: int | None = None,
        memory_children: str | None = None,
    ) -> bool:
        """Record how a step's job ended, of an array with how many children succeeded, which failed, and how
        many items, where that is known; return False when this job is not registered, or fails after it has
        succeeded.

        A job that ended before it was registered is registered now if it succeeded. If it failed it may never
        have begun: it timed out waiting for its registration, or a parent did. The look-up of its name
        decides that, once its claim is old enough.
        """
        facts = {
            "job_id": job_id,
            "succeeded": succeeded,
            "failed_children": failed_children,
            "failed_items": failed_items,
            "memory_children": memory_children,
        }
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

    def record_success(self, run_id: str, step: str, *, generation: int, job_id: str, words: int) -> Attempt:
        """Record that a step's job succeeded, as far as ``words`` words of supervisors prove that, or the
        items of a plan; return the step as it was before.

        Nothing is recorded of a step that has ended already, that has another job, or whose claim does not
        say how many words it needs.
        """
        update = self._table.try_update(
            items.step_key(run_id, step),
            "SET #state = :succeeded, #reason = :reason, #job_id = :job_id",
            f"{_SAME} AND {_REGISTERED} AND #state = :claimed"
            " AND (#words <= :words OR attribute_exists(#manifest))",
            items.names("state", "reason", "job_id", "generation", "words", "manifest"),
            items.values(
                succeeded=StepState.SUCCEEDED,
                claimed=StepState.CLAIMED,
                reason="",
                generation=generation,
                job_id=job_id,
                words=words,
            ),
        )
        return Attempt(update.done, items.step_from(update.before) if update.before else None)

    def ask_for_advance(self, run_id: str, record: StepRecord) -> bool:
        """Have the run advanced when this step's job ends; False when it has ended meanwhile."""
        return self._update(
            run_id,
            record.name,
            "REMOVE #follow_up",
            f"{_SAME} AND #state = :claimed",
            items.names("follow_up", "generation", "state"),
            items.values(generation=record.generation, claimed=StepState.CLAIMED),
        )

    def record_failed_children(
        self,
        run_id: str,
        record: StepRecord,
        failed_children: str,
        *,
        interrupted: str | None = None,
        faulted: str | None = None,
    ) -> bool:
        """Record which children of a failed step failed, and which of them by spot interruptions or by
        another fault of their machine, where that was asked; return False when it has been claimed again
        meanwhile.
        """
        facts = {"reclaimed_children": interrupted, "faulted_children": faulted}
        more = {name: children for name, children in facts.items() if children is not None}
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
        followed: bool = False,
    ) -> bool:
        """Record the end of a run, once; return False when it has ended already, or was reopened more often
        than ``reopened``, if given.

        ``cleanup_on`` is the day on which the sweep is to find it again, to remove what it left. Of a run
        that is ``followed`` by others, it sees to their start.
        """
        more = {} if reopened is None else {"reopened": reopened}
        since = "" if reopened is None else " AND (attribute_not_exists(#reopened) OR #reopened <= :reopened)"
        due = {} if cleanup_on is None else {"due": items.cleanup_due(cleanup_on)}
        due = {"due": items.FOLLOWED} if followed else due
        # A run that waits for its turn can only be cancelled.
        waits = {"waits": RunState.WAITING} if state is RunState.CANCELLED else {}
        unended = "(#unfinished = :open OR #state = :waits)" if waits else "#unfinished = :open"
        place = listed.state_attributes(run_id, state)
        update = "SET #state = :state, #ended_at = :now, #failed_step = :failed_step, #listed = :listed"
        return self._table.update(
            items.run_key(run_id),
            update + (", #unfinished = :due" if due else " REMOVE #unfinished"),
            f"{unended}{since}",
            items.names("state", "ended_at", "failed_step", "unfinished", *place, *more),
            items.values(
                state=state,
                now=now,
                **place,
                failed_step=failed_step or "",
                open=items.UNFINISHED,
                **more,
                **due,
                **waits,
            ),
            is_own=lambda item: (item["state"], item.get("ended_at")) == ({"S": state}, {"S": now}),
        )

    def claim_cleanup(
        self, run_id: str, cleanup: Submission, now: str, abandoned: StepRecord | None = None
    ) -> bool:
        """Claim the cleanup of a failed run, which cannot be reopened from then on; return False when it was
        reopened, or its cleanup is claimed already. ``abandoned`` is a claim of it that was never submitted.
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
        claim = self._claim(run_id, cleanup, now)
        return self._transact([close, _taking_over(claim, abandoned) if abandoned else claim])

    def cleanup_due(self, day: str) -> Iterator[str]:
        """Yield the ids of the failed runs whose objects are to be removed on this day."""
        condition, values = "unfinished = :due", items.values(due=items.cleanup_due(day))
        for item in self._table.pages(
            IndexName=UNFINISHED_INDEX, KeyConditionExpression=condition, ExpressionAttributeValues=values
        ):
            yield item["pk"]["S"].removeprefix(items.RUN_PREFIX)

    def reopen(self, run: Run, change: Reopening = UNCHANGED) -> bool:
        """Resume a run that has ended, with one more try for what failed; return False when it is not as it
        was when it was loaded.

        A ``change`` may give it another pipeline, and plans of it that are done. Where its pipeline limits
        its runs, it waits for its turn.
        """
        added = [self._put(items.step_item(run.run_id, record)) for record in change.added]
        return self._transact([reopening.reopened(self._table.name, run, change), *added])

    def repeat_cleanup(self, run: Run, record: StepRecord, now: str) -> bool:
        """Have the cleanup of a run that succeeded, whose ``record`` is that of one that failed, run again;
        return False when the run or its cleanup is not as it was when it was loaded.
        """
        return self._transact(list(reopening.cleanup_repeated(self._table.name, run, record, now)))

    def rewrite_steps(self, run: Run, change: Reopening, now: str) -> bool:
        """Write what a reopening changes of the steps of a run that has ended, and goes on later; return
        False when the run or one of them is not as it was when it was loaded.
        """
        writes = list(reopening.rewritten(self._table.name, run, change, now))
        guard = reopening.unchanged(self._table.name, run, now)
        parts = range(0, len(writes), MAX_TRANSACTION_ITEMS - 1)
        return all(self._transact([guard, *writes[one : one + MAX_TRANSACTION_ITEMS - 1]]) for one in parts)

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

    def assignment(self, run_id: str, step: str, others: Sequence[str] = ()) -> Assignment | None:
        """Return what a job of this step needs to know, with the records of up to 98 ``others``, in one call;
        None for an unknown run.
        """
        steps = dict.fromkeys([step, *others])
        keys = [items.run_key(run_id), *(items.step_key(run_id, name) for name in steps)]
        found = {item["sk"]["S"]: item for item in self._table.items(keys)}
        if (whole := found.pop(items.RUN, None)) is None:
            return None
        run, records = items.run_from(whole, []), list(map(items.step_from, found.values()))
        by_name = {record.name: record for record in records}
        return Assignment(
            by_name.get(step),
            run.trigger,
            run.pipeline,
            run.state,
            began=run.created_at,
            reopened=run.reopened,
            records={name: by_name[name] for name in others if name in by_name},
        )

    def records(self, run_id: str, steps: Sequence[str]) -> dict[str, StepRecord]:
        """Return those of these steps that have a record, in one call for each hundred."""
        keys = [items.step_key(run_id, step) for step in steps]
        found = map(items.step_from, self._table.items(keys))
        return {record.name: record for record in found}

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

    def _new(self, run: Run) -> Iterator[Item]:
        """Yield the writes of a new run: its item, the rows that list it, the steps that are done."""
        yield self._put(listed.run_item(run))
        yield from map(self._put, listed.rows(run.run_id, run.trigger, run.created_at))
        yield from (self._put(items.step_item(run.run_id, step)) for step in run.steps.values())

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
            words=words_needed(claim),
            code=claim.code,
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

    def _with_items(self, message: Planned, *, registered: bool) -> Item:
        job = "#job_id = :job_id" if registered else _REGISTERED
        return {
            "TableName": self._table.name,
            "Key": items.step_key(message.run, message.step),
            "UpdateExpression": "SET #items = :items, #manifest = :manifest, #job_id = :job_id",
            "ConditionExpression": f"attribute_not_exists(#manifest) AND {_SAME} AND {job}",
            "ExpressionAttributeNames": items.names("items", "manifest", "job_id", "generation"),
            "ExpressionAttributeValues": items.values(
                items=message.items,
                manifest=message.manifest,
                job_id=message.job_id,
                generation=message.generation,
            ),
        }

    def _submitted(
        self, run_id: str, step: str, generation: int, job_id: str, follow_up: FollowUp | None
    ) -> Item:
        more = {"follow_up": follow_up} if follow_up else {}
        return {
            "TableName": self._table.name,
            "Key": items.step_key(run_id, step),
            # The job's end may have been recorded already; then only its id is.
            "UpdateExpression": "SET #job_id = :job_id, #submitted = :submitted"
            + "".join(f", #{name} = :{name}" for name in more),
            "ConditionExpression": f"{_SAME} AND {_REGISTERED}",
            "ExpressionAttributeNames": items.names("job_id", "submitted", "generation", *more),
            "ExpressionAttributeValues": items.values(
                job_id=job_id, submitted="yes", generation=generation, **more
            ),
        }

    def _transact(self, writes: list[Item]) -> bool:
        return not self._table.try_transact(writes)

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


def _taking_over(claim: Item, record: StepRecord) -> Item:
    """Return a claim that replaces another one as it was read, whose job is not registered."""
    condition = {
        "ConditionExpression": _ABANDONED,
        "ExpressionAttributeNames": items.names("claimed_at", "state", "generation"),
        "ExpressionAttributeValues": _abandoned(record),
    }
    return {"Put": {**claim["Put"], **condition}}


def _abandoned(record: StepRecord) -> Item:
    """Return the values of the condition that a claim is as it was read."""
    return items.values(then=record.claimed_at, claimed=StepState.CLAIMED, generation=record.generation)
