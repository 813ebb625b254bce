"""Schedules fill the trigger queue."""

from __future__ import annotations

from pathlib import Path

from sluice.messages import CatchUp, Triggered
from sluice.pipeline.definition import Schedule
from sluice.run.compiled import CompiledPipeline
from sluice.triggers.trigger_event import ScheduledTime, parse_trigger
from tests.stacks.deploys.features import templates_of
from tests.stacks.synthesis import deployed
from tests.stacks.templates import Template, many, text


def test_a_schedule_reaches_the_trigger_queue_as_the_message_that_is_read_there(pipelines: Template) -> None:
    """It carries the scheduled time, which is the same however late the schedule is delivered."""
    schedules = pipelines.properties("AWS::Scheduler::Schedule")
    assert schedules
    for schedule in schedules:
        target = schedule["Target"]
        assert "TriggerQueue" in text(target["Arn"])
        assert "TriggerRetries" in text(target["DeadLetterConfig"]["Arn"])
        message = Triggered.from_json(
            text(target["Input"]).replace("<aws.scheduler.scheduled-time>", "2030-01-31T09:00:00Z")
        )
        moment = parse_trigger(message)
        assert isinstance(moment, ScheduledTime)
        assert (moment.time, moment.expression) == ("2030-01-31T09:00:00Z", schedule["ScheduleExpression"])


def test_a_schedule_has_the_time_zone_of_its_trigger(pipelines: Template) -> None:
    """The expression is read in that zone."""
    schedules = pipelines.properties("AWS::Scheduler::Schedule")
    zones = {
        one.timezone for pipeline in deployed() for one in pipeline.triggers if isinstance(one, Schedule)
    }
    assert {schedule["ScheduleExpressionTimezone"] for schedule in schedules} == zones


def test_missed_times_are_asked_for_at_once_and_then_each_hour(tmp_path: Path) -> None:
    """By a message that says where the compiled pipeline is, under the role of the schedules; there is no
    such schedule for a pipeline that does not catch up.
    """
    found = templates_of(tmp_path / "with", tmp_path / "out", "schedule that catches up")["Pipelines"]
    own, asking = sorted(
        found.properties("AWS::Scheduler::Schedule"),
        key=lambda one: "catch_up" in text(one["Target"]["Input"]),
    )
    message = CatchUp.from_json(text(asking["Target"]["Input"]))
    assert message.catch_up == "one"
    assert message.definition == Triggered.from_json(text(own["Target"]["Input"])).definition
    assert asking["ScheduleExpression"] == "rate(1 hour)"
    assert "StartDate" not in asking
    assert [asking["Target"][name] for name in ("Arn", "RoleArn")] == [
        own["Target"][name] for name in ("Arn", "RoleArn")
    ]
    (definition,) = (tmp_path / "out" / "definitions").glob("one.json")
    (schedule,) = CompiledPipeline.from_json(definition.read_text()).catch_up
    assert schedule.start == "2026-01-01"


def test_schedules_may_only_send_messages(pipelines: Template) -> None:
    """Their role may fill the queue and its dead-letter queue, and do nothing else."""
    allowed = [one for role, one in pipelines.statements() if "ScheduleRole" in role]
    assert {action for one in allowed for action in many(one["Action"])} == {"sqs:SendMessage"}
