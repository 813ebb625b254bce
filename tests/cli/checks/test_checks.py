"""Each check of `sluice doctor` sees what is well and what is not; what is refused or missing is a finding,
never a traceback.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from botocore.validate import validate_parameters

from cli.checks import account, addresses, compute, network, quotas, telling
from cli.checks.examination import CHECKS, examine
from cli.checks.finding import Check, Level, Patient
from cli.doctor import doctor
from cli.main import parser
from sluice.pipeline.definition import Job, Manual, Pipeline, Step, Webhook
from stacks.configuration import Configuration

Answers = Mapping[str, Any]
SESSION = botocore.session.get_session()
"""One for all tests: reading the models takes most of their time."""
SPOT = {
    "type": "SPOT",
    "maxvCpus": 256,
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
    "SluiceCompute": [
        ("AWS::Batch::ComputeEnvironment", "Spot", "arn:spot"),
        ("AWS::Batch::JobQueue", "Normal", "arn:normal"),
    ],
    "SluiceControl": [
        ("AWS::SNS::Topic", "Alerts1", "arn:aws:sns:us-east-1:1:alerts"),
        ("AWS::SNS::Topic", "Plans1", "arn:aws:sns:us-east-1:1:plans"),
        ("AWS::SQS::Queue", "TriggerDeadLetters", "https://sqs/1/trigger-dead"),
        ("AWS::SQS::Queue", "TriggerQueue", "https://sqs/1/trigger"),
        ("AWS::Lambda::EventSourceMapping", "TriggerMapping", "7f8a1c1e-0c3f-4c55-9b4e-0a7d5a3f2b11"),
    ],
}
WELL: dict[str, Any] = {
    "GetCallerIdentity": {"Arn": "arn:aws:iam::1:user/me", "Account": "1"},
    "GetParameter": {"Parameter": {"Value": "21"}},
    "GetRole": {"Role": {}},
    "GetServiceQuota": {"Quota": {"Value": 1000.0}},
    "GetAccountSettings": {
        "AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 900}
    },
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
    """Return what makes a call be answered with an error."""
    return lambda operation: ClientError({"Error": {"Code": code, "Message": message}}, operation)


class Account:
    """An account that answers as told; every request is checked against botocore's own model of it."""

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


def found(check: Check, **answers: Any) -> list[tuple[Level, str, str]]:
    """Return what a check finds in an account, the way the command would."""
    patient = Patient(Account(**answers).client, Configuration())
    return [(one.level, one.text, one.fix) for _, one in examine(patient, {"this": check})]


def test_a_healthy_account_is_well_in_every_respect() -> None:
    """Every check says so."""
    looked = list(examine(Patient(Account().client, Configuration())))
    assert {one.level for _, one in looked} == {Level.OK}
    assert {name for name, _ in looked} == set(CHECKS)


_TOO_MUCH = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - x"
SICK: dict[str, tuple[Check, Answers, Level, str]] = {
    "no bootstrap": (
        account.bootstrap,
        {"GetParameter": refused("ParameterNotFound")},
        Level.WARNING,
        "not bootstrapped",
    ),
    "an old bootstrap": (
        account.bootstrap,
        {"GetParameter": {"Parameter": {"Value": "5"}}},
        Level.WARNING,
        "6 or newer",
    ),
    "an odd bootstrap": (
        account.bootstrap,
        {"GetParameter": {"Parameter": {"Value": "new"}}},
        Level.WARNING,
        "version new",
    ),
    "no service role": (
        account.service_linked_roles,
        {"GetRole": refused("NoSuchEntity")},
        Level.WARNING,
        "AWSServiceRoleForBatch is not",
    ),
    "no vCPUs": (
        quotas.vcpus,
        {"GetServiceQuota": {"Quota": {"Value": 0.0}}},
        Level.ERROR,
        "no machine can start",
    ),
    "few vCPUs": (
        quotas.vcpus,
        {"GetServiceQuota": {"Quota": {"Value": 5.0}}},
        Level.WARNING,
        "5 spot vCPUs; the",
    ),
    "few functions": (
        quotas.lambda_concurrency,
        {"GetAccountSettings": {"AccountLimit": {"ConcurrentExecutions": 10}}},
        Level.WARNING,
        "10 functions at once",
    ),
    "a failed stack": (
        account.stacks,
        {"DescribeStacks": {"Stacks": [{"StackStatus": "UPDATE_ROLLBACK_COMPLETE"}]}},
        Level.ERROR,
        "ROLLBACK",
    ),
    "a stack under way": (
        account.stacks,
        {"DescribeStacks": {"Stacks": [{"StackStatus": "UPDATE_IN_PROGRESS"}]}},
        Level.WARNING,
        "is being deployed",
    ),
    "an invalid environment": (
        compute.environments,
        {
            "DescribeComputeEnvironments": {
                "computeEnvironments": [ENVIRONMENT | {"status": "INVALID", "statusReason": "role gone"}]
            }
        },
        Level.ERROR,
        "is INVALID and ENABLED: role gone",
    ),
    "a disabled queue": (
        compute.queues,
        {
            "DescribeJobQueues": {
                "jobQueues": [{"jobQueueName": "normal", "status": "VALID", "state": "DISABLED"}]
            }
        },
        Level.ERROR,
        "VALID and DISABLED",
    ),
    "a blocked queue": (
        compute.blocked,
        {
            "ListJobs": {
                "jobSummaryList": [
                    {
                        "jobName": "w-a_b_0",
                        "jobId": "1",
                        "statusReason": "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - x",
                    }
                ]
            }
        },
        Level.ERROR,
        "w-a_b_0 blocks its queue: the job asks for more",
    ),
    "a profile that is gone": (
        compute.machine_roles,
        {"GetInstanceProfile": refused("NoSuchEntity")},
        Level.ERROR,
        "machines is gone",
    ),
    "a profile without a role": (
        compute.machine_roles,
        {"GetInstanceProfile": {"InstanceProfile": {"Roles": []}}},
        Level.ERROR,
        "has no role",
    ),
    "a subnet that is gone": (
        network.subnets,
        {"DescribeSubnets": {"Subnets": []}},
        Level.ERROR,
        "subnet-1 of a",
    ),
    "a subnet without addresses": (
        network.subnets,
        {"DescribeSubnets": {"Subnets": [SUBNET | {"AvailableIpAddressCount": 3}]}},
        Level.WARNING,
        "3 free addresses",
    ),
    "no route out": (
        network.subnets,
        {"DescribeRouteTables": {"RouteTables": [TABLE | {"Routes": []}]}},
        Level.WARNING,
        "no route out",
    ),
    "no public address": (
        network.subnets,
        {"DescribeSubnets": {"Subnets": [SUBNET | {"MapPublicIpOnLaunch": False}]}},
        Level.ERROR,
        "get no public address",
    ),
    "a route to nowhere": (
        network.subnets,
        {
            "DescribeRouteTables": {
                "RouteTables": [
                    TABLE
                    | {
                        "Routes": [
                            {
                                "DestinationCidrBlock": "0.0.0.0/0",
                                "NatGatewayId": "nat-1",
                                "State": "blackhole",
                            }
                        ]
                    }
                ]
            }
        },
        Level.ERROR,
        "leads nowhere",
    ),
    "nobody to tell": (
        telling.subscriptions,
        {"ListSubscriptionsByTopic": {"Subscriptions": []}},
        Level.WARNING,
        "Nobody is subscribed",
    ),
    "an unconfirmed address": (
        telling.subscriptions,
        {
            "ListSubscriptionsByTopic": {
                "Subscriptions": [
                    {"Protocol": "email", "Endpoint": "a@b.org", "SubscriptionArn": "PendingConfirmation"}
                ]
            }
        },
        Level.WARNING,
        "a@b.org is not confirmed",
    ),
    "messages set aside": (
        telling.dead_letters,
        {"GetQueueAttributes": {"Attributes": {"ApproximateNumberOfMessages": "3"}}},
        Level.ERROR,
        "3 messages were set aside in trigger-dead",
    ),
    "a queue that nobody reads": (
        telling.readers,
        {
            "GetEventSourceMapping": {
                "State": "Disabled",
                "FunctionArn": "arn:aws:lambda:us-east-1:1:function:trigger",
            }
        },
        Level.ERROR,
        "trigger does not read its queue",
    ),
}


@pytest.mark.parametrize("name", SICK)
def test_what_is_not_well_is_a_finding_with_its_fix(name: str) -> None:
    """At its level."""
    check, answers, level, says = SICK[name]
    findings = [(text, fix) for found_level, text, fix in found(check, **answers) if found_level is level]
    assert findings
    assert says in findings[0][0]
    assert all(fix for _, fix in findings)


@pytest.mark.parametrize(
    "subscription",
    [
        {},
        {"Protocol": "email", "Endpoint": "nowhere", "SubscriptionArn": "arn:x"},
        {"Protocol": "email", "Endpoint": None, "SubscriptionArn": "arn:x"},
        {"Protocol": "sms", "Endpoint": "0170 123", "SubscriptionArn": "arn:x"},
    ],
)
def test_a_malformed_subscription_is_an_error(subscription: dict[str, Any]) -> None:
    """Nobody can be reached there."""
    [(level, text, fix)] = found(
        telling.subscriptions, ListSubscriptionsByTopic={"Subscriptions": [subscription]}
    )
    assert level is Level.ERROR
    assert "no endpoint that can be reached" in text
    assert "ALERT_EMAIL" in fix


# Of addresses only a repository with a webhook has AWS asked: its own tests are below.
@pytest.mark.parametrize("name", [name for name in CHECKS if name not in ("credentials", "addresses")])
@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
def test_a_call_that_is_not_permitted_is_a_finding(name: str, code: str) -> None:
    """It is not called well, nor is it the end of the examination."""
    no = dict.fromkeys(
        [*WELL, "ListStackResources"], refused(code, "User: me is not authorized to perform: x:Y")
    )
    findings = found(CHECKS[name], **no)
    assert [level for level, _, _ in findings] == [Level.WARNING]
    assert "is not permitted" in findings[0][1]
    assert "docs/cli.md" in findings[0][2]


def test_before_the_deployment_the_account_is_checked_and_the_rest_says_that_it_is_not() -> None:
    """Nothing that is not there is called well."""
    gone = refused("ValidationError", "Stack with id SluiceCompute does not exist")
    looked = list(
        examine(Patient(Account(ListStackResources=gone, DescribeStacks=gone).client, Configuration()))
    )
    unchecked = {name for name, one in looked if one.level is Level.NOT_CHECKED}
    well = {"credentials", "bootstrap", "service roles", "vCPU quotas", "Lambda quota", "addresses"}
    assert {name for name, one in looked if one.level is Level.OK} == well
    assert unchecked == set(CHECKS) - well


def test_the_quota_is_compared_with_what_is_configured_before_the_deployment() -> None:
    """The next deploy would ask for it."""
    gone = refused("ValidationError", "does not exist")
    patient = Patient(Account(ListStackResources=gone).client, Configuration(max_vcpus_spot=5000))
    assert [one.level for _, one in examine(patient, {"quotas": quotas.vcpus})] == [Level.WARNING, Level.OK]


@pytest.mark.parametrize("answer", [refused("ExpiredToken", "expired"), lambda _: NoCredentialsError()])
def test_without_usable_credentials_nothing_more_is_looked_at(answer: Any) -> None:
    """One finding, which says what to do."""
    looked = list(examine(Patient(Account(GetCallerIdentity=answer).client, Configuration())))
    assert [(name, one.level) for name, one in looked] == [("credentials", Level.ERROR)]
    assert looked[0][1].fix


def test_an_account_that_does_not_answer_is_a_finding() -> None:
    """The other checks go on."""
    [(level, text, _)] = found(
        quotas.vcpus, GetServiceQuota=lambda _: EndpointConnectionError(endpoint_url="https://quotas")
    )
    assert (level, "Not checked" in text) == (Level.WARNING, True)


def test_what_the_local_cloud_lacks_is_not_checked_and_not_called_well() -> None:
    """Nor is it a finding that something is to be done about."""
    patient = Patient(
        Account("http://127.0.0.1:4566", GetEventSourceMapping=refused("UnknownOperation", "no")).client,
        Configuration(),
    )
    looked = list(examine(patient))
    assert {name for name, one in looked if one.level is Level.NOT_CHECKED} == {
        "service roles",
        "vCPU quotas",
        "Lambda quota",
        "readers",
    }
    assert {one.level for _, one in looked} == {Level.OK, Level.NOT_CHECKED}


def test_the_command_lists_findings_and_counts_the_rest(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1 for findings; with --all also what is well."""
    monkeypatch.delenv("SLUICE_STACK_PREFIX", raising=False)
    sick = Account(GetQueueAttributes={"Attributes": {"ApproximateNumberOfMessages": "3"}})
    assert doctor(parser().parse_args(["doctor"]), sick.client) == 1
    said = capsys.readouterr().out
    assert said.startswith("error        dead letters: 3 messages were set aside")
    assert "→ Read why: aws sqs receive-message" in said
    assert "1 errors, 0 warnings" in said
    assert doctor(parser().parse_args(["doctor", "--all"]), Account().client) == 0
    assert "ok           credentials:" in capsys.readouterr().out


def test_json_has_every_finding(capsys: pytest.CaptureFixture[str]) -> None:
    """For programs."""
    assert doctor(parser().parse_args(["doctor", "--json"]), Account().client) == 0
    document = json.loads(capsys.readouterr().out)
    assert {one["check"] for one in document} == set(CHECKS)
    assert set(document[0]) == {"check", "level", "text", "fix"}


@pytest.fixture
def hooked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository with one pipeline that has a webhook, and one that has none."""
    steps: list[Step] = [Job("a", image="busybox", command=["true"])]
    pipelines = [
        Pipeline(name="told", triggers=[Webhook()], steps=steps),
        Pipeline(name="asked", triggers=[Manual()], steps=steps),
    ]
    monkeypatch.setattr(addresses, "load_pipelines", lambda _: pipelines)


@pytest.mark.parametrize(
    ("answer", "level", "says"),
    [
        (refused("TypeNotFoundException"), Level.ERROR, "no function URLs, which the webhooks of told need"),
        ({"Type": "RESOURCE"}, Level.OK, "The Region has function URLs, for told."),
        (refused("AccessDenied", "no"), Level.WARNING, "DescribeType is not permitted"),
    ],
)
@pytest.mark.usefixtures("hooked")
def test_a_region_without_addresses_is_told_beforehand(answer: Any, level: Level, says: str) -> None:
    """By what CloudFormation knows there."""
    ((found_level, text, _),) = found(addresses.addresses, DescribeType=answer)
    assert (found_level, says in text) == (level, True), text


@pytest.mark.usefixtures("hooked")
def test_addresses_that_are_left_out_are_not_looked_for() -> None:
    """SLUICE_WEBHOOKS=false."""
    patient = Patient(
        Account(DescribeType=refused("TypeNotFoundException")).client, Configuration(webhooks=False)
    )
    assert [one.level for one in addresses.addresses(patient)] == [Level.OK]
