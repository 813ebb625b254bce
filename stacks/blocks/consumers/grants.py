"""What the Lambdas of the queue consumers may do, one sentence each. tests/stacks/exceptions.py has a reason
for every wildcard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from sluice import keys
from sluice.alerts.results_complete import RESULTS_COMPLETE
from sluice.alerts.run_events import LATE, STATE_CHANGE
from sluice.grouping.records import FILE, PARTITIONS
from sluice.grouping.records import UNFINISHED as UNFINISHED_GROUPS
from sluice.ledger.ledger import UNFINISHED_INDEX
from sluice.ledger.newest_versions import NEWEST
from sluice.ledger.pauses import KEPT, PAUSED, PAUSES
from sluice.ledger.records import RUN_PREFIX
from sluice.ordering.records import PREFIX as RUN_QUEUES
from sluice.sets.records import PARTITIONS as SETS
from sluice.sets.records import UNFINISHED as UNFINISHED_SETS
from sluice.sets.records import UNMATCHED_PARTITIONS
from sluice.tags import RUN
from sluice.triggers.request_event import SOURCE
from stacks.blocks.monitoring.log_group import job_logs_of

Conditions = Mapping[str, Mapping[str, str | Sequence[str]]]
# AWS Batch has no resource-level permissions for its look-ups:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbatch.html
_ANYTHING = "*"


def advance_runs(
    function: lambda_.Function, *, ledger: dynamodb.ITable, queues: Sequence[str], definitions: str
) -> None:
    """Read and write runs, submit the jobs of Sluice's own definitions to Sluice's own queues, and look up
    jobs and why they failed; the names of the definitions begin with ``definitions``.

    TransactWriteItems is authorised as the writes in it:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """
    _allow(function, ["dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"], [ledger.table_arn])
    # A run that begins leaves the queue in which it waited; the transaction names the run, too.
    queued: Conditions = {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{RUN_QUEUES}*", f"{RUN_PREFIX}*"]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }
    _allow(function, ["dynamodb:DeleteItem"], [ledger.table_arn], queued)
    ours = _arn(function, "batch", f"job-definition/{definitions}*")
    # Limits have no names of ours; a job that holds one is submitted with its resource's permission, too:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbatch.html
    limits = _arn(function, "batch", "consumable-resource/*")
    _allow(function, ["batch:SubmitJob"], [ours, limits, *queues])
    # A job is tagged when it is submitted; it has no ARN before.
    tagged: Conditions = {"StringLike": {f"aws:RequestTag/{RUN}": "*"}}
    _allow(function, ["batch:TagResource"], [_arn(function, "batch", "job/*")], tagged)
    _allow(function, ["batch:ListJobs", "batch:DescribeJobs"], [_ANYTHING])


def sweep_runs(function: lambda_.Function, *, ledger: dynamodb.ITable) -> None:
    """Find the unfinished runs, and describe the machines in Batch that their jobs wait for."""
    _allow(function, ["dynamodb:Query"], [f"{ledger.table_arn}/index/{UNFINISHED_INDEX}"])
    _allow(function, ["batch:DescribeJobQueues", "batch:DescribeComputeEnvironments"], [_ANYTHING])


def read_definitions(function: lambda_.Function, *, published_by: str) -> None:
    """Read the compiled pipelines, which the CDK published with a stack, below its name."""
    stack = Stack.of(function)
    bucket = f"cdk-{stack.synthesizer.bootstrap_qualifier}-assets-{stack.account}-{stack.region}"
    objects = f"arn:{stack.partition}:s3:::{bucket}"
    # Rules of a deploy before 2026-12 name definitions by their hash alone, until the stack of the pipelines
    # is deployed behind this one, and so do events that wait. To be removed with the version after this one.
    before = "?" * 64
    _allow(function, ["s3:GetObject"], [f"{objects}/{published_by}/*.json", f"{objects}/{before}.json"])


def read_failure_reports(function: lambda_.Function, *, work: s3.IBucket) -> None:
    """Read the failure reports that failing jobs wrote."""
    _allow(function, ["s3:GetObject"], [work.arn_for_objects("runs/*/failures/*")])
    _allow(function, ["s3:ListBucket"], [work.bucket_arn], {"StringLike": {"s3:prefix": "runs/*/failures/*"}})


def keep_while_paused(function: lambda_.Function, *, ledger: dynamodb.ITable) -> None:
    """Begin runs under the condition that their pipeline is not paused; keep, read and remove what waits of
    paused ones.
    """
    # The transaction that begins a run names the run's keys as well, so a condition on keys would not hold.
    _allow(function, ["dynamodb:ConditionCheckItem"], [ledger.table_arn])
    own: Conditions = {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [PAUSES, f"{PAUSED}*", f"{KEPT}*"]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }
    _allow(function, ["dynamodb:GetItem", "dynamodb:DeleteItem"], [ledger.table_arn], own)


def replace_waiting_runs(function: lambda_.Function, *, ledger: dynamodb.ITable) -> None:
    """Take runs that a newer one replaces from the queue in which they wait: in the transaction that begins
    the newer one, which names also whether its pipeline is paused, and the newest version of its file.
    """
    named: Conditions = {
        "ForAllValues:StringLike": {
            "dynamodb:LeadingKeys": [f"{RUN_QUEUES}*", f"{RUN_PREFIX}*", f"{PAUSED}*", f"{NEWEST}*"]
        },
        "Null": {"dynamodb:LeadingKeys": "false"},
    }
    _allow(function, ["dynamodb:DeleteItem"], [ledger.table_arn], named)


def read_states(function: lambda_.Function, *, ledger: dynamodb.ITable) -> None:
    """Read which runs there are and whether they have ended, many at a time, and nothing else of the table
    so.
    """
    runs: Conditions = {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{RUN_PREFIX}*"]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }
    _allow(function, ["dynamodb:BatchGetItem"], [ledger.table_arn], runs)


def gather_files(function: lambda_.Function, *, ledger: dynamodb.ITable) -> None:
    """Read and write groups and sets of uploads and the records of their files, and find those that are open;
    nothing of runs.
    """
    named = {"Null": {"dynamodb:LeadingKeys": "false"}}
    own: Conditions = {
        "ForAllValues:StringLike": {
            "dynamodb:LeadingKeys": [f"{PARTITIONS}*", f"{FILE}*", f"{SETS}*", f"{UNMATCHED_PARTITIONS}*"]
        },
        **named,
    }
    _allow(function, ["dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"], [ledger.table_arn], own)
    unfinished: Conditions = {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [UNFINISHED_GROUPS, UNFINISHED_SETS]},
        **named,
    }
    _allow(function, ["dynamodb:Query"], [f"{ledger.table_arn}/index/{UNFINISHED_INDEX}"], unfinished)


def read_markers(
    function: lambda_.Function, *, inbox: s3.IBucket, listed: Sequence[str], read: Sequence[str]
) -> None:
    """List the files of sets with a marker, below these prefixes, and read the manifests among markers."""
    if listed:
        prefixes = {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in listed]}}
        _allow(function, ["s3:ListBucket"], [inbox.bucket_arn], prefixes)
    if read:
        objects = [inbox.arn_for_objects(one) for one in read]
        _allow(function, ["s3:GetObject", "s3:GetObjectVersion"], objects)


def write_lists_of_uploads(function: lambda_.Function, *, work: s3.IBucket) -> None:
    """Write the manifest of the files that start a run, and nothing else of the work bucket."""
    _allow(function, ["s3:PutObject", "s3:AbortMultipartUpload"], [work.arn_for_objects(keys.uploads("*"))])
    _allow(function, ["s3:PutObject"], [work.arn_for_objects(keys.manifest_index(keys.uploads("*")))])


def send_to(function: lambda_.Function, *, queue: sqs.IQueue) -> None:
    """Send messages to a queue."""
    _allow(function, ["sqs:SendMessage"], [queue.queue_arn])


def redrive(function: lambda_.Function, *, retries: sqs.IQueue, queue: sqs.IQueue) -> None:
    """Move what waits in a queue of retries to the queue that it came from."""
    _allow(function, ["sqs:ReceiveMessage", "sqs:DeleteMessage"], [retries.queue_arn])
    send_to(function, queue=queue)


def find_manifests(function: lambda_.Function, *, work: s3.IBucket) -> None:
    """List the manifests that plans wrote, to count their items when no message carried the count."""
    _allow(function, ["s3:ListBucket"], [work.bucket_arn], {"StringLike": {"s3:prefix": "runs/*/manifest/*"}})


def judge_ends(function: lambda_.Function, *, ledger: dynamodb.ITable, work: s3.IBucket) -> None:
    """Read a step of a run, and list the words of its jobs, which say that their work was done; none is
    read.
    """
    _allow(function, ["dynamodb:BatchGetItem"], [ledger.table_arn])
    _allow(function, ["s3:ListBucket"], [work.bucket_arn], {"StringLike": {"s3:prefix": "runs/*/words/*"}})


def publish_failed_items(function: lambda_.Function, *, work: s3.IBucket, results: s3.IBucket) -> None:
    """Read the failed items that children wrote, and publish them as one file of the run."""
    own = "runs/*/failed-items/*"
    _allow(function, ["s3:ListBucket"], [work.bucket_arn], {"StringLike": {"s3:prefix": own}})
    _allow(function, ["s3:GetObject"], [work.arn_for_objects(own)])
    _allow(function, ["s3:PutObject"], [results.arn_for_objects(f"*/{keys.FAILED_ITEMS}")])


def end_arrays(function: lambda_.Function, *, work: s3.IBucket) -> None:
    """End an array whose children say that too many items have failed; what they say is listed first.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbatch.html
    """
    _allow(function, ["s3:ListBucket"], [work.bucket_arn], {"StringLike": {"s3:prefix": "runs/*/words/*"}})
    ours: Conditions = {"StringLike": {f"aws:ResourceTag/{RUN}": "*"}}
    _allow(function, ["batch:TerminateJob"], [_arn(function, "batch", "job/*")], ours)


def explain_failures(function: lambda_.Function, *, ledger: dynamodb.ITable, job_logs_in: str) -> None:
    """Read the run, its failed jobs and the last lines of their logs, count equal failures, and record what
    was sent.
    """
    calls = ("Query", "GetItem", "PutItem", "UpdateItem", "DeleteItem")
    _allow(function, [f"dynamodb:{call}" for call in calls], [ledger.table_arn])
    _allow(function, ["batch:DescribeJobs", "batch:ListJobs"], [_ANYTHING])
    log_groups = job_logs_of(job_logs_in, "*")
    _allow(function, ["logs:GetLogEvents"], [_arn(function, "logs", f"log-group:{log_groups}")])


def publish_run_events(function: lambda_.Function) -> None:
    """Publish events about runs on the default bus, and no others.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
    """
    # A request has several entries, so the keys have several values; without any, "for all" would be true.
    conditions: Conditions = {
        "ForAllValues:StringEquals": {
            "events:source": [SOURCE],
            "events:detail-type": [STATE_CHANGE, LATE, RESULTS_COMPLETE],
        },
        "Null": {"events:source": "false", "events:detail-type": "false"},
    }
    _allow(function, ["events:PutEvents"], [_arn(function, "events", "event-bus/default")], conditions)


def open_tickets(function: lambda_.Function) -> None:
    """Open OpsItems for the pipelines that ask for tickets; an OpsItem has no ARN before it exists."""
    _allow(function, ["ssm:CreateOpsItem"], [_ANYTHING])


def _allow(
    function: lambda_.Function,
    actions: list[str],
    resources: list[str],
    conditions: Conditions | None = None,
) -> None:
    function.add_to_role_policy(
        iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions)
    )


def _arn(construct: Construct, service: str, resource: str) -> str:
    stack = Stack.of(construct)
    return f"arn:{stack.partition}:{service}:{stack.region}:{stack.account}:{resource}"
