"""The entry point of the job: its settings, and what starts it."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import Mock

import pytest

from containers.backfill import steps
from containers.backfill.steps import RESULT, backfill
from sluice.backfill.asked import NothingTakenError
from sluice.backfill.records import BackfillRecords
from sluice.backfill.target import targets_to_json
from sluice.errors import UnsettledError
from sluice.settings import BackfillSettings, JobSettings
from sluice.testing.memory.tables import Table
from sluice.triggers.trigger_event import Request, ScheduledTime
from tests.sluice.backfill.fake_bucket import Bucket
from tests.sluice.backfill.test_target import target

KEYS = ["sales/a.csv", "sales/b.csv"]
INPUT = {"triggers": [target().trigger], "every": "7d", "min_age": "15m"}


class Job:
    """A job's surroundings, and what it published."""

    def __init__(self) -> None:
        self.table, self.sqs, self.written = Table("ledger"), Mock(), dict[str, str]()
        self.sqs.send_message_batch = Mock(return_value={})
        self.clients: dict[str, Any] = {"dynamodb": self.table, "s3": Bucket(KEYS), "sqs": self.sqs}

    def run(self, started_by: Any) -> dict[str, Any]:
        """Do the work of a job, and return what it published."""
        out = Mock(write=lambda name, text: self.written.update({name: text}))
        backfill(Mock(trigger=started_by), out)
        return dict(json.loads(self.written[RESULT]))


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job with its settings."""
    found = Job()
    monkeypatch.setattr(steps, "client", lambda service: found.clients[service])
    settings = {
        **JobSettings(ledger_table="ledger", work_bucket="w", results_bucket="r", plan_topic="t").to_env(),
        **BackfillSettings(
            trigger_queue="https://queue", backfill_targets=targets_to_json([target()])
        ).to_env(),
        "SLUICE_RUN": "sales-backfill-1",
        "SLUICE_STEP": "backfill",
        "SLUICE_GENERATION": "0",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return found


def test_a_request_says_what_to_do(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    """The result has how many objects there were, and the log says it."""
    done = job.run(Request(token="t", input={}))
    assert (done["objects"], done["new"], done["run_id"]) == (2, 2, "sales-backfill-1")
    assert "2 objects, of which 2 were new; their runs begin." in capsys.readouterr().out
    (call,) = job.sqs.send_message_batch.call_args_list
    sent = [json.loads(entry["MessageBody"]) for entry in call.kwargs["Entries"]]
    assert [one["detail"]["object"]["key"] for one in sent] == KEYS
    assert {one["definition"]["key"] for one in sent} == {"k"}
    assert [one.run_id for one in BackfillRecords(job.table, "ledger").of("sales")] == ["sales-backfill-1"]


def test_a_schedule_reconciles(job: Job) -> None:
    """From its first time on."""
    first = ScheduledTime(time="2026-01-01T00:00:01Z", expression="rate(7 days)", input=INPUT)
    assert job.run(first)["new"] == 1


def test_what_it_is_not_made_for_fails_the_job_with_the_reason(job: Job) -> None:
    """At once: to repeat it would change nothing."""
    with pytest.raises(NothingTakenError, match="found plase"):
        job.run(Request(token="t", input={"plase": "s3://landing/"}))


def test_an_outage_is_waited_for(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins again: what it sent has begun, or is sent once more and is the same run."""
    monkeypatch.setattr(steps, "_BACKOFF", {"attempts": 3, "base": 0.0})
    real, answers = job.clients["s3"].list_objects_v2, [UnsettledError("not now"), UnsettledError("not now")]

    def list_objects(**request: Any) -> Any:
        if answers:
            raise answers.pop()
        return real(**request)

    job.clients["s3"].list_objects_v2 = list_objects
    assert job.run(Request(token="t", input={}))["new"] == 2
