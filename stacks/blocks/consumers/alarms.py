"""Alarms of a queue consumer: messages set aside, messages that wait for too long, a failing or throttled
function.
"""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.blocks.monitoring.alarm import PERIOD, alarm

ALARMS = 4
"""How many alarms a consumer has."""
# A message whose outcome is unknown comes again after six minutes, and that is no problem yet; the fifth time
# it is set aside.
_OLD_SECONDS = 20 * 60
_FAILURES = 5


def alarm_on_dead_letters(
    scope: Construct, *, stage: str, dead_letters: sqs.IQueue, alerts: sns.ITopic
) -> None:
    """Raise an alarm when a message was set aside."""
    alarm(
        scope,
        "Alarm",
        alerts,
        description=(
            f"Sluice set aside messages that {stage} could not handle. Read them in the dead-letter queue"
            " (attribute 'reason'), correct the cause, then start a redrive to send them again. `sluice"
            " doctor` says how."
        ),
        metric=dead_letters.metric_approximate_number_of_messages_visible(
            period=Duration.minutes(1), statistic="Maximum"
        ),
        threshold=1,
    )


def alarm_on_age(scope: Construct, *, stage: str, queue: sqs.IQueue, alerts: sns.ITopic) -> None:
    """Raise an alarm when messages wait unhandled: the function is throttled, or keeps failing."""
    alarm(
        scope,
        "AgeAlarm",
        alerts,
        description=(
            f"A message has waited in Sluice's queue {stage} for more than {_OLD_SECONDS // 60} minutes."
            " Nothing is lost. Look at the function's log and at the account's concurrency; `sluice doctor`"
            " looks at the latter."
        ),
        metric=queue.metric_approximate_age_of_oldest_message(period=PERIOD, statistic="Maximum"),
        threshold=_OLD_SECONDS,
    )


def alarm_on_failures(
    scope: Construct, *, stage: str, function: lambda_.IFunction, alerts: sns.ITopic
) -> None:
    """Raise an alarm when a function itself fails or is throttled again and again; messages that it refuses
    one by one are no failure of it.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    for name, what, metric in (
        ("ErrorAlarm", "failed", function.metric_errors(period=PERIOD, statistic="Sum")),
        ("ThrottleAlarm", "was throttled", function.metric_throttles(period=PERIOD, statistic="Sum")),
    ):
        alarm(
            scope,
            name,
            alerts,
            description=(
                f"Sluice's function {stage} {what} at least {_FAILURES} times within 5 minutes. Its messages"
                " come again. Look at its log, and at the account's concurrency with `sluice doctor`."
            ),
            metric=metric,
            threshold=_FAILURES,
        )
