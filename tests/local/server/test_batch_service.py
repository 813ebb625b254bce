"""AWS Batch in the local cloud: real jobs, their logs, their events, their roles."""

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import boto3
import pytest
from botocore.exceptions import ClientError

from local.paths import LocalCloudPaths
from local.server import process
from local.server.process import control
from tests.conftest import free_port
from tests.local.server.test_cloud import client, role_with

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

LIMIT_SECONDS = 120
JOBS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}
CALLER = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"


@dataclass(frozen=True)
class Queue:
    """A job queue of a test."""

    paths: LocalCloudPaths
    name: str

    @property
    def batch(self) -> "BatchClient":
        """A client of Batch, as the administrator."""
        found: BatchClient = client(self.paths, "batch")
        return found

    def define(self, *command: str, **container: Any) -> str:
        """Register a job definition that runs a command, and return its ARN."""
        needs = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "64"}]
        image = "public.ecr.aws/docker/library/python:3.13-slim"
        properties: Any = {
            "image": image,
            "command": list(command),
            "resourceRequirements": needs,
            **container,
        }
        name = f"definition-{uuid.uuid4().hex[:8]}"
        made = self.batch.register_job_definition(
            jobDefinitionName=name, type="container", containerProperties=properties
        )
        return made["jobDefinitionArn"]

    def run(self, definition: str) -> dict[str, Any]:
        """Submit a job, wait for its end and return its description."""
        job = self.batch.submit_job(jobName="job", jobQueue=self.name, jobDefinition=definition)["jobId"]
        until(lambda: self.describe(job)["status"] in ("SUCCEEDED", "FAILED"))
        return self.describe(job)

    def describe(self, job: str) -> dict[str, Any]:
        """Return a job's description."""
        found: Any = self.batch.describe_jobs(jobs=[job])["jobs"][0]
        return dict(found)

    def printed(self, job: dict[str, Any]) -> list[str]:
        """Wait for the job's output in CloudWatch Logs, and return its lines."""
        logs = client(self.paths, "logs")
        stream = job["container"]["logStreamName"]

        def lines() -> list[str]:
            try:
                found = logs.get_log_events(
                    logGroupName="/aws/batch/job", logStreamName=stream, startFromHead=True
                )
            except logs.exceptions.ResourceNotFoundException:
                return []  # the first line makes the stream
            return [event["message"] for event in found["events"]]

        until(lambda: bool(lines()))
        return lines()


def until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def queue(cloud: LocalCloudPaths) -> Queue:
    """A new job queue in the cloud that the tests share."""
    return new_queue(cloud)


def new_queue(cloud: LocalCloudPaths) -> Queue:
    """Make a job queue through CloudFormation, as a deploy does."""
    name = f"queue-{uuid.uuid4().hex[:8]}"
    resources = {
        "type": "SPOT",
        "allocationStrategy": "SPOT_PRICE_CAPACITY_OPTIMIZED",
        "maxvCpus": 4,
        "minvCpus": 0,
        "instanceTypes": ["optimal"],
        "subnets": ["subnet-1"],
    }
    resources |= {"instanceRole": "ecsInstanceRole", "securityGroupIds": ["sg-1"]}
    environment = {
        "Type": "MANAGED",
        "State": "ENABLED",
        "ComputeResources": {k[0].upper() + k[1:]: v for k, v in resources.items()},
    }
    order = [{"Order": 1, "ComputeEnvironment": {"Ref": "Machines"}}]
    template = {
        "Resources": {
            "Machines": {"Type": "AWS::Batch::ComputeEnvironment", "Properties": environment},
            "Queue": {
                "Type": "AWS::Batch::JobQueue",
                "Properties": {"JobQueueName": name, "Priority": 1, "ComputeEnvironmentOrder": order},
            },
        }
    }
    cloudformation = client(cloud, "cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    return Queue(cloud, name)


@pytest.fixture
def enforced(queue: Queue) -> Iterator[Queue]:
    """The queue with IAM enforced during a test."""
    control(queue.paths, "PUT", "iam", {"enforce": True})
    yield queue
    control(queue.paths, "PUT", "iam", {"enforce": False})


def test_a_jobs_output_is_in_cloudwatch_logs(queue: Queue) -> None:
    """A job runs its command, and its lines are in the log stream that DescribeJobs names."""
    job = queue.run(queue.define("python", "-c", "print('one'); print('two')"))
    assert job["status"] == "SUCCEEDED"
    assert queue.printed(job) == ["one", "two"]


METADATA = """
import json, os, urllib.request as r
uri = os.environ["ECS_CONTAINER_METADATA_URI_V4"]
container, task = (json.load(r.urlopen(uri + page)) for page in ("", "/task"))
print(container["LogOptions"]["awslogs-stream"], task["TaskARN"])
"""


def test_a_job_asks_the_agent_for_its_log_and_its_task(queue: Queue) -> None:
    """At the address in its environment, without a signature, as on AWS."""
    job = queue.run(queue.define("python", "-c", METADATA))
    container = job["container"]
    assert queue.printed(job) == [f"{container['logStreamName']} {container['taskArn']}"]


def test_a_job_has_its_roles_credentials(enforced: Queue) -> None:
    """A job's AWS clients find the cloud, and are its job role there."""
    name = f"job-{uuid.uuid4().hex[:8]}"
    policy = json.dumps(JOBS)
    role = client(enforced.paths, "iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy)["Role"][
        "Arn"
    ]
    job = enforced.run(enforced.define("python", "-c", CALLER, jobRoleArn=role))
    assert enforced.printed(job)[0].startswith(f"arn:aws:sts::000000000000:assumed-role/{name}/")


def test_a_job_without_a_role_has_no_credentials(enforced: Queue) -> None:
    """A job definition without a job role gives its job none, not the administrator's."""
    job = enforced.run(enforced.define("python", "-c", CALLER))
    assert job["status"] == "FAILED"
    assert "NoCredentialsError" in enforced.printed(job)[-1]


def test_a_jobs_secrets_come_from_the_clouds_stores(queue: Queue) -> None:
    """A job sees a secret, a key of a secret's JSON and a parameter by its variables; its definition names
    only where they are.
    """
    secrets, parameters = client(queue.paths, "secretsmanager"), client(queue.paths, "ssm")
    plain = secrets.create_secret(Name=f"{queue.name}/plain", SecretString="one")["ARN"]
    pair = secrets.create_secret(Name=f"{queue.name}/pair", SecretString='{"user": "two"}')["ARN"]
    parameters.put_parameter(Name=f"/{queue.name}", Value="three", Type="SecureString")
    parameters.put_parameter(Name=f"{queue.name}-plain", Value="four", Type="String")
    sources = [
        plain,
        f"{pair}:user::",
        f"arn:aws:ssm:us-east-1:000000000000:parameter/{queue.name}",
        f"{queue.name}-plain",
    ]
    named = [{"name": f"SECRET_{number}", "valueFrom": source} for number, source in enumerate(sources)]
    job = queue.run(queue.define("sh", "-c", "echo $SECRET_0 $SECRET_1 $SECRET_2 $SECRET_3", secrets=named))
    assert queue.printed(job) == ["one two three four"]


def test_a_job_whose_secret_is_missing_fails(queue: Queue) -> None:
    """A secret that is not there keeps the job from starting, as on AWS, and the reason names it."""
    source = "arn:aws:secretsmanager:us-east-1:000000000000:secret:nothing-AbCdEf"
    job = queue.run(queue.define("true", secrets=[{"name": "SECRET", "valueFrom": source}]))
    assert job["status"] == "FAILED"
    reason = job["attempts"][0]["container"]["reason"]
    assert reason.startswith(
        f"ResourceInitializationError: unable to pull secrets or registry auth: Expected {source} to be"
    )


def test_a_secret_is_read_as_the_role_that_starts_the_job(enforced: Queue) -> None:
    """An execution role that may not read the secret keeps the job from starting; one that may, by its exact
    pattern, lets it.
    """
    name = f"start-{uuid.uuid4().hex[:8]}"
    iam = client(enforced.paths, "iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(JOBS))["Role"]["Arn"]
    client(enforced.paths, "secretsmanager").create_secret(Name=f"{name}/key", SecretString="one")
    source = f"arn:aws:secretsmanager:us-east-1:000000000000:secret:{name}/key"
    secrets = [{"name": "SECRET", "valueFrom": source}]
    definition = enforced.define("sh", "-c", "echo $SECRET", secrets=secrets, executionRoleArn=role)
    reason = enforced.run(definition)["attempts"][0]["container"]["reason"]
    assert (
        f"{role} is not authorized to perform: secretsmanager:GetSecretValue on resource: {source}-" in reason
    )
    allow = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": f"{source}-??????"}
    document = {"Version": "2012-10-17", "Statement": [allow]}
    iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=json.dumps(document))
    assert enforced.printed(enforced.run(definition)) == ["one"]


def test_a_machine_of_ones_own_joins_an_unmanaged_environment(queue: Queue) -> None:
    """A job waits RUNNABLE until a machine is there; what is no such request is refused with what was
    expected.
    """
    name = f"own-{uuid.uuid4().hex[:8]}"
    role = "arn:aws:iam::000000000000:role/batch"
    queue.batch.create_compute_environment(computeEnvironmentName=name, type="UNMANAGED", serviceRole=role)
    order: Any = [{"order": 1, "computeEnvironment": name}]
    queue.batch.create_job_queue(jobQueueName=name, priority=1, computeEnvironmentOrder=order)
    job = queue.batch.submit_job(jobName="job", jobQueue=name, jobDefinition=queue.define("true"))["jobId"]
    assert queue.describe(job)["status"] == "RUNNABLE"
    assert control(queue.paths, "POST", "instances", {"environment": name, "type": "m5.large"})[
        "instance"
    ].startswith("i-")
    until(lambda: queue.describe(job)["status"] == "SUCCEEDED")
    for wrong, says in (
        ({"environment": name}, "Expected"),
        ({"environment": "absent", "type": "m5.large"}, "does not exist"),
    ):
        with pytest.raises(HTTPError) as raised:
            control(queue.paths, "POST", "instances", wrong)
        assert says in raised.value.read().decode()


def test_an_image_that_was_never_pushed_cannot_be_pulled(queue: Queue) -> None:
    """A job whose image is missing in the account's registry fails as on AWS."""
    image = "000000000000.dkr.ecr.us-east-1.amazonaws.com/images:missing"
    job = queue.run(queue.define("true", image=image))
    assert job["status"] == "FAILED"
    assert "CannotPullContainerError" in job["attempts"][0]["container"]["reason"]


def test_a_jobs_states_reach_a_queue(queue: Queue) -> None:
    """Batch's events go through an EventBridge rule to SQS, with the job's description as their detail."""
    sqs, events = client(queue.paths, "sqs"), client(queue.paths, "events")
    url = sqs.create_queue(QueueName=f"events-{queue.name}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.batch"], "detail-type": ["Batch Job State Change"]}
    events.put_rule(Name=queue.name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=queue.name, Targets=[{"Id": "queue", "Arn": arn}])
    job = queue.run(queue.define("true"))
    states: list[str] = []

    def ended() -> bool:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            detail = json.loads(message["Body"])["detail"]
            states.extend([detail["status"]] if detail["jobId"] == job["jobId"] else [])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return "SUCCEEDED" in states

    until(ended)
    events.remove_targets(Rule=queue.name, Ids=["queue"])
    assert {"RUNNING", "SUCCEEDED"} <= set(states)


def test_submitting_needs_the_definition_and_the_queue(enforced: Queue) -> None:
    """A role that may submit any definition, but to no queue, is refused, and the refusal names the queue."""
    definition = enforced.define("true")
    credentials = role_with(enforced.paths)
    role = client(enforced.paths, "sts", **credentials).get_caller_identity()["Arn"].split("/")[1]
    allow = {"Effect": "Allow", "Action": "batch:SubmitJob"}

    def submit_with(*resources: str) -> str:
        document = {"Version": "2012-10-17", "Statement": [{**allow, "Resource": list(resources)}]}
        iam = client(enforced.paths, "iam")
        iam.put_role_policy(RoleName=role, PolicyName="may", PolicyDocument=json.dumps(document))
        batch = client(enforced.paths, "batch", **credentials)
        return str(batch.submit_job(jobName="job", jobQueue=enforced.name, jobDefinition=definition)["jobId"])

    with pytest.raises(
        ClientError, match=f"AccessDenied.*batch:SubmitJob on resource: .*job-queue/{enforced.name}"
    ):
        submit_with(definition)
    assert submit_with(definition, f"arn:aws:batch:us-east-1:000000000000:job-queue/{enforced.name}")


def test_tags_in_the_query_are_read(queue: Queue) -> None:
    """Operations that Batch takes from path and query work through the endpoint."""
    definition = queue.define("true")
    queue.batch.tag_resource(resourceArn=definition, tags={"a": "1", "b": "2"})
    queue.batch.untag_resource(resourceArn=definition, tagKeys=["a"])
    assert queue.batch.list_tags_for_resource(resourceArn=definition)["tags"] == {"b": "2"}


def test_no_job_outlives_the_cloud(tmp_path: Path) -> None:
    """When the cloud ends, the processes of its running jobs are gone."""
    paths = LocalCloudPaths(free_port(), tmp_path)
    process.start(paths)
    try:
        queue = new_queue(paths)
        definition = queue.define("python", "-c", "import os, time; print(os.getpid()); time.sleep(600)")
        job = queue.batch.submit_job(jobName="job", jobQueue=queue.name, jobDefinition=definition)["jobId"]
        until(lambda: queue.describe(job)["status"] == "RUNNING")
        running = int(queue.printed(queue.describe(job))[0])
        os.kill(running, 0)
    finally:
        process.stop(paths)
    with pytest.raises(ProcessLookupError):
        os.kill(running, 0)


ELSEWHERE = [("111111111111", "us-east-1"), ("000000000000", "eu-west-1")]


@pytest.mark.parametrize(("account", "region"), ELSEWHERE)
def test_what_cloudformation_makes_is_where_the_stack_is(
    cloud: LocalCloudPaths, account: str, region: str
) -> None:
    """And a job there is given the secrets and parameters of its own account and Region; a machine of one's
    own joins the environment that its ARN names.
    """
    secret = cloud.client_environment()["AWS_SECRET_ACCESS_KEY"]

    def there(service: str) -> Any:
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=cloud.endpoint,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key=secret,
        )

    name = f"stack-{uuid.uuid4().hex[:8]}"
    environment = {
        "Type": "AWS::Batch::ComputeEnvironment",
        "Properties": {
            "Type": "UNMANAGED",
            "ComputeEnvironmentName": name,
            "ServiceRole": f"arn:aws:iam::{account}:role/batch",
        },
    }
    cloudformation, batch = there("cloudformation"), there("batch")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Own": environment}}))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    [made] = batch.describe_compute_environments(computeEnvironments=[name])["computeEnvironments"]
    assert made["computeEnvironmentArn"].startswith(f"arn:aws:batch:{region}:{account}:")
    assert (
        client(cloud, "batch").describe_compute_environments(computeEnvironments=[name])[
            "computeEnvironments"
        ]
        == []
    )
    asked = {"environment": made["computeEnvironmentArn"], "type": "m7i.large"}
    assert control(cloud, "POST", "instances", asked)["instance"]
    there("ssm").put_parameter(Name=f"/{name}", Value=region, Type="SecureString")
    order = [{"order": 1, "computeEnvironment": name}]
    batch.create_job_queue(jobQueueName=name, priority=1, computeEnvironmentOrder=order)
    needs = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "64"}]
    batch.register_job_definition(
        jobDefinitionName=name,
        type="container",
        containerProperties={
            "image": "busybox",
            "command": ["sh", "-c", f"test $WHERE = {region}"],
            "resourceRequirements": needs,
            "executionRoleArn": f"arn:aws:iam::{account}:role/r",
            "secrets": [{"name": "WHERE", "valueFrom": f"/{name}"}],
        },
    )
    job = batch.submit_job(jobName="j", jobQueue=name, jobDefinition=name)["jobId"]
    until(lambda: batch.describe_jobs(jobs=[job])["jobs"][0]["status"] in ("SUCCEEDED", "FAILED"))
    found = batch.describe_jobs(jobs=[job])["jobs"][0]
    assert found["status"] == "SUCCEEDED", found["container"].get("reason")


def updated_stack(paths: LocalCloudPaths, name: str, *templates: dict[str, Any]) -> Any:
    """Make a stack and update it, to its good end each time; a client of AWS Batch."""
    cloudformation = client(paths, "cloudformation")
    for number, resources in enumerate(templates):
        body = json.dumps({"Resources": resources})
        change, ended = (
            (cloudformation.create_stack, "stack_create_complete")
            if number == 0
            else (cloudformation.update_stack, "stack_update_complete")
        )
        change(StackName=name, TemplateBody=body)
        cloudformation.get_waiter(ended).wait(StackName=name, WaiterConfig={"Delay": 1})
    return client(paths, "batch")


def test_a_replaced_environment_leaves_its_queue_first(cloud: LocalCloudPaths) -> None:
    """CloudFormation deletes the old one when the queue has the new one: its instances have to be replaced,
    and ReplaceComputeEnvironment is true.
    """
    name = f"replaced-{uuid.uuid4().hex[:8]}"

    def template(family: str) -> dict[str, Any]:
        resources = {
            "Type": "EC2",
            "MaxvCpus": 4,
            "InstanceTypes": [family],
            "InstanceRole": "role",
            "Subnets": ["subnet-1"],
            "SecurityGroupIds": ["sg-1"],
        }
        environment = {"Type": "MANAGED", "ComputeResources": resources}
        order = [{"Order": 1, "ComputeEnvironment": {"Ref": "Machines"}}]
        queue = {"JobQueueName": name, "Priority": 1, "ComputeEnvironmentOrder": order}
        return {
            "Machines": {"Type": "AWS::Batch::ComputeEnvironment", "Properties": environment},
            "Queue": {"Type": "AWS::Batch::JobQueue", "Properties": queue},
        }

    batch = updated_stack(cloud, name, template("m5"), template("m6i"))
    [queue] = batch.describe_job_queues(jobQueues=[name])["jobQueues"]
    [used] = [each["computeEnvironment"] for each in queue["computeEnvironmentOrder"]]
    environments = batch.describe_compute_environments()["computeEnvironments"]
    mine = [each for each in environments if each["computeEnvironmentName"].startswith(name)]
    assert [each["computeEnvironmentArn"] for each in mine] == [used]
    assert mine[0]["computeResources"]["instanceTypes"] == ["m6i"]


@pytest.mark.parametrize(("skip", "status"), [(True, "ACTIVE"), (False, "INACTIVE")])
def test_a_stack_keeps_revisions_where_it_says_so(cloud: LocalCloudPaths, skip: bool, status: str) -> None:
    """SkipDeregisterOnUpdate keeps the old revision through CloudFormation's clean-up."""
    name = f"revisions-{uuid.uuid4().hex[:8]}"

    def template(image: str) -> dict[str, Any]:
        needs = [{"Type": "VCPU", "Value": "1"}, {"Type": "MEMORY", "Value": "64"}]
        properties = {
            "JobDefinitionName": name,
            "Type": "container",
            "ContainerProperties": {"Image": image, "ResourceRequirements": needs},
            "ResourceRetentionPolicy": {"SkipDeregisterOnUpdate": skip},
        }
        return {"Work": {"Type": "AWS::Batch::JobDefinition", "Properties": properties}}

    batch = updated_stack(cloud, name, template("one"), template("two"))
    revisions = batch.describe_job_definitions(jobDefinitionName=name)["jobDefinitions"]
    assert [each["status"] for each in revisions] == [status, "ACTIVE"]


def test_each_account_and_region_has_a_batch_of_its_own(cloud: LocalCloudPaths) -> None:
    """What one account or Region has another does not see; logs go where the caller is."""
    name = f"elsewhere-{uuid.uuid4().hex[:8]}"
    resources: Any = {
        "type": "FARGATE",
        "maxvCpus": 4,
        "subnets": ["subnet-1"],
        "securityGroupIds": ["sg-1"],
    }

    def at(service: Any, account: str, region: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=cloud.endpoint,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key=cloud.client_environment()["AWS_SECRET_ACCESS_KEY"],
        )

    for account, region in ELSEWHERE:
        batch = at("batch", account, region)
        batch.create_compute_environment(
            computeEnvironmentName=name, type="MANAGED", computeResources=resources
        )
        order = [{"order": 1, "computeEnvironment": name}]
        arn = batch.create_job_queue(jobQueueName=name, priority=1, computeEnvironmentOrder=order)[
            "jobQueueArn"
        ]
        assert arn == f"arn:aws:batch:{region}:{account}:job-queue/{name}"
        needs = [{"type": "VCPU", "value": "0.25"}, {"type": "MEMORY", "value": "512"}]
        container = {
            "image": "public.ecr.aws/docker/library/python:3.13-slim",
            "command": ["sh", "-c", "echo $AWS_REGION"],
            "executionRoleArn": "role",
            "resourceRequirements": needs,
        }
        batch.register_job_definition(
            jobDefinitionName=name,
            type="container",
            platformCapabilities=["FARGATE"],
            containerProperties=container,
        )
        job = batch.submit_job(jobName="j", jobQueue=name, jobDefinition=name)["jobId"]
        deadline = time.monotonic() + LIMIT_SECONDS
        while (found := batch.describe_jobs(jobs=[job])["jobs"][0])["status"] != "SUCCEEDED":
            assert time.monotonic() < deadline, found
            time.sleep(0.05)
        stream = found["container"]["logStreamName"]
        events = at("logs", account, region).get_log_events(
            logGroupName="/aws/batch/job", logStreamName=stream
        )["events"]
        assert [each["message"] for each in events] == [region]
    assert name not in [
        each["jobQueueName"] for each in client(cloud, "batch").describe_job_queues()["jobQueues"]
    ]
