"""What must hold for every queue and the Lambda that reads it."""

from __future__ import annotations

import json

import pytest

from stacks.blocks.consumers.queue_consumer import TIMEOUT
from tests.stacks.templates import STAGES, Template, many, one_of, text


@pytest.mark.parametrize("stage", STAGES)
def test_a_lambda_reads_a_queue_with_a_dead_letter_queue(control: Template, stage: str) -> None:
    """A message is tried five times, each time for six times the function's time-out, and then handed on for
    a fortnight: set aside, or, where it starts a run or says so to somebody, kept for the sweep.
    """
    queue = one_of(control, "AWS::SQS::Queue", f"{stage}Queue")
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    handed_to = "Retries" if stage in ("Trigger", "Alert") else "DeadLetters"
    assert text(queue["RedrivePolicy"]["deadLetterTargetArn"]).startswith(f"<{stage}{handed_to}")
    assert queue["VisibilityTimeout"] == 6 * TIMEOUT.to_seconds()
    mapping = one_of(control, "AWS::Lambda::EventSourceMapping", f"{stage}Function")
    assert text(mapping["EventSourceArn"]).startswith(f"<{stage}Queue")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"]["MaximumConcurrency"] >= 2


def test_queues_are_encrypted_and_refuse_plain_http(control: Template) -> None:
    """All ten queues encrypt what they hold, and deny what comes without TLS."""
    queues = control.properties("AWS::SQS::Queue")
    assert [one["SqsManagedSseEnabled"] for one in queues] == [True] * 10
    policies = [json.dumps(one["PolicyDocument"]) for one in control.properties("AWS::SQS::QueuePolicy")]
    assert len(policies) == 10
    assert all("aws:SecureTransport" in one for one in policies)


@pytest.mark.parametrize("consumer", ["Trigger", "Alert", "GroupingGroup"])
def test_what_nothing_finds_again_is_tried_until_it_is_handled(
    control: Template, pipelines: Template, consumer: str
) -> None:
    """Its queue of retries hands nothing on that a sweep can move, and its alarm rings once for an outage."""
    stack = pipelines if consumer == "GroupingGroup" else control
    retries = one_of(stack, "AWS::SQS::Queue", f"{consumer}Retries")
    assert retries["RedrivePolicy"]["maxReceiveCount"] == 1_000
    assert text(retries["RedrivePolicy"]["deadLetterTargetArn"]).startswith(f"<{consumer}DeadLetters")
    assert retries["MessageRetentionPeriod"] == 14 * 86_400
    raised, at = ("AgeAlarm", 20 * 60) if consumer == "Alert" else ("RetriesAlarm", 1)
    alarm = one_of(stack, "AWS::CloudWatch::Alarm", f"{consumer}{raised}")
    assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"], alarm["Threshold"]) == (12, 1, at)
    assert "Nothing is lost" in text(alarm["AlarmDescription"])


@pytest.mark.parametrize(
    ("reader", "queues"),
    [("TrackRole", ["AlertRetries", "TriggerRetries"]), ("GroupingGroupRole", ["GroupingGroupRetries"])],
)
def test_the_sweep_may_move_what_waits_to_be_tried_again(
    control: Template, pipelines: Template, reader: str, queues: list[str]
) -> None:
    """That of track what starts runs and what is sent to people, that of group its own, and no other."""
    stack = control if reader == "TrackRole" else pipelines
    found = [one for one in stack.statements_of(reader) if set(many(one["Action"])) == MOVE]
    moved = sorted(text(resource) for one in found for resource in many(one["Resource"]))
    assert len(moved) == len(queues)
    assert all(one.startswith(f"<{queue}") for one, queue in zip(moved, queues, strict=True))


MOVE = {"sqs:ReceiveMessage", "sqs:DeleteMessage"}
