"""Days without a service of AWS, nearly as long as SQS keeps a message: what starts runs, and what lets them
go on, is there afterwards, by itself; and nothing that is dropped later is dropped without an alarm.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

import pytest

from sluice.catch_up.scheduled_runs import scheduled_message
from sluice.messages import Triggered
from sluice.run.state import RunState
from tests.matrix.faults import Call, Fault
from tests.matrix.harness import Harness
from tests.matrix.scenarios import FILES_OF_A_BURST, deployment, scenarios

pytestmark = pytest.mark.xdist_group("matrix")
HOUR = 3600.0
DAY = 24 * HOUR
RETENTION = 14 * DAY
"""The most that SQS takes:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""
OVER = 13.9 * DAY
EACH_CALL = 2 * HOUR
"""At its begin and at its end a service answers 503; in between Lambdas die at its first call, which needs a
third of the time to play.
"""
Is = Callable[[Call], bool]


class Days(Harness):
    """A cloud in which AWS Batch forgets jobs, and in which a sweep comes once an hour."""

    kept_ms = int(7 * DAY * 1000)
    max_seconds = RETENTION + DAY
    sweep_seconds = HOUR

    def __init__(self, *, service: str, begins: Is, calls: int, over: float = OVER) -> None:
        """Let a service, or every Lambda, be out from the how-manieth call for which ``begins`` says so."""
        super().__init__(deployment(), choose=self._choose)
        self._service, self._begins, self._left, self._over = service, begins, calls, over
        self.began_at = over if calls else 0.0

    def _choose(self, call: Call) -> Fault | None:
        now, is_job = self.clock.seconds, call.stage == "job"
        if self._left and self._begins(call):
            self._left -= 1
            self.began_at = self.began_at if self._left else now
        if not self.began_at <= now < self._over:
            return None
        if self._service == "lambda":
            return None if is_job else Fault.DIES_BEFORE
        fault = Fault.OUTAGE if is_job or not self._is_middle(now) else Fault.DIES_BEFORE
        return fault if call.service == self._service else None

    def _is_middle(self, now: float) -> bool:
        return self.began_at + EACH_CALL < now < self._over - EACH_CALL

    def definition(self, pipeline: str) -> dict[str, str]:
        """Return where a compiled pipeline is."""
        made = self.deployment
        keys = (key for key, text in made.definitions.items() if json.loads(text).get("name") == pipeline)
        return {"bucket": made.assets, "key": next(keys)}

    def trigger(self, message: Triggered) -> None:
        """Send what starts a run, as the Scheduler and the Lambda of a webhook do."""
        self.messages.send(self.deployment.functions["trigger"].queue, message.to_json())


def _scheduled(harness: Days) -> None:
    message = scheduled_message(
        "monte-carlo",
        "schedule:cron(0 2 ? * SUN *)",
        harness.definition("monte-carlo"),
        time="2030-01-06T02:00:00Z",
        expression="cron(0 2 ? * SUN *)",
        value={"throws": 3},
    )
    harness.trigger(message)


def _delivered(harness: Days) -> None:
    detail = {"form": "standard", "id": "msg-1", "event": "", "input": {"name": "hook"}}
    where = harness.definition("hello-fan")
    harness.trigger(Triggered(pipeline="hello-fan", trigger="webhook", definition=where, detail=detail))


def _asked(harness: Days, first: str) -> None:
    """Begin a run before the outage, and ask for others on its first day, in its middle and near its end."""
    begins = {name: scenarios()[name].begin for name in (first, "word-count", "hello-fan", "small-files")}
    begins[first](harness, "first")
    later = partial(harness.clock.later)
    for day in (0.1, 13.85):
        later(day * DAY, partial(begins["word-count"], harness, f"day-{day}"))
    later(0.2 * DAY, partial(begins["hello-fan"], harness, "asked"))
    later(7 * DAY, partial(begins["small-files"], harness, "burst"))
    later(5 * DAY, partial(_scheduled, harness))
    later(6 * DAY, partial(_delivered, harness))


def _is_announced(call: Call) -> bool:
    """A plan has announced its items; nobody has heard of it."""
    return call.stage == "job" and call.name == "publish"


def _is_cleaned(call: Call) -> bool:
    """A run is over, and what comes after it has not begun."""
    return call.stage == "job" and call.name == "delete_objects"


@pytest.mark.parametrize(
    ("service", "first", "begins", "calls"),
    [
        ("dynamodb", "word-count", _is_announced, 1),
        ("dynamodb", "joined", _is_cleaned, 3),
        ("lambda", "word-count", _is_announced, 1),
    ],
    ids=["DynamoDB, behind a plan", "DynamoDB, before a chain", "Lambda, behind a plan"],
)
def test_what_comes_in_days_of_an_outage_is_there_afterwards(
    service: str, first: str, begins: Is, calls: int
) -> None:
    """An upload, a burst, a request, a schedule's time, a webhook's delivery, a plan's items and the end of
    what a chain follows: each once, though AWS Batch has forgotten the jobs of before.
    """
    here = Days(service=service, begins=begins, calls=calls)
    here.run(partial(_asked, first=first))
    assert here.began_at < HOUR
    runs = here.runs()
    assert {run.state for run in runs} == {RunState.SUCCEEDED}
    names = sorted(str(run.pipeline.name) for run in runs)
    before = ["word-count"] if first == "word-count" else ["joined", "left", "left", "right"]
    others = ["hello-fan", "hello-fan", "monte-carlo", "small-files", "word-count", "word-count"]
    assert names == sorted([*before, *others])
    assert [run.trigger["files"] for run in runs if run.trigger.get("files")] == [FILES_OF_A_BURST]
    assert here.repeated == []
    for stage in ("trigger", "group"):
        queue = here.deployment.queues[here.deployment.functions[stage].queue]
        retries = here.deployment.queues[queue.dead_letters]
        assert here.messages.held[retries.name].waiting == []
        assert here.messages.held[retries.dead_letters].waiting == []
    assert here.messages.expired == []


def test_what_is_dropped_after_fourteen_days_is_alarmed() -> None:
    """No Lambda runs for longer than SQS keeps a message: it is dropped, after days with an alarm."""
    here = Days(service="lambda", begins=lambda call: False, calls=0, over=RETENTION + 3 * HOUR)
    here.run(lambda harness: scenarios()["word-count"].begin(harness, "early"))
    assert here.runs() == []
    uploads = [queue for queue, message in here.messages.expired if "word-count" in message.body]
    trigger = here.deployment.functions["trigger"].queue
    assert uploads == [here.deployment.queues[trigger].dead_letters]
    assert "ApproximateNumberOfMessagesVisible" in here.deployment.alarms[uploads[0]]


def test_no_queue_drops_a_message_without_an_alarm() -> None:
    """Of those that a Lambda reads the age of the oldest message is watched, of the others that there is one,
    unless that alarm has told of it before; all keep messages for as long as SQS can.
    """
    made = deployment()
    read = {one.queue for one in made.functions.values()}
    told = {
        queue.dead_letters
        for name, queue in made.queues.items()
        if name in read
        and made.alarms[name]["ApproximateAgeOfOldestMessage"] < queue.visibility * queue.tries
    }
    assert {one.retention for one in made.queues.values()} == {RETENTION}
    for name in made.queues:
        alarms = made.alarms.get(name, {})
        if name in read:
            assert alarms["ApproximateAgeOfOldestMessage"] < DAY, name
        elif not alarms:
            assert name in told, name
            assert made.queues[name].dead_letters, name
        else:
            assert alarms["ApproximateNumberOfMessagesVisible"] == 1, name
