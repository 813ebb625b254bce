"""The schedules that start a pipeline at set times."""

from __future__ import annotations

import json

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from sluice.pipeline.definition import Pipeline, Schedule
from sluice.pipeline.trigger_names import schedule_name
from stacks.blocks.consumers.queue_consumer import QueueConsumer
from stacks.blocks.triggers.definition import Definition
from stacks.blocks.triggers.trigger_message import triggered

# The scheduled time, which is the same when a schedule is delivered twice or late:
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
_SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"


def start_on_schedules(
    scope: Construct, *, pipeline: Pipeline, definition: Definition, target: QueueConsumer
) -> None:
    """Add a schedule for each Schedule trigger, all under one role that may send to the target's queue."""
    schedules = [trigger for trigger in pipeline.triggers if isinstance(trigger, Schedule)]
    role = _role(scope, target) if schedules else None
    for number, schedule in enumerate(schedules):
        assert role is not None, "it exists when there is a schedule"  # noqa: S101
        scheduler.CfnSchedule(
            scope,
            f"Schedule{number}",
            description=f"Sluice: {schedule.expression} starts {pipeline.name}",
            schedule_expression=schedule.expression,
            schedule_expression_timezone=schedule.timezone,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=target.queue.queue_arn,
                role_arn=role.role_arn,
                input=triggered(pipeline.name, schedule_name(schedule), definition, _detail(schedule)),
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(
                    arn=target.dead_letters.queue_arn
                ),
            ),
        )


def _detail(schedule: Schedule) -> str:
    return json.dumps({"time": _SCHEDULED_TIME, "expression": schedule.expression, "input": schedule.input})


def _role(scope: Construct, target: QueueConsumer) -> iam.Role:
    """Return a role for schedules of this account:
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    """
    conditions = {"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}}
    role = iam.Role(
        scope,
        "ScheduleRole",
        assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com", conditions=conditions),
    )
    queues = [target.queue.queue_arn, target.dead_letters.queue_arn]
    role.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=queues))
    return role
