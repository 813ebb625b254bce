"""What another account or Region must have so that a bucket there starts runs here: a rule that forwards S3's
events, which only reach the default bus of the bucket's owner and Region, and policies of the bucket and of
its key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sluice.operate.buckets.connections import Connection
from sluice.pipeline.definition import S3Upload
from sluice.triggers.upload_patterns import keys_below

Document = dict[str, Any]
_VERSION = "2012-10-17"
_KEPT_SECONDS = 1_209_600
"""14 days, the longest that SQS keeps a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where Sluice is: its partition, account and Region, and what its stacks' names begin with."""

    partition: str
    account: str
    region: str
    stack_prefix: str

    @property
    def bus(self) -> str:
        """Return the ARN of the default event bus."""
        return f"arn:{self.partition}:events:{self.region}:{self.account}:event-bus/default"

    @property
    def job_roles(self) -> list[str]:
        """Return the patterns of the ARNs of the roles that jobs have, without a path and with any."""
        roles = f"arn:{self.partition}:iam::{self.account}:role"
        return [f"{roles}{path}/{self.stack_prefix}Pipelines-*" for path in ("", "/*")]


def forwarding_template(connection: Connection, home: Home) -> Document:
    """Return a CloudFormation template for the bucket's own account and Region: the rule, its role, and a
    queue for events that could not be forwarded.

    A rule that sends to a bus needs a role:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
    """
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Forwards the events of {connection.bucket} to Sluice in {home.account}.",
        "Resources": {
            "Undelivered": {
                "Type": "AWS::SQS::Queue",
                "Properties": {"MessageRetentionPeriod": _KEPT_SECONDS, "SqsManagedSseEnabled": True},
            },
            "UndeliveredPolicy": {"Type": "AWS::SQS::QueuePolicy", "Properties": _queue_policy()},
            "ForwardRole": {"Type": "AWS::IAM::Role", "Properties": _role(home)},
            "Forward": {"Type": "AWS::Events::Rule", "Properties": _rule(connection, home)},
        },
        "Outputs": {
            "Undelivered": {
                "Value": {"Ref": "Undelivered"},
                "Description": "Events that EventBridge could not forward in a day. Set an alarm on it.",
            }
        },
    }


def bucket_statements(connection: Connection, home: Home) -> list[Document]:
    """Return the statements that the bucket's policy must have beside its own: Sluice's job roles may read
    below the prefixes, and nothing else.
    """
    arn = f"arn:{home.partition}:s3:::{connection.bucket}"
    patterns = [keys_below(prefix) for prefix in connection.prefixes]
    read = ["s3:GetObject", "s3:GetObjectVersion"]
    return [
        _statement("SluiceReads", read, [f"{arn}/{one}" for one in patterns], home),
        _statement("SluiceLists", ["s3:ListBucket"], [arn], home, {"StringLike": {"s3:prefix": patterns}}),
    ]


def key_statements(connection: Connection, home: Home) -> list[Document]:
    """Return the statement that the policies of the bucket's keys must have; none without keys.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
    """
    if not connection.kms_keys:
        return []
    through = {"StringEquals": {"kms:ViaService": f"s3.{connection.region or home.region}.amazonaws.com"}}
    return [_statement("SluiceDecrypts", ["kms:Decrypt"], ["*"], home, through)]


def _statement(
    sid: str, actions: list[str], resources: list[str], home: Home, conditions: Document | None = None
) -> Document:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{home.partition}:iam::{home.account}:root"},
        "Action": actions,
        "Resource": resources,
        "Condition": {**(conditions or {}), "ArnLike": {"aws:PrincipalArn": home.job_roles}},
    }


def _rule(connection: Connection, home: Home) -> Document:
    keys = [key for upload in connection.uploads for key in _keys(upload)]
    return {
        "Description": f"Sluice: new objects of {', '.join(connection.pipelines)}",
        "EventPattern": {
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {"bucket": {"name": [connection.bucket]}, "object": {"key": _distinct(keys)}},
        },
        "Targets": [
            {
                "Id": "Sluice",
                "Arn": home.bus,
                "RoleArn": {"Fn::GetAtt": ["ForwardRole", "Arn"]},
                "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Undelivered", "Arn"]}},
            }
        ],
    }


def _keys(upload: S3Upload) -> list[dict[str, str]]:
    """Return the patterns of the keys, as in ``stacks.blocks.triggers.upload_rules``."""
    if not any(upload.suffixes):
        return [{"prefix": upload.prefix}]
    return [{"wildcard": pattern} for pattern in upload.patterns]


def _distinct(keys: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    return list({str(key): key for key in keys}.values())


def _role(home: Home) -> Document:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
    }
    send = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": home.bus}
    return {
        "AssumeRolePolicyDocument": {"Version": _VERSION, "Statement": [trust]},
        "Policies": [{"PolicyName": "forward", "PolicyDocument": {"Version": _VERSION, "Statement": [send]}}],
    }


def _queue_policy() -> Document:
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": {"Fn::GetAtt": ["Undelivered", "Arn"]},
        "Condition": {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["Forward", "Arn"]}}},
    }
    return {
        "Queues": [{"Ref": "Undelivered"}],
        "PolicyDocument": {"Version": _VERSION, "Statement": [allowed]},
    }
