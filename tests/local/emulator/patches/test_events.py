"""A rule of EventBridge fills the queues whose policies let it, and no other."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from ministack.core import iam_evaluator
from ministack.services import (
    sqs,
)

from cli.aws import client_of
from local.emulator.patches.events import may_fill
from local.paths import LocalCloudPaths
from local.server.process import control


def only_tls(arn: str) -> dict[str, Any]:
    """Return the statement that the queues of the app have: who comes without TLS is refused."""
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    return {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": arn, "Condition": condition}


class Rules:
    """Rules that send what the tests put on the bus to queues."""

    def __init__(self, place: LocalCloudPaths) -> None:
        self._events, self._sqs = client_of(place, "events"), client_of(place, "sqs")

    def queue(self, *allowed: str) -> tuple[str, str]:
        """Make a queue that rules of these names may fill; return its URL and its ARN."""
        url = self._sqs.create_queue(QueueName=f"tests-{uuid.uuid4().hex}")["QueueUrl"]
        asked = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn = asked["Attributes"]["QueueArn"]
        beginning = arn.replace(":sqs:", ":events:").rpartition(":")[0]
        statements: list[dict[str, Any]] = [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnLike": {"aws:SourceArn": f"{beginning}:rule/{name}"}},
            }
            for name in allowed
        ]
        if statements:
            policy = json.dumps({"Version": "2012-10-17", "Statement": [*statements, only_tls(arn)]})
            self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        return url, arn

    def send(self, name: str, arn: str, dead_letters: str | None = None) -> None:
        """Put an event on the bus that a rule of this name sends to a queue."""
        source = f"tests.{uuid.uuid4().hex}"
        self._events.put_rule(Name=name, EventPattern=json.dumps({"source": [source]}))
        target: dict[str, Any] = {"Id": "Queue", "Arn": arn}
        if dead_letters:
            target["DeadLetterConfig"] = {"Arn": dead_letters}
        self._events.put_targets(Rule=name, Targets=[target])
        self._events.put_events(Entries=[{"Source": source, "DetailType": "t", "Detail": "{}"}])
        self._events.remove_targets(Rule=name, Ids=["Queue"])
        self._events.delete_rule(Name=name)

    def received(self, url: str) -> int:
        """Return how many messages are in a queue: what an event causes is there when its put returns."""
        return len(self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []))


@pytest.fixture
def rules(cloud: LocalCloudPaths) -> Iterator[Rules]:
    """Rules in a cloud that enforces IAM during a test."""
    control(cloud, "PUT", "iam", {"enforce": True})
    yield Rules(cloud)
    control(cloud, "PUT", "iam", {"enforce": False})


def test_a_rule_is_known_by_the_beginning_of_its_name(rules: Rules) -> None:
    """Another one fills nothing, though its target is the same queue."""
    url, arn = rules.queue("ours-*")
    rules.send("theirs-1", arn)
    assert rules.received(url) == 0
    rules.send("ours-1", arn)
    assert rules.received(url) == 1


def test_a_queue_without_a_policy_is_filled_by_no_rule(rules: Rules) -> None:
    """Nor by one of the same account."""
    url, arn = rules.queue()
    rules.send("ours-2", arn)
    assert rules.received(url) == 0


def test_a_rule_comes_with_tls_also_where_no_request_made_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """As those of schedules and of AWS Batch's jobs; who makes a request is as before."""
    asked: list[Any] = []

    def allows(*request: str) -> bool:
        asked.append((request, iam_evaluator._request_origin.get()))
        return False

    monkeypatch.setattr(sqs, "queue_policy_allows", allows)
    before, rule = iam_evaluator._request_origin.get(), {"Arn": "arn:aws:events:us-east-1:1:rule/ours"}
    queue = "arn:aws:sqs:us-east-1:1:queue"
    assert not may_fill(queue, rule)
    service = "events.amazonaws.com"
    assert asked == [((queue, service, rule["Arn"], "1"), (service, True))]
    assert iam_evaluator._request_origin.get() == before
    assert may_fill("arn:aws:lambda:us-east-1:1:function:f", rule)


def test_what_may_not_be_delivered_is_set_aside_where_the_rule_may(rules: Rules) -> None:
    """In the target's dead-letter queue, once."""
    (url, arn), (aside, dead_letters) = rules.queue(), rules.queue("ours-*")
    rules.send("ours-3", arn, dead_letters)
    assert (rules.received(url), rules.received(aside)) == (0, 1)


def test_nothing_is_asked_while_iam_is_off(rules: Rules, cloud: LocalCloudPaths) -> None:
    """As of every other caller."""
    url, arn = rules.queue()
    control(cloud, "PUT", "iam", {"enforce": False})
    rules.send("ours-4", arn)
    assert rules.received(url) == 1
