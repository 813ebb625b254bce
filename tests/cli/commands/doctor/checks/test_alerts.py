"""Subscriptions, dead letters, and the readers of the queues."""

from __future__ import annotations

from typing import Any

import pytest

from cli.commands.doctor.account import Check
from cli.commands.doctor.checks import alerts
from cli.commands.doctor.finding import Level
from tests.cli.commands.doctor.fake_account import (
    GATHERING,
    RESOURCES,
    Answers,
    assert_problem,
    findings_of,
)

PROBLEMS: dict[str, tuple[Check, Answers, Level, str]] = {
    "no subscription": (
        alerts.subscriptions,
        {"ListSubscriptionsByTopic": {"Subscriptions": []}},
        Level.WARNING,
        "Nothing is subscribed",
    ),
    "an unconfirmed address": (
        alerts.subscriptions,
        {
            "ListSubscriptionsByTopic": {
                "Subscriptions": [
                    {"Protocol": "email", "Endpoint": "a@b.org", "SubscriptionArn": "PendingConfirmation"}
                ]
            }
        },
        Level.WARNING,
        "a@b.org is not confirmed",
    ),
    "messages set aside": (
        alerts.dead_letters,
        {"GetQueueAttributes": {"Attributes": {"ApproximateNumberOfMessages": "3"}}},
        Level.ERROR,
        "3 messages were set aside in trigger-dead",
    ),
    "messages tried again": (
        alerts.dead_letters,
        {"GetQueueAttributes": {"Attributes": {"ApproximateNumberOfMessages": "3"}}},
        Level.WARNING,
        "3 messages in trigger-retries have failed and are tried again",
    ),
    "a queue that is not read": (
        alerts.readers,
        {
            "GetEventSourceMapping": {
                "State": "Disabled",
                "FunctionArn": "arn:aws:lambda:us-east-1:1:function:trigger",
            }
        },
        Level.ERROR,
        "trigger does not read its queue",
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_problem_is_a_finding_with_its_fix(name: str) -> None:
    """At its level."""
    assert_problem(*PROBLEMS[name])


def test_what_gathers_uploads_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its queues and its function are in the stack of the pipelines."""
    monkeypatch.setitem(RESOURCES, "SluicePipelines", GATHERING)
    aside = {"Attributes": {"ApproximateNumberOfMessages": "3"}}
    found = findings_of(alerts.dead_letters, GetQueueAttributes=aside)
    assert [text.partition(" in ")[2] for _, text, _ in found] == [
        "trigger-dead.",
        "group-dead.",
        "trigger-retries have failed and are tried again.",
        "group-retries have failed and are tried again.",
    ]
    assert len(findings_of(alerts.readers)) == 2


@pytest.mark.parametrize(
    "subscription",
    [
        {},
        {"Protocol": "email", "Endpoint": "nowhere", "SubscriptionArn": "arn:x"},
        {"Protocol": "email", "Endpoint": None, "SubscriptionArn": "arn:x"},
        {"Protocol": "sms", "Endpoint": "0170 123", "SubscriptionArn": "arn:x"},
    ],
)
def test_a_malformed_subscription_is_an_error(subscription: dict[str, Any]) -> None:
    """No person can be reached there."""
    [(level, text, fix)] = findings_of(
        alerts.subscriptions, ListSubscriptionsByTopic={"Subscriptions": [subscription]}
    )
    assert level is Level.ERROR
    assert "no endpoint that can be reached" in text
    assert "ALERT_EMAIL" in fix
