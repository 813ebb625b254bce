"""Has objects processed that were not: as events would have, each once. Safe to repeat, to interrupt at any
moment, and to run beside the events themselves.

What was begun is known by the records that events leave: the run of a single object, the record of a file in
a group. So a backfill keeps no state of its own, and goes on where it was by beginning again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sluice.aws.retrying import Backoff
from sluice.aws.table import DynamoDB, read_items
from sluice.backfill.target import Target
from sluice.errors import UnsettledError
from sluice.grouping.gathering import Gatherer
from sluice.grouping.group import GroupState
from sluice.grouping.ledger import GroupLedger
from sluice.ledger import records as items
from sluice.limits import MAX_BATCH_GET_KEYS
from sluice.messages import GroupDue, Triggered
from sluice.run.job_names import run_id
from sluice.triggers.trigger_event import S3Object

GATHERED_AT_A_TIME = 10_000
_SENT_AT_A_TIME = 10
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html"""
_ATTEMPTS = 6


class MessageBatchSender(Protocol):
    """The call of a client of SQS that sends several messages."""

    def send_message_batch(self, **request: Any) -> Mapping[str, Any]:
        """Call SendMessageBatch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleStarter:
    """Starts a run for each object whose run the ledger does not have."""

    dynamodb: DynamoDB
    table: str
    sqs: MessageBatchSender
    trigger_queue: str
    sleep: Callable[[float], None] = field(default=time.sleep)

    def unknown(self, target: Target, files: Sequence[S3Object]) -> list[S3Object]:
        """Return the objects that were not processed: one call for each 100."""
        runs = {items.pk(_run_id(target, file)): file for file in files}
        keys = [items.values_of(pk=pk, sk=items.RUN) for pk in runs]
        found = read_items(self.dynamodb, self.table, keys, ProjectionExpression="pk")
        known = {item["pk"]["S"] for item in found}
        return [file for pk, file in runs.items() if pk not in known]

    def start(self, target: Target, files: Sequence[S3Object]) -> int:
        """Request a run for each object that was not processed; return how many these are."""
        new = self.unknown(target, files)
        for first in range(0, len(new), _SENT_AT_A_TIME):
            self._send([target.message(file) for file in new[first : first + _SENT_AT_A_TIME]])
        return len(new)

    def finish(self, target: Target) -> None:
        """Do nothing: every run has been requested."""

    def _send(self, messages: Sequence[Triggered]) -> None:
        """Send messages; those that SQS did not take are sent again, the others not."""
        entries = [
            {"Id": str(number), "MessageBody": message.to_json()} for number, message in enumerate(messages)
        ]
        backoff = Backoff(attempts=_ATTEMPTS, base=0.2, cap=5.0, sleep=self.sleep)
        while True:
            answer = self.sqs.send_message_batch(QueueUrl=self.trigger_queue, Entries=entries)
            refused = {one["Id"] for one in answer.get("Failed", ())}
            entries = [entry for entry in entries if entry["Id"] in refused]
            if not entries:
                return
            if not backoff.try_again():
                raise UnsettledError(f"SQS did not take {len(entries)} messages in {_ATTEMPTS} attempts.")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupStarter:
    """Puts the objects that are in no group into groups of the backfill's own, and has these processed."""

    ledger: GroupLedger
    gatherer: Gatherer

    def unknown(self, target: Target, files: Sequence[S3Object]) -> list[S3Object]:
        """Return the objects that are in no group: one call for each 100."""
        known = self.ledger.numbers(target.pipeline, target.identity, files)
        return [file for file in files if file not in known]

    def start(self, target: Target, files: Sequence[S3Object]) -> int:
        """Put the objects that are in no group into groups; return how many these are.

        New objects need no look: the transaction that records them says which are known. Where some of the
        first are, all are looked up, which costs less than transactions that are refused.
        """
        sample = files[:MAX_BATCH_GET_KEYS]
        new = files if len(self.unknown(target, sample)) == len(sample) else self.unknown(target, files)
        return self.gatherer.gather(target.grouped(), new) if new else 0

    def finish(self, target: Target) -> None:
        """Hand over the last group, which is not full."""
        upload = target.grouped()
        newest = self.ledger.newest(upload.pipeline, upload.trigger)
        if newest is not None and newest.state is not GroupState.HANDED_OVER:
            self.ledger.close(newest)
            self.gatherer.due(
                GroupDue(pipeline=newest.pipeline, trigger=newest.trigger, number=newest.number)
            )


Starter = SingleStarter | GroupStarter


@dataclass(frozen=True, slots=True)
class Progress:
    """How many objects have been looked at, and how many of them were new."""

    objects: int = 0
    new: int = 0


def backfill(starter: Starter, target: Target, pages: Iterator[list[S3Object]]) -> Iterator[Progress]:
    """Have the objects of a target processed that were not, and yield the progress as it goes. Memory: 10,000
    objects.
    """
    objects = new = 0
    for files in _gathered(pages):
        new += starter.start(target, files)
        objects += len(files)
        yield Progress(objects, new)
    starter.finish(target)


def survey(starter: Starter, target: Target, pages: Iterator[list[S3Object]]) -> Iterator[Progress]:
    """Look at the objects of a target, and yield how many there are and were not processed; change
    nothing.
    """
    objects = new = 0
    for files in _gathered(pages):
        new += len(starter.unknown(target, files))
        objects += len(files)
        yield Progress(objects, new)


def _gathered(pages: Iterator[list[S3Object]]) -> Iterator[list[S3Object]]:
    """Yield the objects of several pages together, of which groups are filled with fewer calls."""
    together: list[S3Object] = []
    for page in pages:
        together += page
        if len(together) >= GATHERED_AT_A_TIME:
            yield together
            together = []
    if together:
        yield together


def _run_id(target: Target, file: S3Object) -> str:
    return run_id(target.pipeline, target.identity, file.identity())
