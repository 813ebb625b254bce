"""A queue consumer as the target of EventBridge rules, and the permission of rules to fill its queue."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam

from stacks.blocks.consumers.queue_consumer import QueueConsumer

TIME = "<time>"
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
MAX_DESCRIPTION = 512


def rule_target(
    target: QueueConsumer,
    *,
    input: str | None = None,  # noqa: A002 - EventBridge's word
    input_transformer: events.CfnRule.InputTransformerProperty | None = None,
) -> events.CfnRule.TargetProperty:
    """Return a rule's target: the consumer's queue, and its dead-letter queue, or that of retries, for events
    that EventBridge could not deliver in a day.
    """
    return events.CfnRule.TargetProperty(
        id="Queue",
        arn=target.queue.queue_arn,
        dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=target.undelivered.queue_arn),
        input=input,
        input_transformer=input_transformer,
    )


def with_detail(template: str) -> events.CfnRule.InputTransformerProperty:
    """Return the transformer that replaces ``<detail>`` by the event's detail, and ``<time>`` by its time."""
    paths = {"detail": "$.detail"} | ({"time": "$.time"} if TIME in template else {})
    return events.CfnRule.InputTransformerProperty(input_paths_map=paths, input_template=template)


def allow_rules_from(stack_name: str, *, target: QueueConsumer) -> None:
    """Allow the rules of a stack that is deployed later to fill the consumer's queue.

    The policy names them by the beginning of their names: to name each rule would make the two stacks depend
    on each other.
    """
    stack = Stack.of(target)
    allow_rules(target, f"arn:{stack.partition}:events:{stack.region}:{stack.account}:rule/{stack_name}-*")


def allow_rules(target: QueueConsumer, rules: str) -> None:
    """Allow the rules whose ARNs match the pattern to send to the consumer's queue, and what they could not
    deliver to the other one.

    Rules of a deploy before 2026-12 send that to the dead-letter queue, until their stack is deployed behind
    this one.
    """
    for queue in dict.fromkeys((target.queue, target.undelivered, target.dead_letters)):
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={"ArnLike": {"aws:SourceArn": rules}},
            )
        )
