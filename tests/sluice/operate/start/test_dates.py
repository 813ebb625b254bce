"""The runs of a schedule's times in the past."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sluice import Job, Manual, Pipeline, Schedule
from sluice.messages import Triggered
from sluice.operate.errors import RequestError
from sluice.operate.start.dates import DateStarter, scheduled_runs
from sluice.pipeline.trigger_names import schedule_name
from sluice.run.job_names import run_id
from sluice.triggers.trigger_event import parse_trigger

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
DAILY = Schedule("cron(0 2 * * ? *)", input={"region": "eu"})


def pipeline(*triggers: Any) -> Pipeline:
    """Return a pipeline with these triggers."""
    return Pipeline(name="p", triggers=list(triggers), steps=[Job("a", image="busybox", command=["true"])])


class Cloud:
    """Runs begin with the message, and end when somebody has looked at them twice; no more than ``most`` are
    under way at the same time.
    """

    def __init__(self) -> None:
        self.sent: list[Triggered] = []
        self.looks: dict[str, int] = {}
        self.most = 0

    def send_message(self, **request: Any) -> dict[str, Any]:
        """Begin a run."""
        message = Triggered.from_json(request["MessageBody"])
        event = parse_trigger(message)
        assert event is not None
        self.sent.append(message)
        self.looks[run_id(message.pipeline, message.trigger, event.identity())] = 0
        self.most = max(self.most, sum(looks < 2 for looks in self.looks.values()))
        return {}

    def state_of(self, run: str) -> str | None:
        """Return the state of a run."""
        if run not in self.looks:
            return None
        self.looks[run] += 1
        return "RUNNING" if self.looks[run] < 2 else "SUCCEEDED"

    def starter(self) -> DateStarter:
        """Return what starts runs here."""
        return DateStarter(
            pipeline="p",
            definition={"bucket": "b", "key": "k"},
            sqs=self,
            queue="q",
            state_of=self.state_of,
            pause=lambda: None,
        )


@pytest.mark.parametrize("concurrency", [1, 3])
def test_each_time_has_the_run_that_its_own_event_would_have(concurrency: int) -> None:
    """In order, so many at a time; with the message that the schedule sends."""
    cloud, wanted = Cloud(), scheduled_runs(pipeline(DAILY, Manual()), SINCE, SINCE + timedelta(days=5))
    ended = list(cloud.starter().start(wanted, concurrency))
    assert [state for _, state in ended] == ["SUCCEEDED"] * 5
    assert [one.detail["time"] for one in cloud.sent] == [
        f"2026-01-{day:02d}T02:00:00Z" for day in range(1, 6)
    ]
    assert (cloud.sent[0].trigger, cloud.sent[0].detail["input"]) == (schedule_name(DAILY), {"region": "eu"})
    assert cloud.most == concurrency
    assert set(cloud.looks) == {one.run_id for one in wanted}


def test_what_has_begun_is_not_started_again() -> None:
    """Begun again after it was interrupted, or when the schedule's own event came meanwhile."""
    cloud, wanted = Cloud(), scheduled_runs(pipeline(DAILY), SINCE, SINCE + timedelta(days=3))
    list(cloud.starter().start(wanted[:2], 1))
    assert len(list(cloud.starter().start(wanted, 1))) == 3
    assert len(cloud.sent) == 3
    assert json.loads(cloud.sent[2].to_json())["detail"]["time"] == "2026-01-03T02:00:00Z"


@pytest.mark.parametrize(
    ("triggers", "days", "says"),
    [
        ([Manual()], 1, "Expected a Schedule of p, found none"),
        ([Schedule("rate(1 day)")], 1, "its times depend on when it was deployed"),
        ([DAILY], 0, "Expected --since before --until"),
        ([Schedule("cron(* * * * ? *)")], 365, "Expected at most 10,000 times"),
    ],
)
def test_a_range_without_known_times_is_refused(triggers: list[Any], days: int, says: str) -> None:
    """Before anything is started."""
    with pytest.raises(RequestError, match=says):
        scheduled_runs(pipeline(*triggers), SINCE, SINCE + timedelta(days=days))
