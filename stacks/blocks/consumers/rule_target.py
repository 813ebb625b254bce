"""A queue consumer as the target of EventBridge rules, and the permission of rules to fill its queue."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam

from stacks.blocks.consumers.queue_consumer import QueueConsumer


def rule_target(
    target: QueueConsumer,
    *,
    input: str | None = None,  # noqa: A002 - EventBridge's word
    input_transformer: events.CfnRule.InputTransformerProperty | None = None,
) -> events.CfnRule.TargetProperty:
    """Return a rule's target: the consumer's queue, and its dead-letter queue for events that EventBridge
    could not deliver in a day.
    """
    return events.CfnRule.TargetProperty(
        id="Queue",
        arn=target.queue.queue_arn,
        dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=target.dead_letters.queue_arn),
        input=input,
        input_transformer=input_transformer,
    )


def with_detail(template: str) -> events.CfnRule.InputTransformerProperty:
    """Return the transformer that replaces ``<detail>`` by the event's detail."""
    return events.CfnRule.InputTransformerProperty(
        input_paths_map={"detail": "$.detail"}, input_template=template
    )


def allow_rules_from(stack_name: str, *, target: QueueConsumer) -> None:
    """Allow the rules of a stack that is deployed later to fill the consumer's queue.

    The policy names them by the beginning of their names: to name each rule would make the two stacks depend
    on each other.
    """
    stack = Stack.of(target)
    allow_rules(target, f"arn:{stack.partition}:events:{stack.region}:{stack.account}:rule/{stack_name}-*")


def allow_rules(target: QueueConsumer, rules: str) -> None:
    """Allow the rules whose ARNs match the pattern to send to the consumer's queue and its dead-letter
    queue.
    """
    for queue in (target.queue, target.dead_letters):
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={"ArnLike": {"aws:SourceArn": rules}},
            )
        )
