"""The policies of docs/access.md, each given to a role, on a cloud that enforces IAM: what they allow, and
what they do not.
"""

from __future__ import annotations

import json
import uuid

import pytest

from tests.e2e.access.intrusions import Call
from tests.e2e.access.person import Person
from tests.e2e.application import Application, Upload


@pytest.fixture(scope="module")
def run(app: Application, burst: dict[str, Upload]) -> str:
    """A run of word-count."""
    return str(app.ended(burst["text"]).run_id)


def job_of(app: Application, **tags: str) -> str:
    """Return a job that waits, with these tags."""
    name, batch = f"sluice-test-{uuid.uuid4().hex}", app.client("batch")
    container = {
        "image": "public.ecr.aws/docker/library/python:3.13-slim",
        "command": ["python", "-c", "import time; time.sleep(600)"],
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
    }
    batch.register_job_definition(jobDefinitionName=name, type="container", containerProperties=container)
    queue = app.outputs["NormalQueue"]
    return str(batch.submit_job(jobName=name, jobQueue=queue, jobDefinition=name, tags=tags)["jobId"])


def reading(app: Application, run: str) -> list[Call]:
    """Return the calls of who watches."""
    table = app.outputs["LedgerTable"]
    return [
        ("batch", "describe_jobs", {"jobs": ["x"]}),
        (
            "dynamodb",
            "get_item",
            {"TableName": table, "Key": {"pk": {"S": f"RUN#{run}"}, "sk": {"S": "RUN"}}},
        ),
        ("dynamodb", "scan", {"TableName": table, "Limit": 1}),
        ("s3", "list_objects_v2", {"Bucket": app.outputs["ResultsBucket"], "Prefix": "word-count/"}),
        ("cloudformation", "describe_stacks", {}),
    ]


def update(app: Application, run: str) -> Call:
    """Return a write of a run in the ledger which changes nothing."""
    return (
        "dynamodb",
        "update_item",
        {
            "TableName": app.outputs["LedgerTable"],
            "Key": {"pk": {"S": f"RUN#{run}"}, "sk": {"S": "NOTE"}},
            "UpdateExpression": "SET note = :note",
            "ExpressionAttributeValues": {":note": {"S": "a test"}},
        },
    )


def request(detail_type: str) -> Call:
    """Return an event of this type, for a Sluice that is not there: no rule takes it."""
    detail = '{"pipeline": "none-of-this-name", "stack_prefix": "Nobody"}'
    entry = {"Source": "sluice", "DetailType": detail_type, "Detail": detail}
    return ("events", "put_events", {"Entries": [entry]})


def end(job: str) -> Call:
    """Return the end of a job."""
    return ("batch", "terminate_job", {"jobId": job, "reason": "a test"})


def test_who_may_only_watch_reads_and_changes_nothing(app: Application, run: str) -> None:
    """Nor starts anything."""
    person = Person(app, "watch")
    assert all(person.may(call) for call in reading(app, run))
    inbox = app.outputs["InboxBucket"]
    refused = [
        update(app, run),
        end(job_of(app, **{"sluice:app": "Sluice"})),
        request("Run Requested"),
        ("s3", "put_object", {"Bucket": inbox, "Key": "word-count/x.txt", "Body": ""}),
        ("sqs", "send_message", {"QueueUrl": app.outputs["TrackQueue"], "MessageBody": "{}"}),
    ]
    assert [call for call in refused if person.may(call)] == []


def test_who_may_start_uploads_below_a_prefix_and_sends_requests(app: Application, run: str) -> None:
    """No other prefix, no other event, and no look at what becomes of it."""
    person, inbox = Person(app, "start"), app.outputs["InboxBucket"]
    assert person.may(("s3", "put_object", {"Bucket": inbox, "Key": "word-count/none", "Body": ""}))
    assert person.may(request("Run Requested"))
    refused = [
        ("s3", "put_object", {"Bucket": inbox, "Key": "flights/x.csv", "Body": ""}),
        request("Run State Change"),
        reading(app, run)[1],
        update(app, run),
    ]
    assert [call for call in refused if person.may(call)] == []


def test_who_may_cancel_ends_jobs_of_sluice_alone(app: Application, run: str) -> None:
    """Not those of others in the account, which have no such tag."""
    person = Person(app, "watch", "cancel")
    ours, theirs = job_of(app, **{"sluice:app": "Sluice"}), job_of(app, owner="somebody")
    assert person.may(update(app, run))
    assert person.may(end(ours))
    assert person.may(request("Run State Change"))
    assert not person.may(end(theirs))
    assert not person.may(request("Run Requested"))
    app.client("batch").terminate_job(jobId=theirs, reason="a test")


def test_who_may_retry_reopens_runs_and_has_them_looked_at(app: Application, run: str) -> None:
    """And ends no job."""
    person = Person(app, "watch", "retry")
    assert person.may(update(app, run))
    sweep = json.dumps({"sweep": True, "version": 1})
    assert person.may(("sqs", "send_message", {"QueueUrl": app.outputs["TrackQueue"], "MessageBody": sweep}))
    job = job_of(app, **{"sluice:app": "Sluice"})
    assert not person.may(end(job))
    app.client("batch").terminate_job(jobId=job, reason="a test")


def test_who_may_invite_gives_people_roles_in_the_console(app: Application, run: str) -> None:
    """And sees nothing of runs; who may read the audit log invites nobody."""
    pool, email = app.outputs["ConsoleUserPool"], f"{uuid.uuid4().hex[:8]}@example.com"
    named = {"UserPoolId": pool, "Username": email}
    inviting, auditing = Person(app, "invite"), Person(app, "audit")
    invitation = ("cognito-idp", "admin_create_user", {**named, "MessageAction": "SUPPRESS"})
    assert not auditing.may(invitation)
    assert inviting.may(invitation)
    assert inviting.may(("cognito-idp", "admin_add_user_to_group", {**named, "GroupName": "operate"}))
    assert not inviting.may(reading(app, run)[1])
    group = app.resource("SluiceControl", "ConsoleLogs", "AWS::Logs::LogGroup")
    lines = ("logs", "filter_log_events", {"logGroupName": group})
    assert auditing.may(lines)
    assert not inviting.may(lines)
    for person in (inviting, auditing, Person(app, "watch")):
        secret = app.resource("SluiceControl", "ConsoleSessionSecret", "AWS::SecretsManager::Secret")
        assert not person.may(("secretsmanager", "get_secret_value", {"SecretId": secret}))


def test_a_team_reaches_its_own_pipelines_by_their_tag(app: Application, run: str) -> None:
    """Jobs by what their pipeline is tagged with, runs by its name."""
    person = Person(app, "watch", "team")
    ours, theirs = job_of(app, team="data"), job_of(app, team="web")
    assert person.may(end(ours))
    assert not person.may(end(theirs))
    assert person.may(update(app, run))
    other = f"flight-delays-{run.rpartition('-')[2]}"
    assert not person.may(update(app, other))
    app.client("batch").terminate_job(jobId=theirs, reason="a test")


def test_a_run_s_jobs_carry_the_tags_of_pipeline_step_and_run(app: Application, run: str) -> None:
    """So do their definitions, but for the run; and the tasks, which `propagateTags` says."""
    record = app.ledger.load(run)
    assert record is not None
    batch = app.client("batch")
    for name, step in record.steps.items():
        if not step.job_id:
            continue
        (job,) = batch.describe_jobs(jobs=[step.job_id])["jobs"]
        own = {
            "sluice:app": "Sluice",
            "sluice:pipeline": "word-count",
            "sluice:step": name,
            "sluice:run": run,
        }
        assert job["tags"].items() >= own.items()
        assert job["propagateTags"] is True
