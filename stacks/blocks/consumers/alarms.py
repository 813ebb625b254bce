"""Alarms of a queue consumer: messages set aside, and messages that wait for too long.

A function that fails or is throttled needs none of its own: its messages wait, or are set aside after five
times. Each alarm costs, also while nothing runs: docs/cost.md.
"""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.blocks.monitoring.alarm import PERIOD, alarm

ALARMS = 2
"""How many alarms a consumer has, without that on its retries."""
RETRY_ALARMS = 1
"""How many more a consumer has whose messages start runs."""
_RETRIED_FOR = 12
"""Periods for which an alarm on retries stays raised: they come and go in cycles of half an hour."""
# A message whose outcome is unknown comes again after six minutes, and that is no problem yet; the fifth time
# it is set aside.
_OLD_SECONDS = 20 * 60


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


def alarm_on_retries(scope: Construct, *, stage: str, retries: sqs.IQueue, alerts: sns.ITopic) -> None:
    """Raise an alarm when a message has failed for half an hour: something is out, or ends the function."""
    alarm(
        scope,
        "RetriesAlarm",
        alerts,
        description=(
            f"Messages have failed in Sluice's {stage} for half an hour. Nothing is lost: every five minutes"
            " those that failed are sent again, until they are handled; only where no sweep can run for 14"
            " days are they dropped. Look at the function's log: a service of AWS is out, a permission is"
            " missing, or the function ends before it has handled them."
        ),
        metric=retries.metric_approximate_number_of_messages_visible(period=PERIOD, statistic="Maximum"),
        threshold=1,
        periods=_RETRIED_FOR,
    )


def alarm_on_age(
    scope: Construct, *, stage: str, queue: sqs.IQueue, alerts: sns.ITopic, is_only_one: bool = False
) -> None:
    """Raise an alarm when messages wait unhandled: the function is throttled, or keeps failing. The only one
    of a queue with retries tells of an outage once, however often its messages come back to the queue.
    """
    alarm(
        scope,
        "AgeAlarm",
        alerts,
        description=(
            f"A message has waited in Sluice's queue {stage} for more than {_OLD_SECONDS // 60} minutes."
            " Nothing is lost for 14 days. Look at the function's log and at the account's concurrency;"
            " `sluice doctor` looks at the latter."
        ),
        metric=queue.metric_approximate_age_of_oldest_message(period=PERIOD, statistic="Maximum"),
        threshold=_OLD_SECONDS,
        periods=_RETRIED_FOR if is_only_one else 1,
    )
