"""The ledger: runs, their steps and what was submitted, in one DynamoDB table.

Items: ``pk = RUN#<run id>``; ``sk = RUN`` (the run), ``STEP#<step>`` (a step that somebody claimed). A step that waits has no item.
The sparse index ``unfinished`` holds the runs that have not ended, for the sweep. Every write is conditional, so any may come twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from sluice import ledger_items as items
from sluice.compiled import CompiledPipeline
from sluice.ledger_conflicts import condition_failed, patiently
from sluice.limits import MAX_TRANSACTION_ITEMS
from sluice.messages import Planned
from sluice.run import Run, RunState, StepRecord, StepState
from sluice.submission import Submission

MAX_CLAIMS = MAX_TRANSACTION_ITEMS - 1
"""Steps that can be claimed at once; the run takes one place beside them."""
UNFINISHED_INDEX = "unfinished"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a job learns from the ledger at its start: its step's record (None when there is none) and its run."""

    step: StepRecord | None
    trigger: Mapping[str, Any]
    pipeline: CompiledPipeline
    state: RunState = RunState.RUNNING


class Ledger:
    """Reads and writes runs; ``client`` is a low-level DynamoDB client."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def start(self, run: Run, claims: Sequence[Submission]) -> bool:
        """Write a new run and claim first steps, all or nothing; False when the run is there already.

        Steps that are done already and claims are at most MAX_CLAIMS together.
        """
        done = [self._put(items.step_item(run.run_id, step)) for step in run.steps.values()]
        claimed = [self._claim(run.run_id, claim, run.created_at) for claim in claims]
        return self._transact([self._put(items.run_item(run)), *done, *claimed])

    def claim(self, run_id: str, claims: Sequence[Submission], now: str) -> bool:
        """Claim at most MAX_CLAIMS steps, all or nothing.

        False when somebody has claimed one of them, or the run has ended, and then look at the run again.
        """
        return self._transact([self._unended(run_id, now), *(self._claim(run_id, claim, now) for claim in claims)])

    def renew(self, run_id: str, record: StepRecord, now: str) -> bool:
        """Take over a claim whose owner seems to be gone; False when somebody else was faster."""
        return self._update(
            run_id,
            record.name,
            "SET #claimed_at = :now",
            "#claimed_at = :then AND #state = :claimed AND attribute_not_exists(job_id)",
            items.names("claimed_at", "state"),
            items.values(now=now, then=record.claimed_at, claimed=StepState.CLAIMED),
        )

    def submitted(self, run_id: str, job_ids: Mapping[str, str]) -> None:
        """Record the jobs of claimed steps; a step that names another job by now keeps it, and the job that is not named ends itself."""
        for group in _groups(sorted(job_ids.items())):
            if not self._transact([{"Update": self._submitted(run_id, step, job_id)} for step, job_id in group]) and len(group) > 1:
                for step, job_id in group:
                    self.submitted(run_id, {step: job_id})

    def planned(self, message: Planned) -> bool:
        """Record the items of a plan; False when the ledger names another job, or knows the items already."""
        return self._update(
            message.run,
            message.step,
            "SET #items = :items, #manifest = :manifest, #job_id = :job_id",
            "attribute_exists(pk) AND attribute_not_exists(#manifest) AND (attribute_not_exists(#job_id) OR #job_id = :job_id)",
            items.names("items", "manifest", "job_id"),
            items.values(items=message.items, manifest=message.manifest, job_id=message.job_id),
        )

    def ended(self, run_id: str, step: str, state: StepState, *, job_id: str | None = None, reason: str | None = None) -> bool:
        """Record how a step's job ended; False when the ledger does not name this job.

        A job that ended before it was named is named now if it succeeded. If it failed it may never have begun: it gave up waiting for its
        name, or one that it waits for did. The look-up of its name decides that, once its claim is old enough.
        """
        unnamed = "" if state is StepState.FAILED else "attribute_not_exists(#job_id) OR "
        return self._update(
            run_id,
            step,
            "SET #state = :state, #reason = :reason" + (", #job_id = :job_id" if job_id else ""),
            "attribute_exists(pk)" + (f" AND ({unnamed}#job_id = :job_id)" if job_id else ""),
            items.names("state", "reason", *(["job_id"] if job_id else [])),
            items.values(state=state, reason=reason or "", **({"job_id": job_id} if job_id else {})),
        )

    def finish(self, run_id: str, state: RunState, now: str, failed_step: str | None = None) -> bool:
        """Record the end of a run, once; False when it has ended already."""
        return self._write(
            items.run_key(run_id),
            "SET #state = :state, #ended_at = :now, #failed_step = :failed_step REMOVE #unfinished",
            "attribute_exists(#unfinished)",
            items.names("state", "ended_at", "failed_step", "unfinished"),
            items.values(state=state, now=now, failed_step=failed_step or ""),
        )

    def load(self, run_id: str) -> Run | None:
        """Return a run with its steps as they are now, or None for a run that the ledger does not know."""
        found = list(
            self._query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues=items.values(pk=items.pk(run_id)), ConsistentRead=True)
        )
        runs = [item for item in found if item["sk"]["S"] == items.RUN]
        return items.run_of(runs[0], found) if runs else None

    def assignment(self, run_id: str, step: str) -> Assignment | None:
        """Return what a job of this step needs to know, in one call; None for a run that the ledger does not know."""
        keys = [items.run_key(run_id), items.step_key(run_id, step)]
        found = {item["sk"]["S"]: item for item in self._get(keys)}
        if items.RUN not in found:
            return None
        run, record = items.run_from(found[items.RUN], []), found.get(items.STEP + step)
        return Assignment(items.step_from(record) if record else None, run.trigger, run.pipeline, run.state)

    def unfinished(self, before: str) -> Iterator[str]:
        """Yield the ids of the runs that were created before this time and have not ended."""
        condition, values = "unfinished = :open AND created_at < :before", items.values(open=items.UNFINISHED, before=before)
        for item in self._query(IndexName=UNFINISHED_INDEX, KeyConditionExpression=condition, ExpressionAttributeValues=values):
            yield item["pk"]["S"].removeprefix(items.RUN_PREFIX)

    def first(self, run_id: str, event: str, now: str, stale: str = "") -> bool:
        """Note that something is being done for a run, and return whether it is this caller's to do.

        It is when nobody noted it, or when somebody did before ``stale`` and never said that it was done. ``now`` is the caller's mark: the
        SDK's own repetition of this write, after an answer that was lost, is the same caller.
        """
        return self._write(
            items.note_key(run_id, event),
            "SET #at = :now, #expires_at = :expires_at",
            "attribute_not_exists(pk) OR (attribute_not_exists(#done) AND (#at = :now OR #at < :stale))",
            items.names("at", "expires_at", "done"),
            items.values(now=now, expires_at=items.expires_at(now), stale=stale),
        )

    def did(self, run_id: str, event: str) -> None:
        """Note that what ``first`` let this caller do is done."""
        self._write(items.note_key(run_id, event), "SET #done = :yes", "attribute_exists(pk)", items.names("done"), items.values(yes="yes"))

    def forget(self, run_id: str, event: str) -> None:
        """Take back what ``first`` noted, because it could not be done after all."""
        self._client.delete_item(TableName=self._table, Key=items.note_key(run_id, event))

    def _get(self, keys: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        wanted: dict[str, Any] = {self._table: {"Keys": keys, "ConsistentRead": True}}
        while wanted:
            answer = self._client.batch_get_item(RequestItems=wanted)
            yield from answer["Responses"].get(self._table, [])
            wanted = answer.get("UnprocessedKeys") or {}

    def _claim(self, run_id: str, claim: Submission, now: str) -> dict[str, Any]:
        state = StepState.CLAIMED if claim.children else StepState.EMPTY
        record = StepRecord(
            name=claim.step.name,
            state=state,
            generation=claim.generation,
            children=claim.children,
            shared=claim.shared,
            claimed_at=now,
        )
        return self._put(items.step_item(run_id, record))

    def _unended(self, run_id: str, now: str) -> dict[str, Any]:
        """Return what makes a transaction fail when the run has ended: whoever cancels a run knows that nothing is claimed afterwards.

        A write and no ConditionCheck, which would be one more permission and costs the same.
        """
        return {
            "Update": {
                "TableName": self._table,
                "Key": items.run_key(run_id),
                "UpdateExpression": "SET #claimed_at = :now",
                "ConditionExpression": "attribute_exists(#unfinished)",
                "ExpressionAttributeNames": items.names("claimed_at", "unfinished"),
                "ExpressionAttributeValues": items.values(now=now),
            }
        }

    def _put(self, item: dict[str, Any]) -> dict[str, Any]:
        return {"Put": {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}

    def _submitted(self, run_id: str, step: str, job_id: str) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Key": items.step_key(run_id, step),
            # The job's end may have been recorded already; then only its id is.
            "UpdateExpression": "SET #job_id = :job_id, #submitted = :submitted",
            "ConditionExpression": "attribute_exists(pk) AND (attribute_not_exists(#job_id) OR #job_id = :job_id)",
            "ExpressionAttributeNames": items.names("job_id", "submitted"),
            "ExpressionAttributeValues": items.values(job_id=job_id, submitted="yes"),
        }

    def _transact(self, writes: list[dict[str, Any]]) -> bool:
        try:
            patiently(lambda: self._client.transact_write_items(TransactItems=writes))
        except ClientError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def _update(self, run_id: str, step: str, update: str, condition: str, names: dict[str, str], values: dict[str, Any]) -> bool:
        return self._write(items.step_key(run_id, step), update, condition, names, values)

    def _write(self, key: dict[str, Any], update: str, condition: str, names: dict[str, str], values: dict[str, Any]) -> bool:
        try:
            patiently(
                lambda: self._client.update_item(
                    TableName=self._table,
                    Key=key,
                    UpdateExpression=update,
                    ConditionExpression=condition,
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=values,
                )
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def _query(self, **query: Any) -> Iterator[dict[str, Any]]:
        while True:
            page = self._client.query(TableName=self._table, **query)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _groups(things: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(things), MAX_TRANSACTION_ITEMS):
        yield things[start : start + MAX_TRANSACTION_ITEMS]
