"""Schedules fill the trigger queue."""

from __future__ import annotations

from sluice.messages import Triggered
from sluice.pipeline.definition import Schedule
from sluice.triggers.trigger_event import ScheduledTime, parse_trigger
from tests.stacks.synthesis import deployed
from tests.stacks.templates import Template, many, text


def test_a_schedule_reaches_the_trigger_queue_as_the_message_that_is_read_there(pipelines: Template) -> None:
    """It carries the scheduled time, which is the same however late the schedule is delivered."""
    schedules = pipelines.properties("AWS::Scheduler::Schedule")
    assert schedules
    for schedule in schedules:
        target = schedule["Target"]
        message = Triggered.from_json(
            text(target["Input"]).replace("<aws.scheduler.scheduled-time>", "2030-01-31T09:00:00Z")
        )
        moment = parse_trigger(message)
        assert isinstance(moment, ScheduledTime)
        assert (moment.time, moment.expression) == ("2030-01-31T09:00:00Z", schedule["ScheduleExpression"])
        assert "TriggerQueue" in text(target["Arn"])
        assert "TriggerDeadLetters" in text(target["DeadLetterConfig"]["Arn"])


def test_a_schedule_has_the_time_zone_of_its_trigger(pipelines: Template) -> None:
    """The expression is read in that zone."""
    schedules = pipelines.properties("AWS::Scheduler::Schedule")
    zones = {
        one.timezone for pipeline in deployed() for one in pipeline.triggers if isinstance(one, Schedule)
    }
    assert {schedule["ScheduleExpressionTimezone"] for schedule in schedules} == zones


def test_schedules_may_only_send_messages(pipelines: Template) -> None:
    """Their role may fill the queue and its dead-letter queue, and do nothing else."""
    allowed = [one for role, one in pipelines.statements() if "ScheduleRole" in role]
    assert {action for one in allowed for action in many(one["Action"])} == {"sqs:SendMessage"}
