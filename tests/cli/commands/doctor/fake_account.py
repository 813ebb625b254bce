"""An account whose answers a test configures, healthy unless it says otherwise."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import botocore.session
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

from cli.commands.doctor.account import Account, Check
from cli.commands.doctor.checks.run_checks import run_checks
from cli.commands.doctor.finding import Level
from cli.deploying.docker_program import DockerProgram
from stacks.configuration import Configuration

Answers = Mapping[str, Any]
SESSION = botocore.session.get_session()
"""One for all tests: reading the models takes most of their time."""
SPOT = {
    "type": "SPOT",
    "maxvCpus": 256,
    "instanceTypes": ["default_x86_64"],
    "subnets": ["subnet-1"],
    "instanceRole": "arn:aws:iam::1:instance-profile/machines",
}
ENVIRONMENT = {
    "computeEnvironmentName": "spot",
    "status": "VALID",
    "state": "ENABLED",
    "computeResources": SPOT,
}
TABLE = {
    "VpcId": "vpc-1",
    "Associations": [{"Main": True}],
    "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"}],
}
SUBNET = {
    "SubnetId": "subnet-1",
    "VpcId": "vpc-1",
    "AvailableIpAddressCount": 4000,
    "MapPublicIpOnLaunch": True,
}
RESOURCES = {
    "SluiceStorage": [("AWS::DynamoDB::Table", "Ledger1", "ledger")],
    "SluiceCompute": [
        ("AWS::Batch::ComputeEnvironment", "Spot", "arn:spot"),
        ("AWS::Batch::JobQueue", "Normal", "arn:normal"),
    ],
    "SluiceControl": [
        ("AWS::SNS::Topic", "Alerts1", "arn:aws:sns:us-east-1:1:alerts"),
        ("AWS::SNS::Topic", "Plans1", "arn:aws:sns:us-east-1:1:plans"),
        ("AWS::SQS::Queue", "TriggerDeadLetters", "https://sqs/1/trigger-dead"),
        ("AWS::SQS::Queue", "TriggerRetries", "https://sqs/1/trigger-retries"),
        ("AWS::SQS::Queue", "TriggerQueue", "https://sqs/1/trigger"),
        ("AWS::Lambda::EventSourceMapping", "TriggerMapping", "7f8a1c1e-0c3f-4c55-9b4e-0a7d5a3f2b11"),
    ],
}
GATHERING = [
    ("AWS::SQS::Queue", "GroupingGroupDeadLetters", "https://sqs/1/group-dead"),
    ("AWS::SQS::Queue", "GroupingGroupRetries", "https://sqs/1/group-retries"),
    ("AWS::Lambda::EventSourceMapping", "GroupMapping", "7f8a1c1e-0c3f-4c55-9b4e-0a7d5a3f2b12"),
]
"""What the stack of the pipelines has where uploads are gathered."""
WELL: dict[str, Any] = {
    "GetCallerIdentity": {"Arn": "arn:aws:iam::1:user/me", "Account": "1"},
    "GetParameter": {"Parameter": {"Value": "21"}},
    "GetRole": {"Role": {}},
    "GetServiceQuota": {"Quota": {"Value": 1000.0}},
    "GetAccountSettings": {
        "AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 900}
    },
    "GetFunctionConcurrency": {},
    "GetSMSAttributes": {"attributes": {"MonthlySpendLimit": "50"}},
    "GetSMSSandboxAccountStatus": {"IsInSandbox": False},
    "DescribeStacks": {"Stacks": [{"StackStatus": "UPDATE_COMPLETE"}]},
    "DescribeComputeEnvironments": {"computeEnvironments": [ENVIRONMENT]},
    "DescribeJobQueues": {"jobQueues": [{"jobQueueName": "normal", "status": "VALID", "state": "ENABLED"}]},
    "ListJobs": {"jobSummaryList": [{"jobName": "a", "jobId": "1"}]},
    "GetInstanceProfile": {"InstanceProfile": {"Roles": [{"RoleName": "machines"}]}},
    "DescribeSubnets": {"Subnets": [SUBNET]},
    "DescribeRouteTables": {"RouteTables": [TABLE]},
    "ListSubscriptionsByTopic": {
        "Subscriptions": [{"Protocol": "email", "Endpoint": "me@example.com", "SubscriptionArn": "arn:x"}]
    },
    "GetQueueAttributes": {"Attributes": {"ApproximateNumberOfMessages": "0"}},
    "GetEventSourceMapping": {
        "State": "Enabled",
        "FunctionArn": "arn:aws:lambda:us-east-1:1:function:trigger",
    },
}


def refused(code: str, message: str = "") -> Callable[[str], ClientError]:
    """Return an answer that raises an error."""
    return lambda operation: ClientError({"Error": {"Code": code, "Message": message}}, operation)


class FakeAccount:
    """An account with configured answers; every request is checked against botocore's own model of it."""

    def __init__(self, endpoint: str = "", **answers: Any) -> None:
        """Answer as a healthy account does, but for what is given."""
        self.answers = {**WELL, **answers}
        self._endpoint = endpoint or None

    def client(self, service: str) -> Any:
        """Return a client whose calls are answered here."""
        client: Any = SESSION.create_client(
            service,
            region_name="us-east-1",
            endpoint_url=self._endpoint,
            aws_access_key_id="a",
            aws_secret_access_key="b",
        )
        client._make_api_call = lambda operation, request: self._answer(client, operation, request)
        return client

    def _answer(self, client: Any, operation: str, request: dict[str, Any]) -> Any:
        validate_parameters(request, client.meta.service_model.operation_model(operation).input_shape)
        if operation == "ListStackResources" and operation not in self.answers:
            listed = RESOURCES.get(request["StackName"], [])
            names = ("ResourceType", "LogicalResourceId", "PhysicalResourceId")
            return {"StackResourceSummaries": [dict(zip(names, one, strict=True)) for one in listed]}
        answer = self.answers[operation]
        if callable(answer):
            raise answer(operation)
        return answer


def findings_of(check: Check, **answers: Any) -> list[tuple[Level, str, str]]:
    """Return what a check finds in an account, as the command runs it."""
    account = Account(FakeAccount(**answers).client, Configuration(), WELL_DOCKER)
    return [(one.level, one.text, one.fix) for _, one in run_checks(account, {"this": check})]


def docker(answers: Mapping[str, tuple[int, str]], name: str = "true") -> DockerProgram:
    """Return a Docker whose commands, named by their first word, answer so: exit code and text."""

    def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        code, text = answers[command[1]]
        return subprocess.CompletedProcess(command, code, stdout=text, stderr=text)

    return DockerProgram({"CDK_DOCKER": name}, run)


WELL_DOCKER = docker({"version": (0, ""), "buildx": (0, "Platforms: linux/amd64, linux/arm64")})


def assert_problem(check: Check, answers: Answers, level: Level, words: str) -> None:
    """Check that a finding of this level has these words, and that each finding of it has its fix."""
    found = [(text, fix) for one, text, fix in findings_of(check, **answers) if one is level]
    assert found
    assert words in found[0][0]
    assert all(fix for _, fix in found)
