"""What must hold for every queue and the Lambda that reads it."""

from __future__ import annotations

import json

import pytest

from stacks.blocks.consumers.queue_consumer import TIMEOUT
from tests.stacks.templates import STAGES, Template, one_of, text


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


def test_queues_are_encrypted_and_refuse_plain_http(control: Template) -> None:
    """All eight queues encrypt what they hold, and deny what comes without TLS."""
    queues = control.properties("AWS::SQS::Queue")
    assert [one["SqsManagedSseEnabled"] for one in queues] == [True] * 8
    policies = [json.dumps(one["PolicyDocument"]) for one in control.properties("AWS::SQS::QueuePolicy")]
    assert len(policies) == 8
    assert all("aws:SecureTransport" in one for one in policies)
