"""The alert Lambda: one alert for each failure, delay and blocked queue."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sluice.messages import LATE, NOT_STARTED, EnvironmentInvalid, RunDelayed, RunFailed
from sluice.run.state import Run
from tests.lambdas.conftest import Aws
from tests.lambdas.runs import (
    RUN,
    SWEEP,
    alert_queue,
    begin,
    begun,
    describe_all_as,
    ended,
    events_of,
    mails,
    subjects,
)
from tests.sluice.clouds import TABLE, refused
from tests.sluice.graphs import QUEUES, pipeline, step, word_count


def test_the_alert_of_a_requested_run_says_how_to_request_it_again(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alert needs no upload."""
    monkeypatch.setattr(aws.batch, "describe_jobs", lambda jobs: {"jobs": []}, raising=False)
    upload = json.loads(aws.upload(word_count()))
    assert (
        aws.call(
            "trigger", json.dumps(upload | {"trigger": "manual", "detail": {"token": "t", "input": None}})
        )
        == []
    )
    run_id = str(next(iter(aws.batch.jobs.values()))["jobName"]).split("_")[0]
    assert aws.call("track", ended(aws, run_id, "split", "FAILED")) == []
    assert aws.call("alert", *(message["Body"] for message in aws.received("alerts"))) == []
    [mail] = aws.received("inbox")
    assert "sluice rerun " in mail["Body"]


def test_a_failure_without_a_reason_says_so(aws: Aws) -> None:
    """A step that the ledger has no record of."""
    run_id = begun(aws)
    assert aws.call("alert", RunFailed(run=run_id, step="merge").to_json()) == []
    assert "no reason is recorded" in mails(aws)[0]["Message"]


def test_an_alert_that_could_not_be_sent_comes_again(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its record in the ledger is removed."""
    run_id = begun(aws)
    message = RunFailed(run=run_id, step="split").to_json()
    monkeypatch.setattr(aws.batch, "describe_jobs", lambda jobs: {"jobs": []}, raising=False)
    sns = aws.client("sns")
    topic = sns.list_topics()["Topics"][0]["TopicArn"]
    sns.delete_topic(TopicArn=topic)
    assert aws.call("alert", message) == ["0"]
    sns.create_topic(Name="alerts")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:inbox")
    assert aws.call("alert", message) == []
    assert len(mails(aws)) == 1


def test_a_late_run_gets_one_alert(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the alert was sent, the next sweep sends nothing; the run goes on."""
    begin(aws, 61, expected_within=3600)
    describe_all_as(aws, monkeypatch, status="RUNNING")
    assert aws.call("track", SWEEP) == []
    [message] = alert_queue(aws)
    assert (message["run"], message["delay"]) == (RUN, LATE)
    assert "expected within 1h, under way for 1h1m; a is RUNNING" in message["why"]
    events = events_of(aws, monkeypatch)
    assert aws.call("alert", json.dumps(message), json.dumps(message)) == []
    assert subjects(aws) == ["Sluice: words is late"]
    assert {event["DetailType"] for event in events} == {"Run Late"}
    assert {json.loads(event["Detail"])["id"] for event in events} == {f"{RUN}/0/LATE"}
    assert aws.call("track", SWEEP) == []
    assert alert_queue(aws) == []


def test_runs_that_do_not_start_are_one_mail_a_pipeline_and_day(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the reason of the queue; the sweep does not send it again."""
    begin(aws, 40)
    describe_all_as(
        aws, monkeypatch, status="RUNNABLE", statusReason="CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - no"
    )
    assert aws.call("track", SWEEP) == []
    [message] = alert_queue(aws)
    assert message["delay"] == NOT_STARTED
    assert "a is RUNNABLE (AWS has no machine of the wanted types free at the moment)" in message["why"]
    assert aws.call("alert", json.dumps(message)) == []
    assert aws.call("track", SWEEP) == []
    assert alert_queue(aws) == []
    assert subjects(aws) == ["Sluice: words has not started"]


def blocked(
    name: str = f"{RUN}_a_0",
    reason: str = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - too much",
    looked: int | None = 1,
) -> str:
    """Return AWS's event of a blocked queue, as it comes or when it is looked at again."""
    detail = {
        "jobQueue": QUEUES["normal"],
        "jobId": "j",
        "jobName": name,
        "status": "RUNNABLE",
        "statusReason": reason,
    }
    event = {"source": "aws.batch", "detail-type": "Batch Job Queue Blocked", "detail": detail}
    return json.dumps(event | ({} if looked is None else {"looked": looked}))


def still(monkeypatch: pytest.MonkeyPatch, aws: Aws, status: str = "RUNNABLE", reason: str = "") -> None:
    """Let Batch describe every job so."""
    job = {"status": status, "statusReason": reason}
    monkeypatch.setattr(
        aws.batch,
        "describe_jobs",
        lambda jobs: {"jobs": [{"jobId": one, **job} for one in jobs]},
        raising=False,
    )


def test_a_blocked_queue_is_one_mail_a_day_for_a_reason_and_a_pipeline(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run that it blocks is no news; another reason is."""
    still(monkeypatch, aws, reason="MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - too much")
    other = "words-" + "b" * 20
    assert aws.call("alert", blocked(), blocked(), blocked(f"{other}_a_0")) == []
    assert subjects(aws) == ["Sluice: the queue Sluice_normal is blocked"]
    still(monkeypatch, aws, reason="UNDETERMINED - Batch job is blocked, root cause is undetermined.")
    assert aws.call("alert", blocked()) == []
    assert len(subjects(aws)) == 2


def test_a_queue_is_an_alert_only_when_it_is_still_blocked_minutes_later(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batch says so for minutes while the first machine boots; then the job starts."""
    sent: list[dict[str, Any]] = []
    sqs = aws.client("sqs")
    monkeypatch.setattr(sqs, "send_message", lambda **request: sent.append(request))
    real = aws.client
    monkeypatch.setattr(aws, "client", lambda name: sqs if name == "sqs" else real(name))
    monkeypatch.setattr("sluice.aws.clients.full_client", aws.client)
    assert aws.call("alert", blocked(looked=None)) == []
    assert sent[0]["DelaySeconds"] == 600
    still(monkeypatch, aws, "RUNNING")
    assert aws.call("alert", sent[0]["MessageBody"]) == []
    assert (len(sent), subjects(aws)) == (1, [])
    still(monkeypatch, aws, reason="MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - too much")
    assert aws.call("alert", sent[0]["MessageBody"]) == []
    assert subjects(aws) == ["Sluice: the queue Sluice_normal is blocked"]


def test_a_queue_without_a_reason_is_looked_at_again_and_never_lost(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that waits without a reason; a Batch that does not answer."""
    sent: list[dict[str, Any]] = []
    sqs = aws.client("sqs")
    monkeypatch.setattr(sqs, "send_message", lambda **request: sent.append(request))
    real = aws.client
    monkeypatch.setattr(aws, "client", lambda name: sqs if name == "sqs" else real(name))
    monkeypatch.setattr("sluice.aws.clients.full_client", aws.client)
    still(monkeypatch, aws)
    body = blocked(looked=None)
    for _ in range(3):
        assert aws.call("alert", body) == []
        body = sent[-1]["MessageBody"]
        assert subjects(aws) == []

    def unanswered(**_: Any) -> None:
        raise refused("ServerException", status=500)

    monkeypatch.setattr(aws.batch, "describe_jobs", unanswered)
    assert aws.call("alert", body) == ["0"]
    still(monkeypatch, aws)
    assert aws.call("alert", body) == []
    assert (len(sent), len(subjects(aws))) == (3, 1)


def test_a_queue_blocked_by_a_foreign_job_is_an_alert_too(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs after it have to wait."""
    still(monkeypatch, aws, reason="CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY")
    assert aws.call("alert", blocked("a foreign job")) == []
    [mail] = aws.received("inbox")
    assert "which belongs to no run" in mail["Body"]


@pytest.mark.parametrize(
    "body",
    [
        blocked().replace("Batch Job Queue Blocked", "Batch Job State Change"),
        '{"detail-type": "Batch Job Queue Blocked", "detail": []}',
        '{"detail-type": "Batch Job Queue Blocked", "detail": {"jobQueue": 5, "jobId": "j", "jobName": "n"}}',
        RunDelayed(run=RUN, delay="asleep", why="w").to_json(),
        RunDelayed(run=RUN, delay=LATE, why="w").to_json(),
        EnvironmentInvalid(environment="e", reason="r").to_json().replace('"version":1', '"version":2'),
        '{"changed_to": "RUNNING"}',
        '{"version": 1, "run": "r", "step": "s", "more": 1}',
    ],
)
def test_a_malformed_message_is_set_aside_with_its_reason(aws: Aws, body: str) -> None:
    """Other events, unknown delays, an unknown run, a newer version, missing and unknown fields."""
    assert aws.call("alert", body) == []
    [message] = aws.received("dead")
    assert message["MessageAttributes"]["reason"]["StringValue"].startswith("Expected ")


def test_a_run_that_a_newer_version_wrote_is_set_aside(aws: Aws) -> None:
    """A state or a trigger that this version does not know: its message waits where it can be seen."""
    begin(aws, 0)
    table = aws.client("dynamodb")
    change = {
        "TableName": TABLE,
        "Key": {"pk": {"S": f"RUN#{RUN}"}, "sk": {"S": "STEP#a"}},
        "UpdateExpression": "SET #state = :new",
    }
    table.update_item(
        **change,
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":new": {"S": "HIBERNATING"}},
    )
    assert aws.call("alert", RunFailed(run=RUN, step="a").to_json()) == []
    [message] = aws.received("dead")
    assert "as this version of Sluice writes them" in message["MessageAttributes"]["reason"]["StringValue"]
    assert aws.received("inbox") == []


def test_a_trigger_of_a_newer_version_is_set_aside_and_does_not_break_events(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event has the kind of the trigger as its input."""
    monkeypatch.setattr(aws.batch, "describe_jobs", lambda jobs: {"jobs": []}, raising=False)
    created = datetime.now(UTC).isoformat(timespec="milliseconds")
    aws.handler("track").advancer.start(
        Run(run_id=RUN, pipeline=pipeline(step("a")), trigger={"kind": "telepathy"}, created_at=created)
    )
    events = events_of(aws, monkeypatch)
    assert (
        aws.call(
            "alert",
            *(message["Body"] for message in aws.received("alerts")),
            RunFailed(run=RUN, step="a").to_json(),
        )
        == []
    )
    assert "telepathy" in json.loads(events[0]["Detail"])["input"]
    assert "telepathy" in aws.received("dead")[0]["MessageAttributes"]["reason"]["StringValue"]
