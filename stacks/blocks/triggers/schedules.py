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
from stacks.blocks.triggers.trigger_message import catch_up, triggered

# The scheduled time, which is the same when a schedule is delivered twice or late:
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
_SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
CATCH_UP_RATE = "rate(1 hour)"
_NO_WINDOW = scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF")


def start_on_schedules(
    scope: Construct, *, pipeline: Pipeline, definition: Definition, target: QueueConsumer
) -> None:
    """Add a schedule for each Schedule trigger, all under one role that may send to the target's queue; and
    one that asks for missed times, where a trigger says so.
    """
    schedules = [trigger for trigger in pipeline.triggers if isinstance(trigger, Schedule)]
    if not schedules:
        return
    role = _role(scope, target)
    for number, schedule in enumerate(schedules):
        scheduler.CfnSchedule(
            scope,
            f"Schedule{number}",
            description=f"Sluice: {schedule.expression} starts {pipeline.name}",
            schedule_expression=schedule.expression,
            schedule_expression_timezone=schedule.timezone,
            flexible_time_window=_NO_WINDOW,
            target=_target(
                target,
                role,
                triggered(pipeline.name, schedule_name(schedule), definition, _detail(schedule)),
            ),
        )
    if any(schedule.catch_up for schedule in schedules):
        # The first time is at once: a rate without a start date counts from then.
        # https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#rate-based
        scheduler.CfnSchedule(
            scope,
            "CatchUp",
            description=f"Sluice: the missed times of {pipeline.name} get their runs",
            schedule_expression=CATCH_UP_RATE,
            flexible_time_window=_NO_WINDOW,
            target=_target(target, role, catch_up(pipeline.name, definition)),
        )


def _target(target: QueueConsumer, role: iam.Role, message: str) -> scheduler.CfnSchedule.TargetProperty:
    return scheduler.CfnSchedule.TargetProperty(
        arn=target.queue.queue_arn,
        role_arn=role.role_arn,
        input=message,
        dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=target.undelivered.queue_arn),
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
    queues = [target.queue.queue_arn, target.undelivered.queue_arn]
    role.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=queues))
    return role
