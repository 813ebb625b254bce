"""What the sweep notices and the alert Lambda tells: delays, blocked queues, invalid environments, tickets,
events about runs.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sluice.ledger.ledger import Ledger
from sluice.messages import LATE, NOT_STARTED, EnvironmentInvalid, RunDelayed, RunFailed
from sluice.run.state import Run, StepState
from tests.lambdas.conftest import Aws
from tests.sluice.clouds import TABLE, refused
from tests.sluice.graphs import QUEUES, pipeline, step

RUN = "words-" + "a" * 20
SWEEP = '{"sweep": true}'


def begin(aws: Aws, minutes: int, **compiled: Any) -> None:
    """Begin a run of one job, some minutes ago."""
    created = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="milliseconds")
    graph = replace(pipeline(step("a")), **compiled)
    aws.handler("track").advancer.start(
        Run(
            run_id=RUN,
            pipeline=graph,
            trigger={"kind": "manual", "token": "t", "input": None},
            created_at=created,
        )
    )


def jobs_are(aws: Aws, monkeypatch: pytest.MonkeyPatch, **job: Any) -> None:
    """Let Batch say so of every job."""
    monkeypatch.setattr(
        aws.batch,
        "describe_jobs",
        lambda jobs: {"jobs": [aws.batch.jobs[one] | job for one in jobs]},
        raising=False,
    )


def handed(aws: Aws) -> list[dict[str, Any]]:
    """Return what was handed to the alerts, without states of runs, and empty the queue."""
    messages = aws.received("alerts")
    for message in messages:
        aws.client("sqs").delete_message(
            QueueUrl=aws.queues["alerts"], ReceiptHandle=message["ReceiptHandle"]
        )
    bodies = [json.loads(message["Body"]) for message in messages]
    return [body for body in bodies if "changed_to" not in body]


def subjects(aws: Aws) -> list[str]:
    """Return the subjects of the e-mails."""
    return [json.loads(message["Body"])["Subject"] for message in aws.received("inbox")]


def events_of(aws: Aws, monkeypatch: pytest.MonkeyPatch, failed: int = 0) -> list[dict[str, Any]]:
    """Let EventBridge answer so, and return the list that its events will be in."""
    sent: list[dict[str, Any]] = []
    bus = aws.client("events")

    def put_events(**request: Any) -> dict[str, Any]:
        sent.extend(request["Entries"])
        return {
            "FailedEntryCount": failed,
            "Entries": [{"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}],
        }

    monkeypatch.setattr(bus, "put_events", put_events)
    real = aws.client
    monkeypatch.setattr(aws, "client", lambda service: bus if service == "events" else real(service))
    monkeypatch.setattr("sluice.aws.clients.full_client", aws.client)
    return sent


def test_a_late_run_is_handed_over_once(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a person was told, the next sweep is quiet; the run goes on."""
    begin(aws, 61, expected_within=3600)
    jobs_are(aws, monkeypatch, status="RUNNING")
    assert aws.call("track", SWEEP) == []
    [message] = handed(aws)
    assert (message["run"], message["delay"]) == (RUN, LATE)
    assert "expected within 1h, under way for 1h1m; a is RUNNING" in message["why"]
    events = events_of(aws, monkeypatch)
    assert aws.call("alert", json.dumps(message), json.dumps(message)) == []
    assert subjects(aws) == ["Sluice: words is late"]
    assert {event["DetailType"] for event in events} == {"Run Late"}
    assert {json.loads(event["Detail"])["id"] for event in events} == {f"{RUN}/0/LATE"}
    assert aws.call("track", SWEEP) == []
    assert handed(aws) == []


@pytest.mark.parametrize("minutes", [10, 59])
def test_a_run_within_its_time_is_not_late(aws: Aws, monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    """Nor is one that nothing was said about."""
    begin(aws, minutes, expected_within=3600)
    jobs_are(aws, monkeypatch, status="RUNNING")
    assert aws.call("track", SWEEP) == []
    assert handed(aws) == []


def test_a_run_that_ends_in_the_sweep_is_not_told_of_as_late(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its event was lost, and it is over."""
    begin(aws, 120, expected_within=3600)
    jobs_are(aws, monkeypatch, status="SUCCEEDED")
    assert aws.call("track", SWEEP) == []
    assert handed(aws) == []


def test_runs_that_do_not_start_are_one_mail_a_pipeline_and_day(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue's reason is in it; the sweep does not hand the run over again."""
    begin(aws, 40)
    jobs_are(aws, monkeypatch, status="RUNNABLE", statusReason="CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - no")
    assert aws.call("track", SWEEP) == []
    [message] = handed(aws)
    assert message["delay"] == NOT_STARTED
    assert "a is RUNNABLE (AWS has no machine of the wanted types free at the moment)" in message["why"]
    assert aws.call("alert", json.dumps(message)) == []
    assert aws.call("track", SWEEP) == []
    assert handed(aws) == []
    assert subjects(aws) == ["Sluice: words has not started"]


def test_an_invalid_environment_is_told_of_once_a_day_and_only_while_runs_wait(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a run nobody asks Batch."""
    aws.batch.environments["spot"] |= {"status": "INVALID", "statusReason": "the role is gone"}
    assert aws.call("track", SWEEP) == []
    assert handed(aws) == []
    begin(aws, 10)
    jobs_are(aws, monkeypatch, status="RUNNING")
    assert aws.call("track", SWEEP, SWEEP) == []
    found = handed(aws)
    assert found == [{"version": 1, "environment": "spot", "reason": "the role is gone"}] * 2
    assert aws.call("alert", *map(json.dumps, found)) == []
    assert subjects(aws) == ["Sluice: the compute environment spot is invalid"]


def test_environments_that_cannot_be_looked_at_let_the_sweep_come_again(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runs were looked at all the same."""
    begin(aws, 10)
    jobs_are(aws, monkeypatch, status="SUCCEEDED")

    def no(**_: Any) -> None:
        raise refused("AccessDeniedException", "no", 403)

    monkeypatch.setattr(aws.batch, "describe_job_queues", no)
    assert aws.call("track", SWEEP) == ["0"]
    run = Ledger(aws.client("dynamodb"), TABLE).load(RUN)
    assert run is not None
    assert run.steps["a"].state is StepState.SUCCEEDED


def blocked(
    name: str = f"{RUN}_a_0", reason: str = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - too much"
) -> str:
    """Return AWS's event of a blocked queue."""
    detail = {
        "jobQueue": QUEUES["normal"],
        "jobId": "j",
        "jobName": name,
        "status": "RUNNABLE",
        "statusReason": reason,
    }
    return json.dumps({"source": "aws.batch", "detail-type": "Batch Job Queue Blocked", "detail": detail})


def test_a_blocked_queue_is_one_mail_a_day_for_a_reason_and_a_pipeline(aws: Aws) -> None:
    """The next run that it blocks is no news; another reason is."""
    other = "words-" + "b" * 20
    assert aws.call("alert", blocked(), blocked(), blocked(f"{other}_a_0")) == []
    assert subjects(aws) == ["Sluice: the queue Sluice_normal is blocked"]
    assert (
        aws.call("alert", blocked(reason="UNDETERMINED - Batch job is blocked, root cause is undetermined."))
        == []
    )
    assert len(subjects(aws)) == 2


def test_a_queue_blocked_by_somebody_elses_job_is_told_of_too(aws: Aws) -> None:
    """It blocks the runs behind it."""
    assert aws.call("alert", blocked("somebody's own job")) == []
    [mail] = aws.received("inbox")
    assert "which is no run's" in mail["Body"]


def test_a_state_is_sent_as_an_event(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """RUNNING when the run begins, the end when it ends."""
    begin(aws, 0)
    events = events_of(aws, monkeypatch)
    assert aws.call("alert", *(message["Body"] for message in aws.received("alerts"))) == []
    [event] = events
    assert (event["Source"], event["DetailType"]) == ("sluice", "Run State Change")
    assert json.loads(event["Detail"])["state"] == "RUNNING"


def test_an_event_that_is_not_taken_comes_again(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """PutEvents answers 200 for an entry that it refuses."""
    begin(aws, 0)
    [message] = aws.received("alerts")
    events_of(aws, monkeypatch, failed=1)
    assert aws.call("alert", message["Body"]) == ["0"]


def test_one_ticket_a_run(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it fails or is late; its text is the e-mail's."""
    opened = tickets(aws, monkeypatch)
    begin(aws, 0, ticket=True)
    jobs_are(aws, monkeypatch, status="FAILED")
    failed, late = (
        RunFailed(run=RUN, step="a").to_json(),
        RunDelayed(run=RUN, delay=LATE, why="too long").to_json(),
    )
    assert aws.call("alert", failed, failed, late) == []
    [ticket] = opened
    assert ticket["Title"] == "Sluice: words failed at a"
    assert json.loads(ticket["OperationalData"]["/aws/dedup"]["Value"]) == {"dedupString": f"sluice-{RUN}"}
    assert len(ticket["Description"]) <= 2048


def test_no_ticket_unless_the_pipeline_wants_one(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person is told all the same."""
    opened = tickets(aws, monkeypatch)
    begin(aws, 0)
    assert aws.call("alert", RunFailed(run=RUN, step="a").to_json()) == []
    assert (opened, len(subjects(aws))) == ([], 1)


def test_a_ticket_that_is_open_already_is_as_good(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Lambda died after it had opened it."""
    opened = tickets(aws, monkeypatch, refused("OpsItemAlreadyExistsException"))
    begin(aws, 0, ticket=True)
    assert aws.call("alert", RunFailed(run=RUN, step="a").to_json()) == []
    assert len(opened) == 1


def test_a_ticket_that_is_refused_is_tried_again_and_the_mail_is_not(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The missing permission ends in the dead-letter queue, which has an alarm."""
    opened = tickets(
        aws,
        monkeypatch,
        refused("AccessDeniedException", "not authorized to perform: ssm:CreateOpsItem", 403),
    )
    begin(aws, 0, ticket=True)
    message = RunFailed(run=RUN, step="a").to_json()
    assert aws.call("alert", message) == ["0"]
    assert aws.call("alert", message) == ["0"]
    assert (len(opened), len(subjects(aws))) == (2, 1)


def tickets(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, error: ClientError | None = None
) -> list[dict[str, Any]]:
    """Let Systems Manager answer so, and return the list that the OpsItems will be in; moto has none."""
    opened: list[dict[str, Any]] = []
    jobs_are(aws, monkeypatch, status="FAILED")
    ssm = aws.client("ssm")

    def create_ops_item(**request: Any) -> dict[str, Any]:
        from botocore.validate import validate_parameters

        validate_parameters(request, ssm.meta.service_model.operation_model("CreateOpsItem").input_shape)
        opened.append(request)
        if error is not None:
            raise error
        return {"OpsItemId": "oi-1"}

    monkeypatch.setattr(ssm, "create_ops_item", create_ops_item)
    real = aws.client
    monkeypatch.setattr(
        "sluice.aws.clients.full_client", lambda service: ssm if service == "ssm" else real(service)
    )
    return opened


def test_a_log_that_is_not_there_yet_leaves_the_rest_of_the_alert(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream has a name before it exists: the link is given, the lines are not."""
    begin(aws, 0)
    options = {"logConfiguration": {"options": {"awslogs-group": "/none"}}}
    jobs_are(aws, monkeypatch, status="FAILED", container={"logStreamName": "a/1", **options})
    assert aws.call("alert", RunFailed(run=RUN, step="a").to_json()) == []
    [mail] = aws.received("inbox")
    text = json.loads(mail["Body"])["Message"]
    assert "log-events/a$252F1" in text
    assert "last lines" not in text


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
def test_what_cannot_be_told_is_set_aside_with_its_reason(aws: Aws, body: str) -> None:
    """Other events, unknown delays, a run that nobody knows, a newer version, missing and unknown fields."""
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
    """The event says what it can."""
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
