"""The light client against the local cloud's services: what it writes is what they read."""

from __future__ import annotations

import uuid
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from local.paths import ACCOUNT, REGION, LocalCloudPaths
from local.secret_key import secret_key
from sluice.aws.light_client import LightClient
from sluice.aws.signing import Credentials
from sluice.ledger.idempotency import DeliveryRecords
from sluice.ledger.ledger import Ledger
from sluice.run.decision import decide
from sluice.run.state import Run
from sluice.triggers.webhook_deliveries import DeliveryRecord
from tests.sluice.clouds import make_table
from tests.sluice.graphs import RUN_ID, word_count


def full(cloud: LocalCloudPaths, service: str) -> Any:
    """Return botocore's client of a service of the cloud."""
    return botocore.session.get_session().create_client(
        service,
        region_name=REGION,
        endpoint_url=cloud.endpoint,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key=secret_key(cloud.secret_file),
    )


def light(cloud: LocalCloudPaths, service: str) -> LightClient:
    """Return the light client of a service of the cloud."""
    credentials = Credentials(access_key=ACCOUNT, secret_key=secret_key(cloud.secret_file))
    return LightClient(service=service, region=REGION, endpoint=cloud.endpoint, credentials=credentials)


def test_the_ledger_works_over_it(cloud: LocalCloudPaths) -> None:
    """A run written by one client is read by the other, and a condition that does not hold is an answer."""
    table = f"ledger-{uuid.uuid4().hex}"  # The tests of a session share the cloud.
    make_table(full(cloud, "dynamodb"), table)
    ledger, other = Ledger(light(cloud, "dynamodb"), table), Ledger(full(cloud, "dynamodb"), table)
    run = Run(
        run_id=RUN_ID,
        pipeline=word_count(),
        trigger={"key": "žluť"},
        created_at="2026-01-01T00:00:00.000+00:00",
    )
    claims = decide(word_count(), {}).submissions
    assert [ledger.start(run, claims), ledger.start(run, claims)] == [True, False]
    ledger.record_submitted(RUN_ID, {"split": "job-1"})
    assert ledger.load(RUN_ID) == other.load(RUN_ID)
    assert ledger.assignment(RUN_ID, "split") == other.assignment(RUN_ID, "split")
    assert list(ledger.unfinished("2030")) == [RUN_ID]
    assert not ledger.claim(RUN_ID, claims, "2026-01-01T00:01:00.000+00:00")


def test_a_message_with_attributes_arrives(cloud: LocalCloudPaths) -> None:
    """As a malformed message is set aside."""
    sqs = full(cloud, "sqs")
    queue = sqs.create_queue(QueueName="light-client")["QueueUrl"]
    reason = {"reason": {"DataType": "String", "StringValue": "Expected JSON, found 'ž'."}}
    light(cloud, "sqs").send_message(QueueUrl=queue, MessageBody="{ž", MessageAttributes=reason)
    [message] = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"])["Messages"]
    assert (message["Body"], message["MessageAttributes"]["reason"]["StringValue"]) == (
        "{ž",
        "Expected JSON, found 'ž'.",
    )


def test_an_object_is_read_and_a_missing_one_is_an_error(cloud: LocalCloudPaths) -> None:
    """With a key that needs encoding."""
    s3 = full(cloud, "s3")
    s3.create_bucket(Bucket="light-client")
    s3.put_object(Bucket="light-client", Key="a b/ž+%.json", Body=b"content")
    assert (
        light(cloud, "s3").get_object(Bucket="light-client", Key="a b/ž+%.json")["Body"].read() == b"content"
    )
    with pytest.raises(ClientError, match="NoSuchKey"):
        light(cloud, "s3").get_object(Bucket="light-client", Key="gone")


def test_an_object_is_written(cloud: LocalCloudPaths) -> None:
    """With a key that needs encoding; what is there is replaced. A bucket that is not there is an error."""
    s3 = full(cloud, "s3")
    s3.create_bucket(Bucket="light-written")
    for body in (b"first", "ž second".encode()):
        light(cloud, "s3").put_object(Bucket="light-written", Key="a b/ž+%.json", Body=body)
    light(cloud, "s3").put_object(Bucket="light-written", Key="b", Body=b"", Metadata={"sluice-run": "r"})
    assert s3.head_object(Bucket="light-written", Key="b")["Metadata"] == {"sluice-run": "r"}
    assert s3.get_object(Bucket="light-written", Key="a b/ž+%.json")["Body"].read() == "ž second".encode()
    with pytest.raises(ClientError, match="NoSuchBucket"):
        light(cloud, "s3").put_object(Bucket="not-there", Key="a", Body=b"")


def test_a_secret_is_read_by_its_stage(cloud: LocalCloudPaths) -> None:
    """A stage that no version has is an error by its code."""
    secrets = full(cloud, "secretsmanager")
    arn = secrets.create_secret(Name="light-client", SecretString="ž first")["ARN"]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        light(cloud, "secretsmanager").get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")
    secrets.put_secret_value(SecretId=arn, SecretString="second")
    values = [
        light(cloud, "secretsmanager").get_secret_value(SecretId=arn, VersionStage=f"AWS{stage}")
        for stage in ("CURRENT", "PREVIOUS")
    ]
    assert [value["SecretString"] for value in values] == ["second", "ž first"]


def test_a_delivery_is_noted(cloud: LocalCloudPaths) -> None:
    """Written by one client, read by the other."""
    table = f"ledger-{uuid.uuid4().hex}"
    make_table(full(cloud, "dynamodb"), table)
    notes, other = (
        DeliveryRecords(light(cloud, "dynamodb"), table),
        DeliveryRecords(full(cloud, "dynamodb"), table),
    )
    now = "2026-01-01T00:00:00.000+00:00"
    assert notes.read(RUN_ID) is None
    asked = ((1, "d"), (1, "d"), (1, "other"), (2, "d"))
    assert [notes.write(RUN_ID, DeliveryRecord(at=at, digest=digest), now) for at, digest in asked] == [
        True,
        True,  # one's own write, repeated when its answer was lost
        False,
        True,
    ]
    assert notes.read(RUN_ID) == other.read(RUN_ID) == DeliveryRecord(at=2, digest="d")


def test_batch_answers_and_refuses(cloud: LocalCloudPaths) -> None:
    """A submission to a queue that is not there is a definite refusal, by its code and status."""
    with pytest.raises(ClientError) as raised:
        light(cloud, "batch").submit_job(jobName="a", jobQueue="nowhere", jobDefinition="nothing")
    assert raised.value.response["Error"]["Code"] == "ClientException"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert light(cloud, "batch").describe_jobs(jobs=["none"])["jobs"] == []


def test_an_event_reaches_a_rule(cloud: LocalCloudPaths) -> None:
    """EventBridge speaks another version of the protocol."""
    events, sqs = full(cloud, "events"), full(cloud, "sqs")
    queue = sqs.create_queue(QueueName="light-client-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="light-client", EventPattern='{"source": ["light-client"]}')
    events.put_targets(Rule="light-client", Targets=[{"Id": "1", "Arn": arn}])
    entry = {"Source": "light-client", "DetailType": "Žluť", "Detail": '{"a": 1}'}
    assert light(cloud, "events").put_events(Entries=[entry])["FailedEntryCount"] == 0
    [message] = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    assert '"Žluť"' in message["Body"] or "\\u017d" in message["Body"]
    events.remove_targets(Rule="light-client", Ids=["1"])
    events.delete_rule(Name="light-client")
