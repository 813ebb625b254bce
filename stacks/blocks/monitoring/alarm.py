"""An alarm that publishes on the topic of the alerts, and on that of the telephones.

Each alarm costs $0.10 a month: https://aws.amazon.com/cloudwatch/pricing/
"""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.blocks.monitoring.alert_topic import topics_of

PERIOD = Duration.minutes(5)
"""What the metrics of the alarms are summed over."""


def alarm(
    scope: Construct,
    construct_id: str,
    alerts: sns.ITopic,
    *,
    description: str,
    metric: cloudwatch.IMetric,
    threshold: int,
    periods: int = 1,
) -> cloudwatch.Alarm:
    """Return an alarm that is raised when one value of the metric reaches the threshold, and that stays so
    until none of the last ``periods`` does.
    """
    made = cloudwatch.Alarm(
        scope,
        construct_id,
        evaluation_periods=periods,
        datapoints_to_alarm=None if periods == 1 else 1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        alarm_description=description,
        metric=metric,
        threshold=threshold,
    )
    made.add_alarm_action(*map(actions.SnsAction, topics_of(alerts)))
    return made
