"""What fills the queues: rules of EventBridge and the plan topic. What cannot be delivered goes to the
queue's dead-letter queue.
"""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from sluice.advance.batch_events import NODE_MARK
from sluice.alerts.queue_messages import BLOCKED_EVENT
from stacks.blocks.consumers.queue_consumer import Reaction

_VERSION = 1


def rule_target(fill: Reaction, **properties: Any) -> events.CfnRule.TargetProperty:
    """Return a rule's target: the reaction's queue, and its dead-letter queue for events that EventBridge
    could not deliver in a day.
    """
    dead_letters = events.CfnRule.DeadLetterConfigProperty(arn=fill.dead_letters.queue_arn)
    return events.CfnRule.TargetProperty(
        id="Queue", arn=fill.queue.queue_arn, dead_letter_config=dead_letters, **properties
    )


def with_detail(template: str) -> events.CfnRule.InputTransformerProperty:
    """Return the transformer that puts the event's detail in the place of ``<detail>``."""
    return events.CfnRule.InputTransformerProperty(
        input_paths_map={"detail": "$.detail"}, input_template=template
    )


def hear_plans(topic: sns.Topic, *, fill: Reaction) -> None:
    """Bring what plan jobs publish into the reaction's queue, as it was published."""
    topic.add_subscription(
        subscriptions.SqsSubscription(
            fill.queue, raw_message_delivery=True, dead_letter_queue=fill.dead_letters
        )
    )


def hear_ended_jobs(scope: Construct, construct_id: str, *, queues: str, fill: Reaction) -> None:
    """Bring the ends of jobs on the job queues whose ARNs begin so.

    Of parents and single jobs only, so that a run's events do not grow with its items.

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
        targets=[rule_target(fill)],
    )
    _let_rules(fill, rule.attr_arn)


def hear_blocked_queues(scope: Construct, construct_id: str, *, queues: str, fill: Reaction) -> None:
    """Bring what AWS Batch says of the job queues whose ARNs begin so when the job at the head of one cannot
    run.

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
        targets=[rule_target(fill)],
    )
    _let_rules(fill, rule.attr_arn)


def sweep_every_five_minutes(scope: Construct, construct_id: str, *, fill: Reaction) -> None:
    """Ask for a look at the unfinished runs now and then, so that a lost event delays a run and never strands
    it.
    """
    message = json.dumps({"sweep": True, "version": _VERSION})
    rule = events.CfnRule(
        scope,
        construct_id,
        description="Sluice: look at the runs that have not ended",
        schedule_expression="rate(5 minutes)",
        targets=[rule_target(fill, input=message)],
    )
    _let_rules(fill, rule.attr_arn)


def let_rules_of(stack_name: str, *, fill: Reaction) -> None:
    """Allow the rules of a stack that is deployed later.

    They are known by the beginning of their names: naming each would make the two stacks wait for each other.
    """
    stack = Stack.of(fill)
    _let_rules(fill, f"arn:{stack.partition}:events:{stack.region}:{stack.account}:rule/{stack_name}-*")


def _let_rules(fill: Reaction, rules: str) -> None:
    for queue in (fill.queue, fill.dead_letters):
        _let_rules_send(queue, rules)


def _let_rules_send(queue: sqs.Queue, rules: str) -> None:
    queue.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal("events.amazonaws.com")],
            actions=["sqs:SendMessage"],
            resources=[queue.queue_arn],
            conditions={"ArnLike": {"aws:SourceArn": rules}},
        )
    )
