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
    for name in ("AlertsPolicy", "AlertsPhonesPolicy"):
        policy = one_of(control, "AWS::SNS::TopicPolicy", name)
        assert {"Service": "cloudwatch.amazonaws.com"} in [
            one["Principal"] for one in policy["PolicyDocument"]["Statement"]
        ]


def test_telephones_have_a_topic_of_their_own(control: Template) -> None:
    """Of equal alerts only the first is published there."""
    topics = {
        one["Protocol"]: one["TopicArn"]["Ref"]
        for one in control.properties("AWS::SNS::Subscription")
        if one["Protocol"] != "sqs"
    }
    assert topics["sms"].startswith("AlertsPhones")
    assert topics["email"] != topics["sms"]
