"""The trigger Lambda begins the runs of scheduled times that were missed: each once, some at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.trigger import catching_up
from lambdas.trigger.catching_up import MAX_LIVE
from sluice.catch_up.ledger import CatchUpLedger
from sluice.catch_up.scheduled_runs import scheduled_message
from sluice.errors import MalformedMessageError, UnsettledError
from sluice.ledger.pauses import Pauses
from sluice.messages import CatchUp
from sluice.run.compiled import CaughtUpSchedule, CompiledPipeline
from sluice.run.concurrency import Concurrency
from sluice.run.state import RunState
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import SWEEP, ledger
from tests.sluice.clouds import TABLE
from tests.sluice.graphs import word_count

NAME = word_count().name
DAILY = "cron(0 2 * * ? *)"
TRIGGER = f"schedule:{DAILY} UTC"
SWEPT = CatchUp(catch_up=NAME).to_json()


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test depend on how fast this machine is."""
    monkeypatch.setattr(catching_up, "SECONDS", 600.0)


def day(days_ago: int) -> str:
    """Return a day as the start of a schedule has it."""
    return (datetime.now(UTC) - timedelta(days=days_ago)).strftime("%Y-%m-%d")


def times(days: int) -> list[str]:
    """Return the missed times of a schedule at two o'clock that begins so many days ago."""
    begin = datetime.now(UTC).replace(hour=2, minute=0, second=0, microsecond=0) - timedelta(days=days)
    every = (begin + timedelta(days=number) for number in range(days + 1))
    return [one.strftime("%Y-%m-%dT%H:%M:%SZ") for one in every if one <= datetime.now(UTC)]


def graph(days: int, **more: Any) -> CompiledPipeline:
    """Return a pipeline whose daily schedule begins so many days ago."""
    schedule = CaughtUpSchedule(
        trigger=TRIGGER, expression=DAILY, timezone="UTC", start=day(days), input={"region": "eu"}
    )
    return replace(word_count(), catch_up=(schedule,), **more)


def deployed(aws: Aws, found: CompiledPipeline, key: str = "1.json") -> str:
    """Deploy a pipeline, and return the message of its schedule."""
    aws.client("s3").put_object(Bucket="assets", Key=key, Body=found.to_json().encode())
    return CatchUp(catch_up=NAME, definition={"bucket": "assets", "key": key}).to_json()


def runs(aws: Aws) -> Iterator[dict[str, Any]]:
    """Yield the runs' items in the ledger."""
    items = aws.client("dynamodb").scan(TableName=TABLE)["Items"]
    yield from (item for item in items if item["sk"]["S"] == "RUN")


def begun(aws: Aws) -> list[str]:
    """Return the times of the runs."""
    return sorted(json.loads(item["trigger"]["S"])["time"] for item in runs(aws))


def end_all(aws: Aws) -> None:
    """Let all runs end."""
    for item in runs(aws):
        run_id = item["pk"]["S"].removeprefix("RUN#")
        ledger(aws).finish(run_id, RunState.CANCELLED, datetime.now(UTC).isoformat(timespec="milliseconds"))


def open_pipelines(aws: Aws) -> list[str]:
    """Return the pipelines that the sweep looks at."""
    return list(CatchUpLedger(aws.client("dynamodb"), TABLE).open())


def test_the_first_deploy_begins_a_run_for_each_time_since_the_start(aws: Aws) -> None:
    """Once, however often the messages come; each has the schedule's input and knows its time."""
    message = deployed(aws, graph(5))
    assert aws.call("trigger", message, message) == []
    assert aws.call("trigger", SWEPT, message) == []
    assert begun(aws) == times(5)
    trigger = json.loads(next(runs(aws))["trigger"]["S"])
    assert (trigger["kind"], trigger["input"]) == ("schedule", {"region": "eu"})
    assert open_pipelines(aws) == []
    run = ledger(aws).load(next(runs(aws))["pk"]["S"].removeprefix("RUN#"))
    assert run is not None
    assert run.pipeline.catch_up == ()


def test_a_time_whose_own_event_came_has_one_run(aws: Aws) -> None:
    """Before it is caught up, or afterwards."""
    message, wanted = deployed(aws, graph(5)), times(5)

    def event(time: str) -> str:
        found = scheduled_message(
            NAME, TRIGGER, {"bucket": "assets", "key": "1.json"}, time=time, expression=DAILY, value=None
        )
        return found.to_json()

    assert aws.call("trigger", event(wanted[1]), message, event(wanted[2])) == []
    assert begun(aws) == wanted


def test_only_so_many_are_under_way_and_the_sweep_goes_on(aws: Aws) -> None:
    """In the order of their times; nothing begins while none has ended."""
    aws.call("trigger", deployed(aws, graph(MAX_LIVE + 9)))
    wanted = times(MAX_LIVE + 9)
    assert begun(aws) == wanted[:MAX_LIVE]
    assert open_pipelines(aws) == [NAME]
    assert aws.call("track", SWEEP) == []
    swept = [message["Body"] for message in aws.received("trigger")]
    assert swept == [SWEPT]
    assert aws.call("trigger", *swept) == []
    assert begun(aws) == wanted[:MAX_LIVE]
    end_all(aws)
    assert aws.call("trigger", SWEPT) == []
    assert begun(aws) == wanted
    assert open_pipelines(aws) == []


def test_a_message_whose_time_is_over_leaves_the_rest_to_the_next_one(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each gets on by one time at least."""
    monkeypatch.setattr(catching_up, "SECONDS", -1.0)
    aws.call("trigger", deployed(aws, graph(3)))
    assert (begun(aws), open_pipelines(aws)) == (times(3)[:1], [NAME])
    aws.call("trigger", *[SWEPT] * 6)
    assert (begun(aws), open_pipelines(aws)) == (times(3), [])


def test_one_at_a_time_where_the_pipeline_says_so(aws: Aws) -> None:
    """The others wait in the order of their times."""
    aws.call("trigger", deployed(aws, graph(5, concurrency=Concurrency(1, "pipeline", ""))))
    states = {json.loads(item["trigger"]["S"])["time"]: item["state"]["S"] for item in runs(aws)}
    first, *others = times(5)
    assert states == {first: "RUNNING"} | dict.fromkeys(others, "WAITING")
    places = {
        json.loads(item["trigger"]["S"])["time"]: item["place"]["S"] for item in runs(aws) if "place" in item
    }
    assert sorted(others, key=places.__getitem__) == others


def test_nothing_begins_while_the_pipeline_is_paused(aws: Aws) -> None:
    """Afterwards all that was missed does."""
    pauses = Pauses(aws.client("dynamodb"), TABLE)
    pauses.pause(NAME, "", "2026-11-28T00:00:00.000+00:00")
    message = deployed(aws, graph(5))
    assert aws.call("trigger", message, SWEPT) == []
    assert (begun(aws), open_pipelines(aws)) == ([], [NAME])
    pauses.release(NAME)
    assert aws.call("trigger", json.dumps({"release": NAME, "version": 1}), SWEPT) == []
    assert begun(aws) == times(5)


def test_a_pipeline_that_no_deploy_speaks_of_any_more_is_left_alone(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its schedule is silent: the sweep forgets it, and a later deploy goes on where it was."""
    message = deployed(aws, graph(MAX_LIVE + 9))
    aws.call("trigger", message)
    end_all(aws)
    monkeypatch.setattr(catching_up, "GONE_AFTER", timedelta(seconds=-1))
    assert aws.call("trigger", SWEPT) == []
    assert (len(begun(aws)), open_pipelines(aws)) == (MAX_LIVE, [])
    monkeypatch.setattr(catching_up, "GONE_AFTER", timedelta(hours=3))
    assert aws.call("trigger", message) == []
    assert begun(aws) == times(MAX_LIVE + 9)


def test_a_second_deploy_with_another_start_adds_the_times_before_the_first(aws: Aws) -> None:
    """And the runs that there are stay the only ones of their times."""
    aws.call("trigger", deployed(aws, graph(3)))
    assert begun(aws) == times(3)
    assert aws.call("trigger", deployed(aws, graph(6), key="2.json")) == []
    assert begun(aws) == times(6)


def test_a_time_that_cannot_begin_is_set_aside_and_holds_up_no_other(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked at again when the next deploy begins earlier; one of which AWS Batch has not answered is
    begun.
    """
    handler = aws.handler("trigger")
    first, second, *_ = wanted = times(3)
    real = handler._start

    def start(body: str, *, anyway: bool = False) -> None:
        if first in body:
            raise MalformedMessageError("no such day")
        real(body, anyway=anyway)
        if second in body:
            raise UnsettledError("AWS Batch has not answered")

    monkeypatch.setattr(handler, "_start", start)
    record = {
        "messageId": "0",
        "receiptHandle": "r",
        "body": deployed(aws, graph(3)),
        "attributes": {},
        "eventSource": "aws:sqs",
    }
    assert handler.handler({"Records": [record]}, None)["batchItemFailures"] == []
    assert begun(aws) == wanted[1:]
    (aside,) = aws.received("dead")
    assert first in aside["Body"]
    assert open_pipelines(aws) == []


def test_a_time_of_which_nothing_is_known_is_tried_again(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """And none behind it begins before."""
    handler = aws.handler("trigger")
    wanted, real = times(3), handler._start
    monkeypatch.setattr(handler, "_start", lambda body, *, anyway=False: _unsettled(body, wanted[1], real))
    deploy = deployed(aws, graph(3))
    record = {
        "messageId": "0",
        "receiptHandle": "r",
        "body": deploy,
        "attributes": {},
        "eventSource": "aws:sqs",
    }
    handler.handler({"Records": [record]}, None)
    assert (begun(aws), open_pipelines(aws)) == (wanted[:1], [NAME])
    assert aws.call("trigger", SWEPT) == []
    assert begun(aws) == wanted


def _unsettled(body: str, time: str, real: Callable[[str], None]) -> None:
    if time in body:
        raise UnsettledError("paused and unpaused at this moment")
    real(body)


@pytest.mark.parametrize("fails", range(1, 12))
def test_one_that_dies_at_any_call_leaves_no_time_out_and_begins_none_twice(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    """The message comes again."""
    message = deployed(aws, graph(2))
    handler = aws.handler("trigger")
    real, calls = handler.catch_ups.ledger.client, iter(range(10_000))

    class Dying:
        def __getattr__(self, name: str) -> Any:
            def call(**request: Any) -> Any:
                if next(calls) == fails:
                    error: Any = {"Error": {"Code": "InternalServerError", "Message": "died"}}
                    raise ClientError(error, name)
                return getattr(real, name)(**request)

            return call

    monkeypatch.setattr(
        handler, "catch_ups", replace(handler.catch_ups, ledger=CatchUpLedger(Dying(), TABLE))
    )
    record = {
        "messageId": "0",
        "receiptHandle": "r",
        "body": message,
        "attributes": {},
        "eventSource": "aws:sqs",
    }
    while handler.handler({"Records": [record]}, None)["batchItemFailures"]:
        continue
    assert begun(aws) == times(2)
    assert open_pipelines(aws) == []
