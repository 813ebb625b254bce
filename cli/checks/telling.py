"""Whether a person would be told, and whether something was set aside: subscriptions, dead letters, and who
reads the queues.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cli.checks.finding import Finding, Patient, error, not_deployed, ok, warning

_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_SUBSCRIBE = "Deploy with ALERT_EMAIL=you@example.com, and ALERT_PHONE=+15550100123 for text messages."


def subscriptions(patient: Patient) -> Iterator[Finding]:
    """Look who is subscribed to the alerts, and who has not confirmed yet."""
    topics = patient.resources("Control", "AWS::SNS::Topic", "Alerts")
    if not topics:
        yield not_deployed(patient, "Control")
        return
    pages = patient.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topics[0])
    found = [one for page in pages for one in page["Subscriptions"]]
    if not found:
        yield warning("Nobody is subscribed to the alerts: a failed run tells no person.", _SUBSCRIBE)
    for one in found:
        yield _subscription(one)


def _subscription(one: Mapping[str, Any]) -> Finding:
    protocol, endpoint = str(one.get("Protocol", "?")), str(one.get("Endpoint", ""))
    who = f"The {protocol} subscription of {endpoint or 'nobody'}"
    pattern = {"email": _MAIL, "email-json": _MAIL, "sms": _PHONE}.get(protocol)
    if not endpoint or (pattern is not None and not pattern.fullmatch(endpoint)):
        return error(f"{who} has no endpoint that can be reached.", f"Remove it. {_SUBSCRIBE}")
    if not str(one.get("SubscriptionArn", "")).startswith("arn:"):
        return warning(
            f"{who} is not confirmed: nothing is sent to it.",
            "Follow the link in AWS's e-mail, or deploy again.",
        )
    return ok(f"{who} is confirmed.")


def dead_letters(patient: Patient) -> Iterator[Finding]:
    """Look for messages that were set aside."""
    queues = patient.resources("Control", "AWS::SQS::Queue", "DeadLetters")
    if queues is None:
        yield not_deployed(patient, "Control")
        return
    full = [(queue, waiting) for queue in queues if (waiting := _waiting(patient, queue))]
    for queue, waiting in full:
        name = queue.rpartition("/")[2]
        fix = (
            f"Read why: aws sqs receive-message --queue-url {queue} --message-attribute-names reason. "
            f"When the cause is mended: aws sqs start-message-move-task --source-arn ARN_OF_{name}."
        )
        yield error(f"{waiting} messages were set aside in {name}.", fix)
    if not full:
        yield ok("No message was set aside.")


def _waiting(patient: Patient, queue: str) -> int:
    name = "ApproximateNumberOfMessages"
    return int(
        patient.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"][name]
    )


def readers(patient: Patient) -> Iterator[Finding]:
    """Look whether each queue has a function that reads it."""
    mappings = patient.resources("Control", "AWS::Lambda::EventSourceMapping")
    if mappings is None:
        yield not_deployed(patient, "Control")
        return
    for uuid in mappings:
        one = patient.client("lambda").get_event_source_mapping(UUID=uuid)
        function, state = str(one.get("FunctionArn", uuid)).rpartition(":")[2], str(one.get("State"))
        if state in ("Disabled", "Disabling"):
            yield error(
                f"{function} does not read its queue: {state}.",
                f"aws lambda update-event-source-mapping --uuid {uuid} --enabled",
            )
        else:
            yield ok(f"{function} reads its queue: {state}.")
