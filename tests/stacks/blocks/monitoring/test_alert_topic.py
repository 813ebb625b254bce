"""Which addresses subscribe to the alerts, and which services may publish them."""

from __future__ import annotations

from tests.stacks.templates import Template, one_of


def test_alerts_are_sent_by_mail_and_sms(control: Template) -> None:
    """Both configured addresses are subscribed, and alarms of this account may publish."""
    subscribed = {
        one["Protocol"]: one["Endpoint"]
        for one in control.properties("AWS::SNS::Subscription")
        if one["Protocol"] != "sqs"
    }
    assert subscribed == {"email": "somebody@example.com", "sms": "+4915112345678"}
    policy = one_of(control, "AWS::SNS::TopicPolicy", "AlertsPolicy")
    assert {"Service": "cloudwatch.amazonaws.com"} in [
        one["Principal"] for one in policy["PolicyDocument"]["Statement"]
    ]
