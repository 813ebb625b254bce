"""The local cloud as its clients see it."""

import json
import socket
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.paths import ACCOUNT, REGION, LocalCloudPaths
from local.secret_key import secret_key
from local.server.process import control

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient

ANYBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def client(paths: LocalCloudPaths, service: str, **credentials: Any) -> Any:
    """Return a client of the cloud, as its administrator or with other credentials or settings."""
    make: Any = boto3.client
    administrator = {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": secret_key(paths.secret_file)}
    given: dict[str, Any] = {**administrator, **credentials}
    return make(service, endpoint_url=paths.endpoint, region_name=REGION, **given)


def role_with(paths: LocalCloudPaths, *actions: str) -> dict[str, str]:
    """Return the credentials of a session of a new role that may do the actions on everything."""
    name = f"role-{uuid.uuid4().hex[:8]}"
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    iam = client(paths, "iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(ANYBODY))["Role"]["Arn"]
    if actions:
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=json.dumps(policy))
    session = client(paths, "sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return {
        "aws_access_key_id": session["AccessKeyId"],
        "aws_secret_access_key": session["SecretAccessKey"],
        "aws_session_token": session["SessionToken"],
    }


@pytest.fixture
def enforced(cloud: LocalCloudPaths) -> Iterator[LocalCloudPaths]:
    """The cloud with IAM enforced during a test."""
    control(cloud, "PUT", "iam", {"enforce": True})
    yield cloud
    control(cloud, "PUT", "iam", {"enforce": False})


@pytest.fixture
def bucket(cloud: LocalCloudPaths) -> str:
    """A new bucket in the cloud."""
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    client(cloud, "s3").create_bucket(Bucket=name)
    return name


def test_it_listens_on_loopback_only(cloud: LocalCloudPaths) -> None:
    """The cloud's port is closed on this machine's other addresses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.2", cloud.port))  # fails if the cloud listens on all addresses


def test_a_bucket_keeps_an_object(cloud: LocalCloudPaths, bucket: str) -> None:
    """Any AWS client works against the endpoint."""
    s3: S3Client = client(cloud, "s3")
    s3.put_object(Bucket=bucket, Key="a/b c+%.txt", Body=b"content")
    assert s3.get_object(Bucket=bucket, Key="a/b c+%.txt")["Body"].read() == b"content"


def test_iam_refuses_what_no_policy_allows(enforced: LocalCloudPaths, bucket: str) -> None:
    """With IAM enforced, a role without the permission is refused by the name of what is missing."""
    s3: S3Client = client(enforced, "s3", **role_with(enforced, "s3:GetObject"))
    with pytest.raises(ClientError, match="not authorized to perform: s3:PutObject"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"")


def test_iam_allows_what_a_policy_allows(enforced: LocalCloudPaths, bucket: str) -> None:
    """With IAM enforced, a role does what its policy allows."""
    s3: S3Client = client(enforced, "s3", **role_with(enforced, "s3:PutObject"))
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"")["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_the_printed_credentials_stay_an_administrators(enforced: LocalCloudPaths, bucket: str) -> None:
    """With IAM enforced, the credentials that `sluice local env` prints still may do everything."""
    given = enforced.client_environment()
    s3 = client(
        enforced,
        "s3",
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
    )
    assert bucket in [found["Name"] for found in s3.list_buckets()["Buckets"]]


def test_iam_off_allows_everything(cloud: LocalCloudPaths, bucket: str) -> None:
    """Without IAM, which a deploy needs, a role without any policy may do everything."""
    client(cloud, "s3", **role_with(cloud)).put_object(Bucket=bucket, Key="k", Body=b"")


def test_a_policy_that_demands_tls_admits_this_machine(enforced: LocalCloudPaths, bucket: str) -> None:
    """A bucket that refuses requests without TLS works over loopback, and still refuses what else its policy
    denies.
    """
    deny = {"Effect": "Deny", "Principal": "*", "Resource": f"arn:aws:s3:::{bucket}/*"}
    insecure = {**deny, "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    statements = [insecure, {**deny, "Action": "s3:DeleteObject"}]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    client(enforced, "s3").put_bucket_policy(Bucket=bucket, Policy=policy)
    s3: S3Client = client(enforced, "s3", **role_with(enforced, "s3:*"))
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=bucket, Key="k")


def counted(paths: LocalCloudPaths) -> dict[tuple[str, str], int]:
    """Return the counts of calls by service and operation."""
    return {(call["service"], call["operation"]): call["count"] for call in control(paths, "GET", "calls")}


def test_calls_are_counted_by_operation(cloud: LocalCloudPaths, bucket: str) -> None:
    """Every AWS call adds one to its operation, and nothing else does."""
    s3: S3Client = client(cloud, "s3")
    control(cloud, "DELETE", "calls")
    s3.put_object(Bucket=bucket, Key="k", Body=b"x" * 300_000)
    for _ in range(2):
        s3.get_object(Bucket=bucket, Key="k")["Body"].read()
    client(cloud, "dynamodb").list_tables()
    client(cloud, "sns").list_topics()
    control(cloud, "GET", "health")
    assert counted(cloud) == {
        ("s3", "PutObject"): 1,
        ("s3", "GetObject"): 2,
        ("dynamodb", "ListTables"): 1,
        ("sns", "ListTopics"): 1,
    }


def test_calls_are_counted_by_role(cloud: LocalCloudPaths, bucket: str) -> None:
    """A role's calls are counted apart from the administrator's."""
    credentials = role_with(cloud)
    role = client(cloud, "sts", **credentials).get_caller_identity()["Arn"].split("/")[1]
    control(cloud, "DELETE", "calls")
    client(cloud, "s3", **credentials).head_bucket(Bucket=bucket)
    client(cloud, "s3").head_bucket(Bucket=bucket)
    assert control(cloud, "GET", "calls") == [
        {"principal": role, "service": "s3", "operation": "HeadBucket", "count": 1},
        {"principal": "root", "service": "s3", "operation": "HeadBucket", "count": 1},
    ]


def test_refused_calls_count(enforced: LocalCloudPaths, bucket: str) -> None:
    """A call that IAM refuses is a call."""
    s3: S3Client = client(enforced, "s3", **role_with(enforced))
    control(enforced, "DELETE", "calls")
    with pytest.raises(ClientError):
        s3.get_object(Bucket=bucket, Key="k")
    assert counted(enforced) == {("s3", "GetObject"): 1}


def test_no_call_is_lost_among_many(cloud: LocalCloudPaths, bucket: str) -> None:
    """Calls that come at the same time are all counted."""
    s3: S3Client = client(cloud, "s3")
    control(cloud, "DELETE", "calls")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: s3.put_object(Bucket=bucket, Key=str(number), Body=b""), range(100)))
    assert counted(cloud) == {("s3", "PutObject"): 100}


def messages_to(paths: LocalCloudPaths, endpoint: str) -> list[dict[str, str]]:
    """Return the messages for one person, without their times."""
    messages = control(paths, "GET", "messages")
    assert all(message.pop("at") for message in messages)
    return [message for message in messages if message["endpoint"] == endpoint]


def test_messages_to_people_are_captured(cloud: LocalCloudPaths) -> None:
    """E-mail and SMS subscribers get their protocol's own text; an SMS has no subject."""
    sns: SNSClient = client(cloud, "sns")
    topic = sns.create_topic(Name=f"topic-{uuid.uuid4().hex[:8]}")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="someone@example.org")
    sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+15555550100")
    texts = {"default": "for queues", "email": "a long text", "sms": "a short text"}
    sns.publish(TopicArn=topic, Subject="Run failed", MessageStructure="json", Message=json.dumps(texts))
    assert messages_to(cloud, "someone@example.org") == [
        {
            "protocol": "email",
            "endpoint": "someone@example.org",
            "subject": "Run failed",
            "text": "a long text",
        }
    ]
    assert messages_to(cloud, "+15555550100") == [
        {"protocol": "sms", "endpoint": "+15555550100", "subject": "", "text": "a short text"}
    ]


def test_a_filter_keeps_messages_from_a_subscriber(cloud: LocalCloudPaths) -> None:
    """A message that a subscription's filter passes over is not delivered."""
    sns: SNSClient = client(cloud, "sns")
    topic = sns.create_topic(Name=f"topic-{uuid.uuid4().hex[:8]}")["TopicArn"]
    policy = {"FilterPolicy": json.dumps({"severity": ["high"]})}
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="picky@example.org", Attributes=policy)
    for severity in ("low", "high"):
        attribute: Any = {"severity": {"DataType": "String", "StringValue": severity}}
        sns.publish(TopicArn=topic, Message=severity, MessageAttributes=attribute)
    assert [message["text"] for message in messages_to(cloud, "picky@example.org")] == ["high"]


def test_unknown_pages_and_values_are_refused(cloud: LocalCloudPaths) -> None:
    """A page that does not exist and a value that is none leave the cloud as it was, with an error that says
    why.
    """
    with pytest.raises(OSError, match="404"):
        control(cloud, "GET", "nothing")
    with pytest.raises(OSError, match="400"):
        control(cloud, "PUT", "iam", {"enforce": "yes"})
    assert control(cloud, "GET", "iam") == {"enforce": False}


def test_ecr_misses_an_image_that_is_not_there(cloud: LocalCloudPaths) -> None:
    """DescribeImages raises for an unknown image, by which the CDK knows that it must build it."""
    ecr = client(cloud, "ecr")
    ecr.create_repository(repositoryName="images")
    with pytest.raises(ecr.exceptions.ImageNotFoundException):
        ecr.describe_images(repositoryName="images", imageIds=[{"imageTag": "none"}])


def test_an_upload_event_names_the_version(cloud: LocalCloudPaths, bucket: str) -> None:
    """EventBridge's event of a put into a bucket with versions carries the version that the put answered
    with.
    """
    s3, sqs, events = (client(cloud, service) for service in ("s3", "sqs", "events"))
    queue = sqs.create_queue(QueueName=bucket)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}
    events.put_rule(Name=bucket, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=bucket, Targets=[{"Id": "queue", "Arn": arn}])
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )

    version = s3.put_object(Bucket=bucket, Key="a", Body=b"a")["VersionId"]

    received = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    assert [json.loads(message["Body"])["detail"]["object"]["version-id"] for message in received] == [
        version
    ]
