"""The dashboard: runs by state, how long they took, items, waiting times in the queues, and the failures of
the Lambdas.

Of 50 metrics at most: an account's first three dashboards of that size are free, each further one costs $3.00
a month. https://aws.amazon.com/cloudwatch/pricing/
"""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.blocks.consumers.queue_consumer import QueueConsumer

_NAMESPACE = "Sluice"
_WIDTH = 8
_PERIOD = Duration.minutes(5)
# Which Lambdas may record a run's end: those that advance runs.
_ADVANCING = ("trigger", "fan_out", "track")


def dashboard(
    scope: Construct, construct_id: str, *, consumers: Mapping[str, QueueConsumer]
) -> cloudwatch.Dashboard:
    """Return the dashboard over the metrics that the consumers emit, by stage."""
    of = _Metrics(consumers)
    board = cloudwatch.Dashboard(scope, construct_id, default_interval=Duration.days(1))
    board.add_widgets(
        _graph(
            "Runs",
            [
                of.sum("RunsStarted", "trigger"),
                of.total("RunsSucceeded", *_ADVANCING),
                of.total("RunsFailed", *_ADVANCING),
            ],
        ),
        _graph(
            "Seconds of a run",
            [of.one("RunSeconds", "track", statistic) for statistic in ("Average", "p95", "Maximum")],
        ),
        _graph("Jobs, arrays as one", [of.sum("JobsSucceeded", "track"), of.sum("JobsFailed", "track")]),
    )
    board.add_widgets(
        _graph("Items found", [of.sum("ItemsFound", "fan_out")]),
        _graph(
            "Seconds in the queue, of jobs that wait for no other",
            [of.one("QueueWaitSeconds", "track", s) for s in ("Average", "Maximum")],
        ),
        _graph("People told", [of.sum("AlertsSent", "alert")]),
    )
    board.add_widgets(
        _graph(
            "Messages set aside, and still there",
            [_dead_letters(one, stage) for stage, one in consumers.items()],
        ),
        _graph(
            "Seconds that the oldest message has waited",
            [_age(one, stage) for stage, one in consumers.items()],
        ),
        _graph(
            "Failures and throttles of the functions",
            [metric for stage, one in consumers.items() for metric in _failures(one, stage)],
        ),
    )
    return board


class _Metrics:
    """The metrics of the namespace Sluice, whose dimension is the function that wrote them
    (lambdas/consuming.py).
    """

    def __init__(self, consumers: Mapping[str, QueueConsumer]) -> None:
        self._functions = {stage: consumer.function.function_name for stage, consumer in consumers.items()}

    def one(self, name: str, stage: str, statistic: str) -> cloudwatch.Metric:
        dimensions = {"service": self._functions[stage]}
        label = statistic if statistic != "Sum" else name
        return cloudwatch.Metric(
            namespace=_NAMESPACE,
            metric_name=name,
            dimensions_map=dimensions,
            statistic=statistic,
            period=_PERIOD,
            label=label,
        )

    def sum(self, name: str, stage: str) -> cloudwatch.Metric:
        return self.one(name, stage, "Sum")

    def total(self, name: str, *stages: str) -> cloudwatch.MathExpression:
        parts: dict[str, cloudwatch.IMetric] = {
            f"{name[0].lower()}{name[1:]}{number}": self.sum(name, one) for number, one in enumerate(stages)
        }
        filled = " + ".join(f"FILL({part}, 0)" for part in parts)
        return cloudwatch.MathExpression(expression=filled, using_metrics=parts, label=name, period=_PERIOD)


def _graph(title: str, metrics: list[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title, left=metrics, width=_WIDTH, left_y_axis=cloudwatch.YAxisProps(min=0)
    )


def _dead_letters(consumer: QueueConsumer, stage: str) -> cloudwatch.Metric:
    return consumer.dead_letters.metric_approximate_number_of_messages_visible(
        statistic="Maximum", label=stage
    )


def _age(consumer: QueueConsumer, stage: str) -> cloudwatch.Metric:
    return consumer.queue.metric_approximate_age_of_oldest_message(statistic="Maximum", label=stage)


def _failures(consumer: QueueConsumer, stage: str) -> list[cloudwatch.Metric]:
    return [
        consumer.function.metric_errors(label=f"{stage} errors"),
        consumer.function.metric_throttles(label=f"{stage} throttles"),
    ]
