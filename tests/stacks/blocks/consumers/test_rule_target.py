"""Rules may fill the queues of the consumers, and lose no event."""

from __future__ import annotations

from tests.stacks.templates import Template, one_of, text


def test_what_cannot_be_delivered_is_set_aside(control: Template) -> None:
    """Every rule's target has a dead-letter queue, or one of retries."""
    targets = [target for rule in control.properties("AWS::Events::Rule") for target in rule["Targets"]]
    assert targets
    arns = [text(target["DeadLetterConfig"]["Arn"]) for target in targets]
    assert all("DeadLetters" in arn or "Retries" in arn for arn in arns)


def test_rules_of_the_pipelines_may_fill_the_trigger_queue(control: Template) -> None:
    """The queue allows rules of the pipelines stack by their names' beginning, and no other service or
    stack.
    """
    policy = one_of(control, "AWS::SQS::QueuePolicy", "TriggerQueuePolicy")
    allows = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
    assert [one["Principal"] for one in allows] == [{"Service": "events.amazonaws.com"}]
    assert text(allows[0]["Condition"]["ArnLike"]["aws:SourceArn"]).endswith(":rule/SluicePipelines-*")
