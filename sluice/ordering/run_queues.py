"""Reads and writes queues of runs in the ledger's table.

Every change of a queue is one transaction with the runs that it concerns, on the condition that the queue is
as it was read: what dies before it has done nothing, what dies after it has done all. See
docs/decisions/0039-sets-and-order.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from botocore.exceptions import ClientError

from sluice.aws.retrying import Backoff
from sluice.aws.table import Item, Table, failed_conditions
from sluice.errors import UnsettledError
from sluice.ledger import listed
from sluice.ledger import records as items
from sluice.ledger.ledger import UNFINISHED_INDEX
from sluice.ledger.newest_versions import newest_version, with_newer_version
from sluice.ledger.pauses import PausedError, not_paused
from sluice.ordering import records, writes
from sluice.ordering.run_queue import Holder, QueueKey, RunQueue, WaitingRun, next_runs
from sluice.run.concurrency import Concurrency
from sluice.run.state import Run, RunState

MAX_TOGETHER = 20
"""Waiting runs that one transaction begins, replaces or forgets."""
_ATTEMPTS, _BASE_SECONDS, _CAP_SECONDS = 12, 0.05, 1.0
_RUN, _QUEUE, _NEWEST, _PLACE, _PAUSE = "run", "queue", "newest", "place", "pause"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A run as it was written: it runs, waits or was replaced; and the waiting runs that it replaces."""

    run: Run
    replaced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunQueues:
    """The queues of runs in a table."""

    table: Table

    def arrive(
        self, run: Run, concurrency: Concurrency, now: datetime, *, anyway: bool = False
    ) -> Arrival | None:
        """Write a new run into its queue, and return it as it was written; None when the ledger has it
        already. Raises PausedError while its pipeline is paused, unless it is to come ``anyway``.
        """
        key, backoff, gone = _key_of(run, concurrency), self._backoff(), frozenset[str]()
        while True:
            queue, waiting = self._read(key, concurrency.max_runs)
            order = concurrency.version_order(run.trigger)
            outdated = concurrency.replaces and queue.is_outdated(order)
            replaced = waiting if concurrency.replaces and not outdated else ()
            after = queue.arrived(run.run_id, order, concurrency.max_runs).dropped(len(replaced))
            place = records.place(order, after.arrivals)
            entered = after if outdated else after.entered(run.run_id)
            written = replace(run, state=_state(run.run_id, entered, outdated=outdated))
            refused = self._try(
                {
                    _RUN: writes.put_run(self._name, written, place, now, queue.newest_run),
                    _QUEUE: writes.change_queue(self._name, queue, entered, now),
                    **self._listed(run),
                    **self._placed(key, written, place),
                    **self._replace(key, replaced, gone, written.run_id, now),
                    **self._steps(run),
                    **self._unless_paused(run, anyway=anyway),
                    # The last of all: with_newer_version reads the answer to it.
                    **self._newest(run),
                }
            )
            if not refused.labels:
                return Arrival(written, _ids(_besides(replaced, gone)))
            if _RUN in refused.labels:
                return None
            refused.check_not_paused(key)
            if refused.labels == {_NEWEST} and refused.error is not None:
                run = with_newer_version(run, refused.error)
                continue
            gone |= refused.labels - {_QUEUE, _NEWEST}
            self._pause(backoff, key)

    def enter(self, run: Run, concurrency: Concurrency, now: datetime) -> None:
        """Let a run wait in its queue that was resumed after it had failed: in its old place, so that it is
        the next.
        """
        key, backoff = _key_of(run, concurrency), self._backoff()
        while True:
            queue, _ = self._read(key, concurrency.max_runs)
            order = concurrency.version_order(run.trigger)
            place = run.place or records.place(order, 0)
            entry = WaitingRun(run.run_id, place, now.isoformat(timespec="milliseconds"), run.reopened)
            after = queue.resumed(run.run_id)
            refused = self._try(
                {
                    _RUN: writes.queue_run(self._name, run.run_id, place),
                    _QUEUE: writes.change_queue(self._name, queue, after, now),
                    _PLACE: writes.put(self._name, records.waiting_item(key, entry)),
                }
            )
            if not refused.labels or _RUN in refused.labels:
                return
            self._pause(backoff, key)

    def turn(self, key: QueueKey, ended: Collection[Holder], now: datetime) -> tuple[str, ...]:
        """Free the places of ended runs, and begin those whose turn it is; return the ids of those that
        began. Where nothing was left to do, return those that run: an earlier call may have died before it
        advanced them.
        """
        backoff, gone = self._backoff(), frozenset[str]()
        while True:
            queue, waiting = self._read(key, max_runs=1)
            stale = _among(waiting, gone)
            freed = queue.without(ended).dropped(len(stale))
            starting = next_runs(freed, waiting, gone, MAX_TOGETHER)
            after = freed.started(starting)
            if after == queue:
                return _ids(queue.running)
            refused = self._try(
                {
                    _QUEUE: writes.change_queue(self._name, queue, after, now),
                    **self._begun(key, starting, stale, now),
                }
            )
            if not refused.labels and (starting or not stale):
                return _ids(starting)
            if refused.labels:
                # What was cancelled while it waited begins no more.
                gone |= refused.labels - {_QUEUE}
                self._pause(backoff, key)

    def _begun(
        self, key: QueueKey, starting: Sequence[WaitingRun], stale: Sequence[WaitingRun], now: datetime
    ) -> dict[str, items.Item]:
        """Return the writes that begin runs, and take them and those that are gone from the queue."""
        return {
            **{one.run_id: writes.begin_run(self._name, one, now) for one in starting},
            **{one.place: writes.forget(self._name, key, one) for one in (*starting, *stale)},
        }

    def load(self, key: QueueKey) -> RunQueue | None:
        """Return a queue, None for one in which no run ever was."""
        item = self.table.item(records.queue_key(key))
        return records.queue_from(item) if item else None

    def waiting(self, key: QueueKey, at_most: int) -> list[WaitingRun]:
        """Return the runs that wait in a queue, the next one first."""
        found = self.table.pages(
            KeyConditionExpression="pk = :pk AND begins_with(sk, :wait)",
            ExpressionAttributeValues=items.values(pk=records.partition(key), wait=records.WAIT),
            ConsistentRead=True,
            Limit=at_most,
        )
        return [records.waiting_from(item) for item in islice(found, at_most)]

    def unfinished(self) -> Iterator[RunQueue]:
        """Yield the queues in which runs run or wait."""
        found = list(
            self.table.pages(
                IndexName=UNFINISHED_INDEX,
                KeyConditionExpression="unfinished = :open",
                ExpressionAttributeValues=items.values(open=records.UNFINISHED),
            )
        )
        for item in found:
            queue = self.table.pages(
                KeyConditionExpression="pk = :pk AND sk = :sk",
                ExpressionAttributeValues=items.values(pk=item["pk"]["S"], sk=records.QUEUE),
                ConsistentRead=True,
            )
            yield from map(records.queue_from, queue)

    def _read(self, key: QueueKey, max_runs: int) -> tuple[RunQueue, tuple[WaitingRun, ...]]:
        """Return a queue, or a new one, and the first that wait, with one query."""
        pages = self.table.pages(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=items.values(pk=records.partition(key)),
            ConsistentRead=True,
            Limit=MAX_TOGETHER + 1,
        )
        found = list(islice(pages, MAX_TOGETHER + 1))
        queues = [records.queue_from(item) for item in found if item["sk"]["S"] == records.QUEUE]
        waiting = tuple(
            records.waiting_from(item) for item in found if item["sk"]["S"].startswith(records.WAIT)
        )
        return (queues[0] if queues else RunQueue(key=key, max_runs=max_runs)), waiting[:MAX_TOGETHER]

    def _placed(self, key: QueueKey, run: Run, place: str) -> dict[str, Item]:
        if run.state is not RunState.WAITING:
            return {}
        entry = WaitingRun(run.run_id, place, run.created_at)
        return {_PLACE: writes.put(self._name, records.waiting_item(key, entry))}

    def _replace(
        self, key: QueueKey, replaced: Collection[WaitingRun], gone: Collection[str], by: str, now: datetime
    ) -> dict[str, Item]:
        """Return the writes that replace waiting runs; of those that wait no more the entry alone goes."""
        there = {
            one.run_id: writes.replace_run(self._name, one, by, now)
            for one in replaced
            if one.run_id not in gone
        }
        return there | {one.place: writes.forget(self._name, key, one) for one in replaced}

    def _listed(self, run: Run) -> dict[str, Item]:
        """Return the writes of the rows by which a new run is found."""
        rows = listed.rows(run.run_id, run.trigger, run.created_at)
        return {row["sk"]["S"]: writes.put(self._name, row) for row in rows}

    def _steps(self, run: Run) -> dict[str, Item]:
        return {
            f"step {step.name}": writes.put(self._name, items.step_item(run.run_id, step))
            for step in run.steps.values()
        }

    def _unless_paused(self, run: Run, *, anyway: bool) -> dict[str, Item]:
        return {} if anyway else {_PAUSE: not_paused(self._name, run.pipeline.name, run.run_id)}

    def _newest(self, run: Run) -> dict[str, Item]:
        newest = newest_version(self._name, run)
        return {_NEWEST: newest} if newest else {}

    def _try(self, wanted: dict[str, Item]) -> _Refused:
        """Do all of these writes or none; return the labels of those whose conditions do not hold."""
        try:
            self.table.transact(list(wanted.values()))
        except ClientError as error:
            failed = failed_conditions(error)
            if not failed:
                raise
            return _Refused(
                frozenset(label for number, label in enumerate(wanted) if number in failed), error
            )
        return _Refused(frozenset())

    @property
    def _name(self) -> str:
        return self.table.name

    def _backoff(self) -> Backoff:
        return Backoff(attempts=_ATTEMPTS, base=_BASE_SECONDS, cap=_CAP_SECONDS)

    def _pause(self, backoff: Backoff, key: QueueKey) -> None:
        if not backoff.try_again():
            raise UnsettledError(
                f"The queue of runs of {key.pipeline} could not be changed: other invocations were always"
                " faster."
            )


@dataclass(frozen=True, slots=True)
class _Refused:
    """The labels of writes whose conditions do not hold, and the error that says so."""

    labels: frozenset[str]
    error: ClientError | None = None

    def check_not_paused(self, key: QueueKey) -> None:
        """Raise PausedError when the pipeline is paused."""
        if _PAUSE in self.labels:
            raise PausedError(f"{key.pipeline} is paused.") from self.error


def _key_of(run: Run, concurrency: Concurrency) -> QueueKey:
    return QueueKey(run.pipeline.name, concurrency.key_of(run.trigger))


def _ids(runs: Iterable[WaitingRun | Holder]) -> tuple[str, ...]:
    return tuple(one.run_id for one in runs)


def _besides(waiting: Iterable[WaitingRun], ids: Collection[str]) -> list[WaitingRun]:
    return [one for one in waiting if one.run_id not in ids]


def _among(waiting: Iterable[WaitingRun], ids: Collection[str]) -> list[WaitingRun]:
    return [one for one in waiting if one.run_id in ids]


def _state(run_id: str, queue: RunQueue, *, outdated: bool) -> RunState:
    if outdated:
        return RunState.REPLACED
    return RunState.RUNNING if Holder(run_id) in queue.running else RunState.WAITING
