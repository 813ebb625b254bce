"""Thousands of equal failures over the handlers: counted messages, of which none is lost."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import lambdas.alert.gathering
from lambdas.alert.evidence import Evidence
from sluice.alerts import digest
from sluice.messages import LATE, RunDelayed, RunFailed, SetReport
from sluice.run.state import Run, StepRecord, StepState
from sluice.testing.memory.tables import Table
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import alert_queue
from tests.sluice.clouds import TABLE, refused
from tests.sluice.graphs import pipeline, step

START = datetime(2026, 1, 1, tzinfo=UTC)
CAUSES = [
    "ValueError: not a number (item {})",
    "KeyError: '{}'",
    "the program ended with exit code 3",
    "the program ended with exit code 4 (row {})",
    "FileNotFoundError: /tmp/{}/a",
    "the image was not found (registry:{})",
    "TimeoutError: no answer from host {}",
    "the job needed more memory than it asks for",
    "{} of 10 children failed",
    "json.JSONDecodeError: Expecting value (char {})",
]


class Failures:
    """Failing runs of the pipeline words, whose Lambdas have a clock of their own and a fake SNS."""

    def __init__(self, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
        """Begin without failures."""
        self.aws, self.now = aws, START
        self.runs: dict[str, Run] = {}
        self.sent: list[tuple[str, str]] = []
        self.refuses = 0
        self.handler: Any = aws.handler("alert")
        monkeypatch.setattr(self.handler.ledger, "load", lambda run_id: self.runs.get(run_id))
        monkeypatch.setattr("lambdas.alert.failure.gather", lambda *_: Evidence())
        clock = type("Clock", (datetime,), {"now": classmethod(lambda _, tz: self.now)})
        self.track: Any = aws.handler("track")
        for module in (lambdas.alert.gathering, self.track):
            monkeypatch.setattr(module, "datetime", clock)
        sns = aws.client("sns")
        monkeypatch.setattr(sns, "publish", self.publish)
        real = aws.client
        monkeypatch.setattr(aws, "client", lambda name: sns if name == "sns" else real(name))
        monkeypatch.setattr("sluice.aws.clients.full_client", aws.client)

    def publish(self, **request: Any) -> dict[str, Any]:
        """Take a message, or refuse it."""
        if self.refuses:
            self.refuses -= 1
            raise refused("ThrottledException", status=429)
        texts = json.loads(request["Message"])
        kind = "sms" if request["TopicArn"].endswith("phones") else "mail"
        self.sent.append((kind, texts["email"]))
        return {}

    def fail(self, reason: str) -> str:
        """Let another run fail, and return the message about it."""
        number = len(self.runs)
        run_id = "words-" + "".join(chr(97 + int(digit)) for digit in f"{number:020}")
        record = StepRecord(
            name="a", state=StepState.FAILED, generation=0, children=1, claimed_at="", reason=reason
        )
        trigger = {"kind": "manual", "token": f"t{number}", "input": None}
        self.runs[run_id] = Run(
            run_id=run_id,
            pipeline=pipeline(step("a")),
            trigger=trigger,
            created_at=START.isoformat(),
            steps={"a": record},
        )
        return RunFailed(run=run_id, step="a").to_json()

    def call(self, *bodies: str) -> list[str]:
        """Hand messages to the handler, and return those that failed."""
        records: list[dict[str, Any]] = [
            {"messageId": str(number), "body": body, "eventSource": "aws:sqs", "awsRegion": "us-east-1"}
            for number, body in enumerate(bodies)
        ]
        records = [one | {"receiptHandle": "r", "attributes": {}} for one in records]
        answer = self.handler.handler({"Records": records}, None)
        return [bodies[int(failure["itemIdentifier"])] for failure in answer["batchItemFailures"]]

    def sweep(self, minutes: int) -> None:
        """Let time pass with sweeps, whose messages are handled."""
        for _ in range(minutes // 5):
            self.now += timedelta(minutes=5)
            self.track._send_due_digests()
            due = [json.dumps(message) for message in alert_queue(self.aws)]
            if due:
                self.call(*due)

    def heard(self) -> int:
        """Return how many failures the e-mails are about."""
        numbers = [re.match(r"([\d,]+) more run", text) for kind, text in self.sent if kind == "mail"]
        return sum(int(found[1].replace(",", "")) if found else 1 for found in numbers)

    def kinds(self) -> Counter[str]:
        """Return how many messages of each medium were sent."""
        return Counter(kind for kind, _ in self.sent)


@pytest.fixture
def failures(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Failures:
    """No failures yet."""
    return Failures(aws, monkeypatch)


def test_many_failures_of_one_cause_are_a_handful_of_messages(failures: Failures) -> None:
    """Three e-mails, one text message, one digest with the commands that list the runs and resume them;
    every message comes twice.
    """
    for number in range(120):
        message = failures.fail(f"ValueError: not a number (item {number})")
        assert failures.call(message, message) == []
    failures.sweep(90)
    assert failures.kinds() == {"mail": 4, "sms": 1}
    assert failures.heard() == 120
    text = failures.sent[-1][1]
    newest = list(failures.runs)[-1]
    assert "117 more runs of the pipeline words failed at the step a for the same reason." in text
    assert "In all:   120 since 2026-01-01 00:00 UTC" in text
    assert f"Newest:   {newest}" in text
    assert "sluice runs --pipeline words --limit 120" in text
    assert "sluice retry --pipeline words --since 2026-01-01T00:00 --state failed" in text
    assert digest.LAST_BEFORE_DIGESTS in failures.sent[3][1]


@pytest.fixture
def very_many(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Failures:
    """No failures yet, and a ledger in memory that answers as moto's (tests/matrix/test_harness.py), which
    takes ten times as long for a call.
    """
    ledger, real = Table(TABLE), aws.client
    monkeypatch.setattr(aws, "client", lambda name: ledger if name == "dynamodb" else real(name))
    monkeypatch.setattr("sluice.aws.clients.full_client", aws.client)
    return Failures(aws, monkeypatch)


@pytest.mark.parametrize(("causes", "mails", "texts"), [(1, 3 + 2, 1), (10, 12 + 11 + 10, 10)])
def test_ten_thousand_failures_are_a_handful_of_messages(
    very_many: Failures, causes: int, mails: int, texts: int
) -> None:
    """Within 50 minutes, ten messages at a time as the queue hands them over, each tenth batch twice: all of
    them are heard of, each once.
    """
    for batch in range(1000):
        numbers = range(batch * 10, batch * 10 + 10)
        bodies = [very_many.fail(CAUSES[number % causes].format(number)) for number in numbers]
        assert very_many.call(*bodies) == []
        if batch % 10 == 0:
            assert very_many.call(*bodies) == []
        if batch % 100 == 99:
            very_many.sweep(5)
    very_many.sweep(130)
    assert len(very_many.runs) == very_many.heard() == 10_000
    assert very_many.kinds()["mail"] <= mails
    assert very_many.kinds()["sms"] <= texts


def test_many_failures_of_ten_causes_are_a_handful_of_messages(failures: Failures) -> None:
    """A person hears of each, though most have no alert of their own."""
    for number in range(120):
        assert failures.call(failures.fail(CAUSES[number % 10].format(number))) == []
    failures.sweep(90)
    assert failures.heard() == 120
    assert failures.kinds()["mail"] <= 12 + 11
    assert failures.kinds()["sms"] <= 10


def test_failures_of_ever_other_causes_are_gathered_too(failures: Failures) -> None:
    """Should each have words of its own."""
    for number in range(60):
        words = " ".join(chr(97 + int(digit)) * 4 for digit in str(number))
        assert failures.call(failures.fail(f"OddError: {words}")) == []
    failures.sweep(90)
    assert failures.heard() == 60
    assert failures.kinds()["mail"] <= 13
    assert "for various reasons" in failures.sent[-1][1]


@pytest.mark.parametrize("refuses", [1, 2])
def test_a_message_that_was_refused_comes_again_and_counts_once(failures: Failures, refuses: int) -> None:
    """An alert and a digest."""
    failures.refuses = refuses
    message = failures.fail("ValueError: x")
    left = [message]
    while left:
        left = failures.call(*left)
    assert failures.kinds()["sms"] == 1
    for _ in range(9):
        assert failures.call(failures.fail("ValueError: x")) == []
    failures.refuses = 1
    failures.sweep(5)
    failures.sweep(30)
    assert failures.sent[-1][1].startswith("7 more runs")
    assert failures.heard() - (failures.kinds()["mail"] - 4) == 10


def test_a_lambda_that_dies_between_count_and_alert_sends_it_after_all(
    failures: Failures, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count is a record; what it decided is done when the message comes again."""
    real = failures.handler._once

    def dies(*_: Any) -> None:
        raise refused("InternalError", status=500)

    monkeypatch.setattr(failures.handler, "_once", dies)
    message = failures.fail("ValueError: x")
    assert failures.call(message) == [message]
    monkeypatch.setattr(failures.handler, "_once", real)
    assert failures.call(message) == []
    assert failures.kinds() == {"mail": 1, "sms": 1}
    assert failures.call(failures.fail("ValueError: x")) == []
    assert failures.kinds() == {"mail": 2, "sms": 1}


def test_many_late_runs_are_gathered(failures: Failures, monkeypatch: pytest.MonkeyPatch) -> None:
    """As failures are; each has its event."""
    monkeypatch.setattr(failures.handler, "send_event", lambda *_: None)
    for _ in range(20):
        failures.fail("x")
    for run_id in failures.runs:
        assert failures.call(RunDelayed(run=run_id, delay=LATE, why="under way for 2h").to_json()) == []
    failures.sweep(15)
    assert failures.kinds() == {"mail": 4, "sms": 1}
    assert failures.sent[-1][1].startswith("17 more runs of the pipeline words are late.")


def test_the_records_of_the_series_expire(failures: Failures) -> None:
    """Nothing of it stays in the ledger for ever, and each failure costs the same."""
    for _ in range(30):
        assert failures.call(failures.fail("ValueError: x")) == []
    found = failures.aws.client("dynamodb").scan(TableName=TABLE)["Items"]
    assert all("expires_at" in item for item in found)
    assert len([item for item in found if item["pk"]["S"].startswith("ALERTS#")]) == 2


@pytest.mark.parametrize(
    ("event", "first", "command"),
    [
        ("late:0", "27 more sets of the pipeline sales wait for files and are late.", True),
        (
            "after:{}",
            "27 more uploads of the pipeline sales came after the run of their set had begun.",
            False,
        ),
    ],
)
def test_many_reports_of_sets_are_gathered(failures: Failures, event: str, first: str, command: bool) -> None:
    """Sets that are late by the dozen, or files that come one by one after the run of their set, are a
    handful of e-mails and one text message; each message comes twice.
    """
    for number in range(30):
        hour = f"hour={number if command else 0}"
        text = f"The set {hour} of sales/{{hour}}.csv"
        report = SetReport(pipeline="sales", set=hour, event=event.format(number), text=text).to_json()
        assert failures.call(report, report) == []
    failures.sweep(15)
    assert failures.kinds() == {"mail": 4, "sms": 1}
    told = failures.sent[-1][1]
    assert told.startswith(first)
    assert f"Newest:   {text} (the newest)" in told
    assert ("sluice sets list --pipeline sales" in told) is command
    assert "sluice show" not in told
    assert "the log of the group Lambda" in told
