"""The two topics: plans (from plan jobs to fan_out) and alerts (to people)."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct


def plan_topic(scope: Construct, construct_id: str) -> sns.Topic:
    """Return the topic on which a plan job says that its manifest is written."""
    return sns.Topic(scope, construct_id, enforce_ssl=True)


def alert_topic(scope: Construct, construct_id: str) -> sns.Topic:
    """Return the topic that people subscribe to; alarms of this account may publish on it.

    Not encrypted with the key that AWS manages: CloudWatch may not use that one, and its alarms would be lost
    silently. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
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


def tell_by_mail_and_sms(topic: sns.Topic, *, email: str | None, phone: str | None) -> None:
    """Subscribe the addresses that are configured; an e-mail address gets a link to confirm first."""
    if email:
        topic.add_subscription(subscriptions.EmailSubscription(email))
    if phone:
        topic.add_subscription(subscriptions.SmsSubscription(phone))
