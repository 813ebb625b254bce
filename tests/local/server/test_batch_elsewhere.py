"""Events, rules, executions and roles are those of the account and Region of the caller."""

from __future__ import annotations

import json
import uuid
from typing import Any

import boto3
import pytest

from local.paths import LocalCloudPaths
from tests.e2e.application import wait_for
from tests.local.server.test_batch_jobs_of_services import SYNC, TRUST, started_machine
from tests.local.server.test_batch_service import CALLER, ELSEWHERE
from tests.local.server.test_cloud import client

ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class Place:
    """An account and a Region with a queue, a definition and a role of one name."""

    def __init__(self, paths: LocalCloudPaths, account: str, region: str) -> None:
        self.paths, self.account, self.region = paths, account, region
        self.name = name = f"elsewhere-{uuid.uuid4().hex[:8]}"
        self.role = self._role()
        self.batch = self.client("batch")
        resources = {"type": "FARGATE", "maxvCpus": 4, "subnets": ["s"], "securityGroupIds": ["g"]}
        self.batch.create_compute_environment(
            computeEnvironmentName=name, type="MANAGED", computeResources=resources
        )
        order = [{"order": 1, "computeEnvironment": name}]
        made = self.batch.create_job_queue(jobQueueName=name, priority=1, computeEnvironmentOrder=order)
        self.queue = made["jobQueueArn"]
        container = {
            "image": "busybox",
            "command": ["python", "-c", CALLER],
            "executionRoleArn": self.role,
            "jobRoleArn": self.role,
            "resourceRequirements": [{"type": "VCPU", "value": "0.25"}, {"type": "MEMORY", "value": "512"}],
        }
        self.batch.register_job_definition(
            jobDefinitionName=name,
            type="container",
            platformCapabilities=["FARGATE"],
            containerProperties=container,
        )

    def client(self, service: Any) -> Any:
        """A client of the account, in the Region."""
        return boto3.client(
            service,
            endpoint_url=self.paths.endpoint,
            region_name=self.region,
            aws_access_key_id=self.account,
            aws_secret_access_key=self.paths.client_environment()["AWS_SECRET_ACCESS_KEY"],
        )

    def _role(self) -> str:
        iam, policy = self.client("iam"), json.dumps(ANYTHING)
        made = iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.put_role_policy(RoleName=self.name, PolicyName="may", PolicyDocument=policy)
        return str(made["Role"]["Arn"])

    def ended(self, job_name: str) -> dict[str, Any]:
        """The one job of a name, when it has succeeded."""
        filters = [{"name": "JOB_NAME", "values": [job_name]}]

        def found() -> list[dict[str, Any]]:
            listed = self.batch.list_jobs(jobQueue=self.name, filters=filters)["jobSummaryList"]
            return [one for one in listed if one["status"] in ("SUCCEEDED", "FAILED")]

        [job] = wait_for(found, f"a job {job_name} in {self.account} and {self.region}")
        assert job["status"] == "SUCCEEDED", job
        [described] = self.batch.describe_jobs(jobs=[job["jobId"]])["jobs"]
        return dict(described)


@pytest.fixture(params=ELSEWHERE, ids=["account", "Region"])
def place(request: pytest.FixtureRequest, cloud: LocalCloudPaths) -> Place:
    """Another account, and another Region."""
    return Place(cloud, *request.param)


def test_a_jobs_role_is_the_accounts(place: Place) -> None:
    """A job's own calls are its role's, in its account and Region."""
    place.batch.submit_job(jobName="own", jobQueue=place.name, jobDefinition=place.name)
    container = place.ended("own")["container"]
    events = place.client("logs").get_log_events(
        logGroupName="/aws/batch/job", logStreamName=container["logStreamName"]
    )["events"]
    [said] = [each["message"] for each in events]
    assert said.startswith(f"arn:aws:sts::{place.account}:assumed-role/{place.name}/")


def test_events_go_where_the_job_is(place: Place) -> None:
    """To a rule of the job's account and Region, and to none of another."""
    pattern = json.dumps({"source": ["aws.batch"], "detail": {"jobName": [place.name]}})
    urls: dict[str, tuple[Any, str]] = {}
    for where, of in (("here", place.client), ("there", lambda service: client(place.paths, service))):
        sqs, events = of("sqs"), of("events")
        url = sqs.create_queue(QueueName=place.name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_rule(Name=place.name, EventPattern=pattern)
        events.put_targets(Rule=place.name, Targets=[{"Id": "1", "Arn": arn}])
        urls[where] = (sqs, url)
    place.batch.submit_job(jobName=place.name, jobQueue=place.name, jobDefinition=place.name)
    place.ended(place.name)
    sqs, url = urls["here"]
    seen: list[dict[str, Any]] = []

    def ended() -> bool:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            seen.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return "SUCCEEDED" in [each["detail"]["status"] for each in seen]

    wait_for(ended, "the event of the job's end")
    assert {(each["account"], each["region"]) for each in seen} == {(place.account, place.region)}
    sqs, url = urls["there"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_a_rule_submits_to_the_queue_beside_it(place: Place) -> None:
    """And none to a queue of another Region or account."""
    events, source = place.client("events"), place.name
    events.put_rule(Name=source, EventPattern=json.dumps({"source": [source]}))
    batch = {"JobDefinition": place.name, "JobName": "ruled"}
    targets = [
        {"Id": "away", "Arn": f"arn:aws:batch:ap-south-1:222222222222:job-queue/{place.name}"},
        {"Id": "here", "Arn": place.queue},
    ]
    made = [{**target, "RoleArn": place.role, "BatchParameters": batch} for target in targets]
    events.put_targets(Rule=source, Targets=made)
    events.put_events(Entries=[{"Source": source, "DetailType": "d", "Detail": "{}"}])
    assert place.ended("ruled")["jobQueue"] == place.queue


def test_an_execution_submits_to_the_queue_beside_it(place: Place) -> None:
    """With the role of its state machine."""
    states, job = place.client("stepfunctions"), {"JobName": "executed", "JobDefinition": place.name}
    task = {"Resource": SYNC, "Parameters": {**job, "JobQueue": place.queue}}
    started = started_machine(states, place.name, task, place.role)
    place.ended("executed")
    describe = states.describe_execution
    wait_for(lambda: describe(executionArn=started)["status"] == "SUCCEEDED", "the end of the execution")
