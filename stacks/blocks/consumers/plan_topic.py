"""The topic of the plans: plan jobs publish on it, and it fills the queue of fan_out."""

from __future__ import annotations

from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.blocks.consumers.queue_consumer import QueueConsumer


def plan_topic(scope: Construct, construct_id: str) -> sns.Topic:
    """Return the topic on which a plan job publishes that its manifest is written."""
    return sns.Topic(scope, construct_id, enforce_ssl=True)


def subscribe_to_plans(topic: sns.Topic, *, target: QueueConsumer) -> None:
    """Send what plan jobs publish to the consumer's queue, unchanged."""
    topic.add_subscription(
        subscriptions.SqsSubscription(
            target.queue, raw_message_delivery=True, dead_letter_queue=target.dead_letters
        )
    )
