"""A whole cloud in this process: what is deployed, a clock, and everything that happens."""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import wraps
from io import StringIO
from typing import Any

from local.batch.ports import Task
from sluice.catch_up.ledger import UNFINISHED as CATCH_UP
from sluice.grouping.records import UNFINISHED as GROUP
from sluice.ledger.ledger import Ledger
from sluice.ledger.records import RUN_PREFIX, STEP
from sluice.ledger.records import UNFINISHED as RUN
from sluice.ordering.records import UNFINISHED as RUN_QUEUE
from sluice.run.compiled import Kind
from sluice.run.state import Run
from sluice.runtime import __main__ as job
from sluice.runtime.supervisor.supervising import Worker
from sluice.runtime.worker.in_process import InProcessWorker
from sluice.sets.records import UNFINISHED as SET
from sluice.steps import Item, Node
from sluice.testing.memory.tables import Table
from tests.matrix.actors import Actor, Actors
from tests.matrix.calls import Calls, Choice
from tests.matrix.clock import Clock
from tests.matrix.deployment import Deployment
from tests.matrix.fleet import Fleet
from tests.matrix.installed import inhabit
from tests.matrix.listed_buckets import ListedBuckets
from tests.matrix.messages import DeliveryFaults, Messages, Sent
from tests.matrix.reactions import Reactions
from tests.matrix.work_done import Finished
from tests.matrix.workers import SupervisedWorker

DELIVERY_SECONDS = 0.05
SWEEP_SECONDS = 300.0
WORK_SECONDS = 0.4
"""Of a user's function, for each item: three items are more than a second, after which a child writes what it
has.
"""
MAX_SECONDS = 4 * 3600.0
"""A run that has not ended by then is stranded."""
OPEN = (RUN, GROUP, RUN_QUEUE, SET, CATCH_UP)
"""The index keys of what is still to come."""
_RESULTS = re.compile(r"runs/(?P<run>[^/]+)/(?P<step>[^/]+)/results/")


def fair(sent: Sent) -> list[float]:
    """Deliver every message once and soon."""
    return [DELIVERY_SECONDS]


@dataclass(frozen=True, slots=True)
class Work:
    """A user's function was called, or a user's command run: by which job, its attempt's child, for which
    item (None: no array's).

    ``child`` is the number in the job's own array, and ``item`` that in the whole step. ``at`` is when it
    began, in virtual seconds.
    """

    run: str
    step: str
    generation: int
    child: str
    item: int | None
    job: str
    at: float = field(default=0.0, compare=False)


class Harness:
    """One cloud, from its beginning to the end of all that happens in it."""

    open: tuple[str, ...] = OPEN
    """The index keys of what keeps it going."""
    kept_ms: int | None = None
    """How long AWS Batch describes a job that has ended, in milliseconds; None: for ever."""
    max_seconds: float = MAX_SECONDS
    sweep_seconds: float = SWEEP_SECONDS

    def __init__(
        self,
        deployment: Deployment,
        *,
        choose: Choice = lambda call: None,
        delivery_faults: DeliveryFaults = fair,
        seed: int = 0,
        submits_a_second: float | None = None,
        worker: Worker | None = None,
    ) -> None:
        """Deploy, with nothing going on; ``worker`` does the work of every job of ours."""
        self.deployment, self._seed = deployment, seed
        self.worker = worker or InProcessWorker()
        self.printed = StringIO()
        self.clock = Clock()
        self.actors = Actors(self.clock)
        self.table = self._make_table()
        self.buckets = self._make_buckets()
        self.messages = Messages(deployment, self.clock, delivery_faults)
        self.fleet = Fleet(
            deployment,
            self.clock,
            self.actors,
            self._run,
            self.messages.put_event,
            submits_a_second=submits_a_second,
            kept_ms=self.kept_ms,
        )
        services = {
            "s3": self.buckets,
            "dynamodb": self.table,
            "batch": self._batch_client(),
            "sqs": self,
            "sns": self,
            "logs": self,
            "events": self,
            "cloudformation": self,
        }
        self.calls = Calls(services, self.actors, choose)
        self.works: list[Work] = []
        self.finished: list[Finished] = []
        self.repeated: list[Work] = []
        self.most_retries = 0
        """How often the person of tests/matrix/person.py has a failed run go on, if there is one."""
        self.named: dict[tuple[str, str, int], set[str]] = {}
        self._reader: Actor | None = None
        self._recorded: set[tuple[str, str, int]] = set()
        for key, text in deployment.definitions.items():
            self.buckets.put_object(Bucket=deployment.assets, Key=key, Body=text)

    def _make_table(self) -> Table:
        return Table(self.deployment.table, self._written)

    def _make_buckets(self) -> ListedBuckets:
        return ListedBuckets(self.deployment.inbox, self._stored, self.clock.now)

    def _batch_client(self) -> Any:
        return self.fleet.client()

    def now(self) -> datetime:
        """Return the time by the clock of the actor whose turn it is."""
        actor = self.actors.current
        return self.clock.now() + timedelta(seconds=actor.clock_ahead if actor else 0.0)

    def run(self, begin: Callable[[Harness], None]) -> None:
        """Let something begin, and everything that follows from it happen."""
        random.seed(self._seed)  # The product's own jitter.
        with inhabit(self):
            self.reactions = Reactions(self.deployment, self.messages, self.actors, self.clock)
            begin(self)
            self.clock.later(self.sweep_seconds, self._sweep, idle=True)
            while (self.clock.busy or self.unfinished()) and self.clock.seconds < self.max_seconds:
                self.clock.step()
            self.actors.close()

    def upload(self, key: str, body: bytes, **more: str) -> None:
        """Put a file into the inbox, as a person does; EventBridge reports it, with ``more`` about it."""
        stored = self.buckets.put_object(Bucket=self.deployment.inbox, Key=key, Body=body)
        detail = {
            "bucket": {"name": self.deployment.inbox},
            "object": {
                "key": key,
                "size": len(body),
                "etag": stored["ETag"].strip('"'),
                "version-id": stored["VersionId"],
                **more,
            },
        }
        self.messages.put_event({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})

    def request(self, pipeline: str, token: str, given: Any) -> None:
        """Ask for a run."""
        detail = {"pipeline": pipeline, "token": token, "input": given}
        self.messages.put_event({"source": "sluice", "detail-type": "Run Requested", "detail": detail})

    def runs(self) -> list[Run]:
        """Return all runs as the ledger has them."""
        found = [self.run_of(pk.removeprefix("RUN#")) for pk, sk in self.table.items if sk == "RUN"]
        return [run for run in found if run is not None]

    def run_of(self, run_id: str) -> Run | None:
        """Return a run as the ledger has it."""
        return Ledger(self.table, self.table.name).load(run_id)

    def unfinished(self) -> bool:
        """Return whether a run has not ended, or has not been asked for though files or a message wait for
        it.
        """
        found = (item.get("unfinished", {}).get("S") for item in self.table.items.values())
        return self.messages.retried or any(one in self.open for one in found)

    # What the harness does for those who live in it

    def send_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - botocore's names
        MessageBody: str,  # noqa: N803
        DelaySeconds: int = 0,  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        """SQS."""
        self.messages.send(QueueUrl.rsplit("/", 1)[-1], MessageBody, delay=DelaySeconds)
        return {}

    def send_message_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        Entries: list[dict[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        """SQS."""
        for one in Entries:
            self.messages.send(QueueUrl.rsplit("/", 1)[-1], one["MessageBody"])
        return {}

    def receive_message(self, *, QueueUrl: str, MaxNumberOfMessages: int) -> dict[str, Any]:  # noqa: N803
        """SQS."""
        found = self.messages.lend(QueueUrl.rsplit("/", 1)[-1], MaxNumberOfMessages)
        return {"Messages": [{"Body": one.body, "ReceiptHandle": handle} for handle, one in found]}

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> dict[str, Any]:  # noqa: N803
        """SQS."""
        self.messages.delete_lent(ReceiptHandle)
        return {}

    def publish(self, *, TopicArn: str, Message: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """SNS."""
        self.messages.publish(TopicArn, Message)
        return {}

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        """EventBridge."""
        for entry in Entries:
            detail = json.loads(entry["Detail"])
            self.messages.put_event(
                {"source": entry["Source"], "detail-type": entry["DetailType"], "detail": detail}
            )
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "event"} for _ in Entries]}

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803
        """CloudFormation."""
        found = [
            {"OutputKey": name, "OutputValue": value}
            for name, value in self.deployment.outputs[StackName].items()
        ]
        return {"Stacks": [{"StackName": StackName, "Outputs": found}]}

    def get_log_events(self, **_: Any) -> dict[str, Any]:
        """CloudWatch Logs."""
        return {"events": []}

    def noted(self, kind: Kind, function: Any) -> Any:
        """Return a user's function that says when it is called, and that takes its time."""
        if function is None:
            return None

        @wraps(function)
        def called(first: Any, *others: Any, **asked_for: Any) -> Any:
            if kind is Kind.START:
                return function(first, *others, **asked_for)
            work = self._worked(first.number if isinstance(first, Item) else None)
            self._forget(function)
            # Nodes talk to one another over real connections, which know nothing of turns: here they only say
            # who they are.
            is_node = isinstance(first, Node)
            found = {"node": first.index} if is_node else function(first, *others, **asked_for)
            # A plan is not done before its items are found.
            found = list(found) if kind is Kind.PLAN else found
            self.finished.append(Finished(work, self.clock.seconds))
            return found

        return called

    def _forget(self, function: Any) -> None:
        """Empty what another process has kept: each job has caches of its own, which this harness's jobs
        would share.
        """
        if self._reader is not self.actors.current:
            self._reader = self.actors.current
            for kept in vars(sys.modules[function.__module__]).values():
                if hasattr(kept, "cache_clear") and kept.__module__ == function.__module__:
                    kept.cache_clear()

    def note_begun(self, item: int | None) -> Work:
        """Note that the actor whose turn it is began to work on an item, or on all there is."""
        actor = self.actors.current
        assert actor is not None
        run, step, generation = actor.facts["name"].split("_")
        facts = actor.facts
        done = Work(run, step, int(generation), facts["child"], item, facts["job"], self.clock.seconds)
        self.works.append(done)
        return done

    def _worked(self, item: int | None) -> Work:
        actor = self.actors.current
        assert actor is not None
        with actor.in_worker():
            done = self.note_begun(item)
            run, step = done.run, done.step
            if item is not None and (run, step, item) in self._recorded:
                self.repeated.append(done)
            longer, actor.longer = actor.longer, 0.0
            actor.wait(WORK_SECONDS + longer)
        return done

    def _run(self, task: Task) -> int:
        """Run the container of an image of ours; a command in another image succeeds."""
        if "container-assets" in task.image:
            assert self.actors.current is not None
            self.actors.current.variables = task.variables
            worker = SupervisedWorker(self.worker, self.actors.current)
            return job.main(list(task.command), task.variables, worker)
        self.finished.append(Finished(self._worked(None), self.clock.seconds))
        return 0

    def _written(self, key: tuple[str, str], item: dict[str, Any]) -> None:
        if "job_id" in item:
            run, step = key[0].removeprefix(RUN_PREFIX), key[1].removeprefix(STEP)
            self.named.setdefault((run, step, int(item["generation"]["N"])), set()).add(item["job_id"]["S"])

    def _stored(self, bucket: str, key: str, body: bytes) -> None:
        found = _RESULTS.match(key)
        if found:
            self._recorded |= {
                (found["run"], found["step"], json.loads(line)["i"]) for line in body.splitlines()
            }

    def _sweep(self) -> None:
        for rule in self.deployment.rules:
            if rule.schedule == "rate(5 minutes)":
                self.messages.send(rule.queue, rule.template or "", scheduled=True)
        self.clock.later(self.sweep_seconds, self._sweep, idle=True)
