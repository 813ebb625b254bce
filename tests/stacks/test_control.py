"""What must hold for the queues, the Lambdas, the topics and the rules."""

import json
import re
from typing import Any

import pytest
from aws_cdk import App

import app as entry
from stacks.blocks.consumers.queue_consumer import TIMEOUT
from tests.stacks.conftest import context
from tests.stacks.templates import Template, many, text

STAGES = {"Trigger": "trigger", "FanOut": "fan_out", "Track": "track", "Alert": "alert"}


def one_of(template: Template, kind: str, beginning: str) -> dict[str, Any]:
    """Return the properties of the one resource of a type whose logical id begins so."""
    (found,) = [
        one["Properties"] for name, one in template.of_type(kind).items() if name.startswith(beginning)
    ]
    return dict(found)


def allowed(template: Template, stage: str) -> set[str]:
    """Return the actions that a Lambda's role may take."""
    return {
        action
        for role, one in template.statements()
        if role.startswith(f"{stage}Role")
        for action in many(one["Action"])
    }


@pytest.mark.parametrize("stage", STAGES)
def test_a_lambda_reads_a_queue_with_a_dead_letter_queue(control: Template, stage: str) -> None:
    """A message is tried five times, each time for six times the function's time-out, and then set aside for
    a fortnight.
    """
    queue = one_of(control, "AWS::SQS::Queue", f"{stage}Queue")
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    assert text(queue["RedrivePolicy"]["deadLetterTargetArn"]).startswith(f"<{stage}DeadLetters")
    assert queue["VisibilityTimeout"] == 6 * TIMEOUT.to_seconds()
    mapping = one_of(control, "AWS::Lambda::EventSourceMapping", f"{stage}Function")
    assert text(mapping["EventSourceArn"]).startswith(f"<{stage}Queue")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"]["MaximumConcurrency"] >= 2


@pytest.mark.parametrize("stage", STAGES)
def test_a_message_that_is_set_aside_raises_an_alarm(control: Template, stage: str) -> None:
    """One message in the dead-letter queue is told to the alert topic within a minute."""
    alarm = one_of(control, "AWS::CloudWatch::Alarm", f"{stage}Alarm")
    assert [text(one["Value"]) for one in alarm["Dimensions"]] == [
        next(
            f"<{name}.QueueName>"
            for name in control.of_type("AWS::SQS::Queue")
            if name.startswith(f"{stage}DeadLetters")
        )
    ]
    assert (alarm["Threshold"], alarm["EvaluationPeriods"], alarm["Period"]) == (1, 1, 60)
    assert [text(one)[:7] for one in alarm["AlarmActions"]] == ["<Alerts"]


def test_queues_are_encrypted_and_refuse_plain_http(control: Template) -> None:
    """All eight queues encrypt what they hold, and deny what comes without TLS."""
    queues = control.properties("AWS::SQS::Queue")
    assert [one["SqsManagedSseEnabled"] for one in queues] == [True] * 8
    policies = [json.dumps(one["PolicyDocument"]) for one in control.properties("AWS::SQS::QueuePolicy")]
    assert len(policies) == 8
    assert all("aws:SecureTransport" in one for one in policies)


@pytest.mark.parametrize(("stage", "folder"), STAGES.items())
def test_a_lambda_runs_its_own_folder(control: Template, stage: str, folder: str) -> None:
    """Python on Arm, the folder's handler, and Powertools told whose lines they are."""
    function = one_of(control, "AWS::Lambda::Function", f"{stage}Function")
    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
    assert function["Handler"] == f"lambdas.{folder}.handler.handler"
    assert function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == folder
    assert "TracingConfig" not in function
    assert 256 <= function["MemorySize"] <= 512


def test_each_lambda_has_a_role_and_a_log_group_of_its_own(control: Template) -> None:
    """No two functions share what they may do, or where they write; logs expire."""
    functions = control.properties("AWS::Lambda::Function")
    assert len({text(one["Role"]) for one in functions}) == len(functions) == 4
    assert len({text(one["LoggingConfig"]["LogGroup"]) for one in functions}) == 4
    assert [one["RetentionInDays"] for one in control.properties("AWS::Logs::LogGroup")] == [30] * 4


def test_only_those_who_advance_runs_submit_jobs(control: Template) -> None:
    """Trigger, fan_out and track submit; alert does not, and only it may tell people."""
    submitting = {stage for stage in STAGES if "batch:SubmitJob" in allowed(control, stage)}
    assert submitting == {"Trigger", "FanOut", "Track"}
    assert {stage for stage in STAGES if "sns:Publish" in allowed(control, stage)} == {"Alert"}


def test_nobody_reads_the_whole_ledger_or_deletes_objects(control: Template) -> None:
    """Scans and deletes of objects are nobody's business here."""
    actions = set.union(*(allowed(control, stage) for stage in STAGES))
    assert (
        not {"dynamodb:Scan", "s3:DeleteObject", "s3:PutObject", "batch:TerminateJob", "iam:PassRole"}
        & actions
    )


def test_only_ends_of_whole_jobs_reach_the_track_queue(control: Template) -> None:
    """The rule passes SUCCEEDED and FAILED of jobs on our queues, and no array child."""
    rule = control.of_type("AWS::Events::Rule")["EndedJobs"]["Properties"]
    detail = rule["EventPattern"]["detail"]
    assert rule["EventPattern"]["source"] == ["aws.batch"]
    assert rule["EventPattern"]["detail-type"] == ["Batch Job State Change"]
    assert sorted(detail["status"]) == ["FAILED", "SUCCEEDED"]
    assert detail["arrayProperties"] == {"index": [{"exists": False}]}
    assert [text(one["prefix"]).rsplit(":", 1)[1] for one in detail["jobQueue"]] == ["job-queue/Sluice_"]
    assert len(json.dumps(rule["EventPattern"])) < 2048
    assert [text(one["Arn"])[:11] for one in rule["Targets"]] == ["<TrackQueue"]


def test_a_sweep_is_asked_for_every_five_minutes(control: Template) -> None:
    """The message is the one that the track Lambda reads."""
    rule = control.of_type("AWS::Events::Rule")["Sweep"]["Properties"]
    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    assert [json.loads(one["Input"]) for one in rule["Targets"]] == [{"sweep": True, "version": 1}]


def test_what_cannot_be_delivered_is_set_aside(control: Template) -> None:
    """Every rule's target, and the plan queue's subscription, has a dead-letter queue."""
    targets = [target for rule in control.properties("AWS::Events::Rule") for target in rule["Targets"]]
    assert targets
    assert all("DeadLetters" in text(target["DeadLetterConfig"]["Arn"]) for target in targets)
    (plans,) = [one for one in control.properties("AWS::SNS::Subscription") if one["Protocol"] == "sqs"]
    assert text(plans["RedrivePolicy"]["deadLetterTargetArn"]).startswith("<FanOutDeadLetters")
    assert plans["RawMessageDelivery"] is True


def test_rules_of_the_pipelines_may_fill_the_trigger_queue(control: Template) -> None:
    """The queue allows rules of the pipelines stack by their names' beginning, and no other service or
    stack.
    """
    policy = one_of(control, "AWS::SQS::QueuePolicy", "TriggerQueuePolicy")
    allows = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
    assert [one["Principal"] for one in allows] == [{"Service": "events.amazonaws.com"}]
    assert text(allows[0]["Condition"]["ArnLike"]["aws:SourceArn"]).endswith(":rule/SluicePipelines-*")


def test_people_are_told_by_mail_and_sms(control: Template) -> None:
    """Both configured addresses are subscribed, and alarms of this account may publish."""
    told = {
        one["Protocol"]: one["Endpoint"]
        for one in control.properties("AWS::SNS::Subscription")
        if one["Protocol"] != "sqs"
    }
    assert told == {"email": "somebody@example.com", "sms": "+4915112345678"}
    policy = one_of(control, "AWS::SNS::TopicPolicy", "AlertsPolicy")
    assert {"Service": "cloudwatch.amazonaws.com"} in [
        one["Principal"] for one in policy["PolicyDocument"]["Statement"]
    ]


def test_blocked_queues_of_ours_fill_the_alert_queue(control: Template) -> None:
    """And no others."""
    rule = control.of_type("AWS::Events::Rule")["BlockedQueues"]["Properties"]
    assert (rule["EventPattern"]["source"], rule["EventPattern"]["detail-type"]) == (
        ["aws.batch"],
        ["Batch Job Queue Blocked"],
    )
    assert [text(one["prefix"]).rsplit(":", 1)[1] for one in rule["EventPattern"]["detail"]["jobQueue"]] == [
        "job-queue/Sluice_"
    ]
    assert [text(one["Arn"])[:11] for one in rule["Targets"]] == ["<AlertQueue"]


def test_each_reaction_has_four_alarms_that_tell_people(control: Template) -> None:
    """Messages set aside, messages that wait, errors and throttles."""
    alarms = control.properties("AWS::CloudWatch::Alarm")
    metrics = sorted(alarm["MetricName"] for alarm in alarms)
    kinds = ["ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible", "Errors", "Throttles"]
    assert metrics == [kind for kind in kinds for _ in range(4)]
    assert {text(action) for alarm in alarms for action in alarm["AlarmActions"]} == {
        "<" + next(iter(control.of_type("AWS::SNS::Topic"))) + ">"
    }
    assert all(alarm["TreatMissingData"] == "notBreaching" for alarm in alarms)


def test_only_the_alert_function_may_send_events_and_only_of_ours(control: Template) -> None:
    """By source and kind, on the default bus."""
    may = [(role, one) for role, one in control.statements() if "events:PutEvents" in many(one["Action"])]
    [(role, statement)] = may
    assert role.startswith("AlertRole")
    assert statement["Condition"] == {
        "StringEquals": {"events:source": "sluice", "events:detail-type": ["Run State Change", "Run Late"]},
    }
    assert text(statement["Resource"]).endswith(":event-bus/default")


def test_the_dashboard_has_no_more_metrics_than_a_free_one(control: Template) -> None:
    """50, and every reaction's queue and function is on it."""
    [board] = control.properties("AWS::CloudWatch::Dashboard")
    body = text(board["DashboardBody"])
    widgets = json.loads(re.sub(r"<[^<>]*>", "x", body))["widgets"]
    metrics = [metric for widget in widgets for metric in widget["properties"]["metrics"] if len(metric) > 1]
    assert 30 <= len(metrics) <= 50
    assert {metric[1] for metric in metrics if metric[0] == "Sluice"} == {
        *("RunsStarted", "RunsSucceeded", "RunsFailed", "RunSeconds", "JobsSucceeded", "JobsFailed"),
        *("ItemsFound", "QueueWaitSeconds", "AlertsSent"),
    }


def test_the_dashboard_can_be_left_out() -> None:
    """It costs money beyond an account's first three."""
    app = App(context=context())
    entry.compose(app, root=entry.ROOT, environment={"SLUICE_DASHBOARD": "false"})
    (stack,) = [child for child in app.node.children if child.node.id == "SluiceControl"]
    assert stack.node.try_find_child("Dashboard") is None
