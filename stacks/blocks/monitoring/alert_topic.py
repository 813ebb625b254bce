"""The topic of the alerts, to which people subscribe, and the one of their telephones."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

_PHONES = "Phones"


def alert_topic(scope: Construct, construct_id: str) -> sns.Topic:
    """Return the topic that people subscribe to; alarms of this account may publish on it.

    Of equal alerts only the first goes to telephones, and every alarm does: so those have a topic of their
    own inside. A filter on one topic cannot say that: an alarm has no attributes, and where a message has
    none, no filter matches.

    They are not encrypted with the key that AWS manages: CloudWatch may not use that key, and its alarms
    would be lost silently.

    https://docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html and
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    """
    # The display name is what an SMS begins with.
    topic = sns.Topic(scope, construct_id, display_name="Sluice", enforce_ssl=True)
    for one in (topic, sns.Topic(topic, _PHONES, display_name="Sluice", enforce_ssl=True)):
        one.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[one.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
            )
        )
    return topic


def phones_of(alerts: sns.ITopic) -> sns.ITopic:
    """Return the topic of the telephones that belongs to a topic of alerts."""
    return topics_of(alerts)[1]


def topics_of(alerts: sns.ITopic) -> tuple[sns.ITopic, ...]:
    """Return a topic of alerts, and that of the telephones where it has one."""
    phones = alerts.node.try_find_child(_PHONES)
    return (alerts, phones) if isinstance(phones, sns.Topic) else (alerts,)


def subscribe_addresses(topic: sns.Topic, *, email: str | None, phone: str | None) -> None:
    """Subscribe the configured addresses; an e-mail address first gets a link to confirm."""
    if email:
        topic.add_subscription(subscriptions.EmailSubscription(email))
    if phone:
        phones_of(topic).add_subscription(subscriptions.SmsSubscription(phone))
