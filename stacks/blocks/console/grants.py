"""What the deployed console may do: what `sluice runs`, `show`, `logs`, `results`, `run`, `retry`, `rerun`,
`cancel`, `unpause` and `sets close` do, for people who have their roles from it alone.

docs/access.md has the same for people with credentials of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

from sluice import keys
from sluice.alerts.run_events import STATE_CHANGE
from sluice.ledger.ledger import UNFINISHED_INDEX
from sluice.ledger.listed import LISTED_INDEX
from sluice.ledger.pauses import PAUSES
from sluice.ledger.records import RUN_PREFIX
from sluice.tags import APP
from sluice.triggers.request_event import DETAIL_TYPE, SOURCE
from stacks.blocks.monitoring.log_group import job_logs_of

Conditions = Mapping[str, Mapping[str, str | Sequence[str]]]
# AWS Batch has no resource-level permissions for its look-ups:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbatch.html
_ANYTHING = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Where Sluice keeps what the console shows."""

    ledger: dynamodb.ITable
    inbox: s3.IBucket
    work: s3.IBucket
    results: s3.IBucket


class ConsoleGrants:
    """Grants to the role of the console; ``prefix`` begins the names of Sluice's stacks."""

    def __init__(self, role: iam.IRole, prefix: str) -> None:
        self._role, self._prefix = role, prefix

    def read_deployment(self, published_by: str) -> None:
        """Read what the stacks are called, and the files that the CDK published with the pipelines."""
        stacks = [self._arn("cloudformation", f"stack/{self._prefix}{one}/*") for one in _STACKS]
        self._allow(["cloudformation:DescribeStacks"], stacks)
        stack = Stack.of(self._role)
        bucket = f"cdk-{stack.synthesizer.bootstrap_qualifier}-assets-{stack.account}-{stack.region}"
        self._allow(["s3:GetObject"], [f"arn:{stack.partition}:s3:::{bucket}/{published_by}/*.json"])

    def read_runs(self, ledger: dynamodb.ITable) -> None:
        """Read the ledger."""
        calls = ("GetItem", "BatchGetItem", "Query", "Scan")
        indexes = [f"{ledger.table_arn}/index/{one}" for one in (UNFINISHED_INDEX, LISTED_INDEX)]
        self._allow([f"dynamodb:{one}" for one in calls], [ledger.table_arn, *indexes])

    def read_jobs(self, queues: Sequence[str], job_logs_in: str) -> None:
        """Describe jobs, queues and environments, and read the logs of jobs."""
        calls = ("DescribeJobs", "ListJobs", "DescribeJobQueues", "DescribeComputeEnvironments")
        self._allow([f"batch:{one}" for one in calls], [_ANYTHING])
        self._allow(["batch:GetJobQueueSnapshot"], list(queues))
        groups = job_logs_of(job_logs_in, "*")
        self._allow(["logs:GetLogEvents"], [self._arn("logs", f"log-group:{groups}")])

    def read_alarms(self) -> None:
        """Read which alarms are raised: a question by their state, which names none of them.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
        """
        self._allow(["cloudwatch:DescribeAlarms"], [_ANYTHING])

    def read_objects(self, stores: Stores) -> None:
        """Read what runs published, their failures, words and items, and list the files of the inbox."""
        buckets = (stores.inbox, stores.work, stores.results)
        self._allow(["s3:ListBucket"], [one.bucket_arn for one in buckets])
        of_runs = [stores.work.arn_for_objects(f"runs/*/{one}/*") for one in _READ_OF_RUNS]
        self._allow(["s3:GetObject"], [stores.results.arn_for_objects("*"), *of_runs])

    def start_runs(self, inbox: s3.IBucket) -> None:
        """Upload into the inbox, and request runs."""
        calls = ("PutObject", "GetObject", "AbortMultipartUpload")
        self._allow([f"s3:{one}" for one in calls], [inbox.arn_for_objects("*")])
        events: Conditions = {
            "ForAllValues:StringEquals": {
                "events:source": [SOURCE],
                "events:detail-type": [DETAIL_TYPE, STATE_CHANGE],
            },
            "Null": {"events:source": "false", "events:detail-type": "false"},
        }
        self._allow(["events:PutEvents"], [self._arn("events", "event-bus/default")], events)

    def change_runs(self, stores: Stores) -> None:
        """Reopen and cancel runs, end jobs of this Sluice, and write the items that a new run begins with."""
        self._allow(
            ["dynamodb:PutItem", "dynamodb:UpdateItem"], [stores.ledger.table_arn], _items(f"{RUN_PREFIX}*")
        )
        ours: Conditions = {"StringEquals": {f"aws:ResourceTag/{APP}": self._prefix}}
        self._allow(["batch:TerminateJob", "batch:CancelJob"], [self._arn("batch", "job/*")], ours)
        written = [keys.uploads("*"), keys.manifest_index(keys.uploads("*"))]
        self._allow(["s3:PutObject"], [stores.work.arn_for_objects(one) for one in written])

    def unpause(self, ledger: dynamodb.ITable) -> None:
        """Mark a pause as ending."""
        self._allow(["dynamodb:UpdateItem"], [ledger.table_arn], _items(PAUSES))

    def send_to(self, queues: Sequence[sqs.IQueue], gathering_in: str) -> None:
        """Have runs begun, reconciled and released; have sets closed by the group Lambda, whose stack comes
        later.
        """
        groups = self._arn("sqs", f"{gathering_in}-GroupingGroup*")
        self._allow(["sqs:SendMessage"], [*(one.queue_arn for one in queues), groups])

    def read_secrets(self, arns: Sequence[str]) -> None:
        """Read the secrets that sign sessions, and in people."""
        self._allow(["secretsmanager:GetSecretValue"], list(arns))

    def _allow(self, actions: list[str], resources: list[str], conditions: Conditions | None = None) -> None:
        self._role.add_to_principal_policy(
            iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions)
        )

    def _arn(self, service: str, resource: str) -> str:
        stack = Stack.of(self._role)
        return f"arn:{stack.partition}:{service}:{stack.region}:{stack.account}:{resource}"


_STACKS = ("Storage", "Compute", "Control", "Pipelines")
_READ_OF_RUNS = ("failures", "manifest", "trigger", "failed-items")


def _items(*beginnings: str) -> Conditions:
    return {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(beginnings)},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }
