"""Plans reach the queue of fan_out."""

from __future__ import annotations

from tests.stacks.templates import Template, text


def test_plans_reach_the_fan_out_queue_as_they_were_published(control: Template) -> None:
    """The subscription delivers raw messages, and sets aside those that it could not deliver."""
    (plans,) = [one for one in control.properties("AWS::SNS::Subscription") if one["Protocol"] == "sqs"]
    assert text(plans["Endpoint"]).startswith("<FanOutQueue")
    assert text(plans["RedrivePolicy"]["deadLetterTargetArn"]).startswith("<FanOutDeadLetters")
    assert plans["RawMessageDelivery"] is True
