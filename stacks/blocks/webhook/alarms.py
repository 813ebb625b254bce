"""Alarms of a webhook: requests that it could not take, and a secret that was not rotated."""

from __future__ import annotations

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.blocks.monitoring.alarm import PERIOD, alarm


def alarm_on_unanswered(
    scope: Construct, *, pipeline: str, function: lambda_.IFunction, alerts: sns.ITopic
) -> None:
    """Raise an alarm when a webhook could not take a request that may have been valid: its sender may not
    send it again.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html
    """
    alarm(
        scope,
        "Alarm",
        alerts,
        description=(
            f"The webhook of {pipeline} answered with 5xx: it could not read its secret, note a delivery or"
            " fill the trigger queue. Its log says which; docs/webhooks.md says what senders do."
        ),
        metric=function.metric("Url5xxCount", period=PERIOD, statistic="Sum"),
        threshold=1,
    )


def alarm_on_rotation(
    scope: Construct, *, pipeline: str, function: lambda_.IFunction, alerts: sns.ITopic
) -> None:
    """Raise an alarm when a secret could not be rotated: the old one stays valid, and no request fails."""
    alarm(
        scope,
        "Alarm",
        alerts,
        description=(
            f"The secret of the webhook of {pipeline} was not rotated and stays as it was. The function's log"
            " says why."
        ),
        metric=function.metric_errors(period=PERIOD, statistic="Sum"),
        threshold=1,
    )
