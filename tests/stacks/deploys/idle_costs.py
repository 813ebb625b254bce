"""What templates cost in a month in which nothing runs, at list price: each resource is priced by its type,
and one of a type that is not known here is an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from benchmarks.cost import MONTH_SECONDS, PRICES, sweeps
from tests.stacks.templates import Template

Properties = Mapping[str, Any]
HOURS = MONTH_SECONDS / 3600
# Lambda keeps five connections to a queue open, each a ReceiveMessage that waits for up to 20 seconds:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
POLLS_OF_A_QUEUE = 5 * MONTH_SECONDS / 20
# What is paid by its use alone, which there is none of: requests, machines, what is stored.
BY_USE = {
    "AWS::CDK::Metadata",
    "AWS::Cognito::UserPool",
    "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolDomain",
    "AWS::Cognito::UserPoolGroup",
    "AWS::CloudFormation::Stack",
    "AWS::Batch::ConsumableResource",
    "AWS::Batch::JobDefinition",
    "AWS::Batch::JobQueue",
    "AWS::Batch::SchedulingPolicy",
    "AWS::EC2::EIP",  # one of the NAT gateway, with which it is priced
    "AWS::EC2::InternetGateway",
    "AWS::EC2::LaunchTemplate",
    "AWS::EC2::Route",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::Events::EventBusPolicy",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Url",
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue",  # what reads it is priced
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::Schedule",  # it starts runs
    "AWS::SecretsManager::RotationSchedule",
}


def idle_costs(templates: Mapping[str, Template]) -> dict[str, float]:
    """Return the dollars of a month by the types of the resources that cost anything."""
    found: dict[str, float] = {}
    for kind, properties in _resources(templates.values()):
        dollars = 0.0 if kind in BY_USE else _PRICED[kind](properties)
        if dollars:
            found[kind] = found.get(kind, 0.0) + dollars
    return found


def _resources(templates: Iterable[Template]) -> Iterable[tuple[str, Properties]]:
    for template in templates:
        for one in template.document["Resources"].values():
            yield one["Type"], one.get("Properties", {})


def _alarm(alarm: Properties) -> float:
    """Each metric that an alarm looks at counts as one; those of less than a minute cost three times that."""
    assert alarm["Period"] >= 60
    assert "Metrics" not in alarm
    return PRICES["cloudwatch alarm, month"].dollars


def _mapping(mapping: Properties) -> float:
    assert "ProvisionedPollerConfig" not in mapping
    return POLLS_OF_A_QUEUE * PRICES["sqs request"].dollars


def _rule(rule: Properties) -> float:
    """A schedule is a sweep, all others match events of AWS's, or those of runs."""
    if "ScheduleExpression" not in rule:
        return 0.0
    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    (target,) = rule["Targets"]
    assert json.loads(target["Input"])["sweep"] is True
    return sweeps()


def _gateway(_: Properties) -> float:
    return HOURS * (PRICES["NAT gateway, hour"].dollars + PRICES["public IPv4 address, hour"].dollars)


def _endpoint(endpoint: Properties) -> float:
    """Those of S3 and DynamoDB, which are routes; all others cost by the hour and zone."""
    assert endpoint["VpcEndpointType"] == "Gateway"
    return 0.0


def _environment(environment: Properties) -> float:
    """It has machines while jobs wait alone."""
    resources = environment.get("ComputeResources", {})
    assert resources.get("MinvCpus", 0) == 0
    assert resources.get("DesiredvCpus", 0) == 0
    return 0.0


def _table(table: Properties) -> float:
    """What is in it costs what DynamoDB asks for; nothing is provisioned."""
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    return 0.0


def _bucket(bucket: Properties) -> float:
    assert not bucket.keys() & {"InventoryConfigurations", "MetricsConfigurations", "AnalyticsConfigurations"}
    return 0.0


def _function(function: Properties) -> float:
    """Neither provisioned concurrency (of versions, which there are none of) nor snapshots."""
    assert "SnapStart" not in function
    return 0.0


def _secret(_: Properties) -> float:
    return PRICES["secret, month"].dollars


def _dashboard(_: Properties) -> float:
    """Of an account's first three; README and settings say what one beyond costs."""
    return 0.0


_PRICED: Mapping[str, Callable[[Properties], float]] = {
    "AWS::Batch::ComputeEnvironment": _environment,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::Dashboard": _dashboard,
    "AWS::DynamoDB::Table": _table,
    "AWS::EC2::NatGateway": _gateway,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::Events::Rule": _rule,
    "AWS::Lambda::EventSourceMapping": _mapping,
    "AWS::Lambda::Function": _function,
    "AWS::S3::Bucket": _bucket,
    "AWS::SecretsManager::Secret": _secret,
}
