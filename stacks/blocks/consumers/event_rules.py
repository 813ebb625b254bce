"""The EventBridge rules that all pipelines share: ends of jobs, blocked job queues, the sweep."""

from __future__ import annotations

import json

from aws_cdk import aws_events as events
from constructs import Construct

from sluice.advance.batch_events import NODE_MARK
from sluice.alerts.queue_messages import BLOCKED_EVENT
from stacks.blocks.consumers.queue_consumer import QueueConsumer
from stacks.blocks.consumers.rule_target import allow_rules, rule_target

_VERSION = 1


def route_ended_jobs(scope: Construct, construct_id: str, *, queues: str, target: QueueConsumer) -> None:
    """Send the ends of jobs to the consumer, for the job queues whose ARNs begin with ``queues``.

    The rule passes parents and single jobs only, so that a run's events do not grow with its items.

    Source: https://docs.aws.amazon.com/batch/latest/userguide/batch_job_events.html
    """
    rule = events.CfnRule(
        scope,
        construct_id,
        description="Sluice: a job, or an array as a whole, has ended",
        event_pattern={
            "source": ["aws.batch"],
            "detail-type": ["Batch Job State Change"],
            "detail": {
                "status": ["SUCCEEDED", "FAILED"],
                # Not one by one: a pattern has at most 2,048 characters.
                # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
                "jobQueue": [{"prefix": queues}],
                "arrayProperties": {"index": [{"exists": False}]},
                # Nodes of multi-node jobs have the ids <job>#0, <job>#1, …
                "jobId": [{"anything-but": {"wildcard": f"*{NODE_MARK}*"}}],
            },
        },
        targets=[rule_target(target)],
    )
    allow_rules(target, rule.attr_arn)


def route_blocked_queues(scope: Construct, construct_id: str, *, queues: str, target: QueueConsumer) -> None:
    """Send AWS Batch's events about blocked job queues to the consumer, for those whose ARNs begin with
    ``queues``. A queue is blocked when the job at its head cannot run.

    Source: https://docs.aws.amazon.com/batch/latest/userguide/batch-job-queue-blocked-events.html
    """
    rule = events.CfnRule(
        scope,
        construct_id,
        description="Sluice: a job queue is blocked",
        event_pattern={
            "source": ["aws.batch"],
            "detail-type": [BLOCKED_EVENT],
            "detail": {"jobQueue": [{"prefix": queues}]},
        },
        targets=[rule_target(target)],
    )
    allow_rules(target, rule.attr_arn)


def schedule_sweep(scope: Construct, construct_id: str, *, target: QueueConsumer) -> None:
    """Send a sweep message every five minutes: the consumer reconciles the unfinished runs, so that a lost
    event delays a run and never strands it.
    """
    message = json.dumps({"sweep": True, "version": _VERSION})
    rule = events.CfnRule(
        scope,
        construct_id,
        description="Sluice: look at the runs that have not ended",
        schedule_expression="rate(5 minutes)",
        targets=[rule_target(target, input=message)],
    )
    allow_rules(target, rule.attr_arn)
