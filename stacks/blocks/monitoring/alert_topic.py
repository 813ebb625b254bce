"""The topic of the alerts, to which people subscribe."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct


def alert_topic(scope: Construct, construct_id: str) -> sns.Topic:
    """Return the topic that people subscribe to; alarms of this account may publish on it.

    It is not encrypted with the key that AWS manages: CloudWatch may not use that key, and its alarms would
    be lost silently.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    """
    # The display name is what an SMS begins with.
    topic = sns.Topic(scope, construct_id, display_name="Sluice", enforce_ssl=True)
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid="AlarmsOfThisAccount",
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
        )
    )
    return topic


def subscribe_addresses(topic: sns.Topic, *, email: str | None, phone: str | None) -> None:
    """Subscribe the configured addresses; an e-mail address first gets a link to confirm."""
    if email:
        topic.add_subscription(subscriptions.EmailSubscription(email))
    if phone:
        topic.add_subscription(subscriptions.SmsSubscription(phone))
