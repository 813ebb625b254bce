"""Alarms of a reaction: messages set aside, messages that wait for too long, a function that fails or is
throttled; and of a webhook.

Four a reaction, one or two a webhook, each $0.10 a month: https://aws.amazon.com/cloudwatch/pricing/
"""

from __future__ import annotations

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

ALARMS = 4
_PERIOD = Duration.minutes(5)
# A message whose outcome is unknown comes again after six minutes, and that is no trouble yet; the fifth time
# it is set aside.
_OLD_SECONDS = 20 * 60
_FAILURES = 5


def alarm_on_dead_letters(
    scope: Construct, *, stage: str, dead_letters: sqs.IQueue, alerts: sns.ITopic
) -> cloudwatch.Alarm:
    """Tell when a message was set aside."""
    return _alarm(
        scope,
        "Alarm",
        alerts,
        alarm_description=(
            f"Sluice set aside messages that {stage} could not handle. Read them in the dead-letter queue"
            " (attribute 'reason'), correct the cause, then start a redrive to send them again. `sluice"
            " doctor` says how."
        ),
        metric=dead_letters.metric_approximate_number_of_messages_visible(
            period=Duration.minutes(1), statistic="Maximum"
        ),
        threshold=1,
    )


def alarm_on_age(scope: Construct, *, stage: str, queue: sqs.IQueue, alerts: sns.ITopic) -> cloudwatch.Alarm:
    """Tell when messages wait and nobody handles them: the function is throttled, or keeps failing."""
    return _alarm(
        scope,
        "AgeAlarm",
        alerts,
        alarm_description=(
            f"A message has waited in Sluice's queue {stage} for more than {_OLD_SECONDS // 60} minutes."
            " Nothing is lost. Look at the function's log and at the account's concurrency; `sluice doctor`"
            " looks at the latter."
        ),
        metric=queue.metric_approximate_age_of_oldest_message(period=_PERIOD, statistic="Maximum"),
        threshold=_OLD_SECONDS,
    )


def alarm_on_failures(
    scope: Construct, *, stage: str, function: lambda_.IFunction, alerts: sns.ITopic
) -> None:
    """Tell when a function itself fails or is throttled again and again; what it refuses of single messages
    is no failure of it.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    for name, what, metric in (
        ("ErrorAlarm", "failed", function.metric_errors(period=_PERIOD, statistic="Sum")),
        ("ThrottleAlarm", "was throttled", function.metric_throttles(period=_PERIOD, statistic="Sum")),
    ):
        _alarm(
            scope,
            name,
            alerts,
            alarm_description=(
                f"Sluice's function {stage} {what} at least {_FAILURES} times within 5 minutes. Its messages"
                " come again. Look at its log, and at the account's concurrency with `sluice doctor`."
            ),
            metric=metric,
            threshold=_FAILURES,
        )


def alarm_on_unanswered(
    scope: Construct, *, pipeline: str, function: lambda_.IFunction, alerts: sns.ITopic
) -> None:
    """Tell when a webhook could not take a request that may have been a good one: its sender may not send it
    again.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html
    """
    _alarm(
        scope,
        "Alarm",
        alerts,
        alarm_description=(
            f"The webhook of {pipeline} answered with 5xx: it could not read its secret, note a delivery or"
            " fill the trigger queue. Its log says which; docs/webhooks.md says what senders do."
        ),
        metric=function.metric("Url5xxCount", period=_PERIOD, statistic="Sum"),
        threshold=1,
    )


def alarm_on_rotation(
    scope: Construct, *, pipeline: str, function: lambda_.IFunction, alerts: sns.ITopic
) -> None:
    """Tell when a secret could not be changed: the old one stays, which nobody would notice."""
    _alarm(
        scope,
        "Alarm",
        alerts,
        alarm_description=(
            f"The secret of the webhook of {pipeline} was not rotated and stays as it was. The function's log"
            " says why."
        ),
        metric=function.metric_errors(period=_PERIOD, statistic="Sum"),
        threshold=1,
    )


def _alarm(scope: Construct, construct_id: str, alerts: sns.ITopic, **properties: Any) -> cloudwatch.Alarm:
    alarm = cloudwatch.Alarm(
        scope,
        construct_id,
        evaluation_periods=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        **properties,
    )
    alarm.add_alarm_action(actions.SnsAction(alerts))
    return alarm
