"""Whether alerts reach a person, and whether a message was set aside: subscriptions, dead letters, and which
functions read the queues.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cli.commands.doctor.account import Account, not_deployed
from cli.commands.doctor.finding import Finding, error, ok, warning

_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_SUBSCRIBE = "Deploy with ALERT_EMAIL=you@example.com, and ALERT_PHONE=+15550100123 for text messages."


def subscriptions(account: Account) -> Iterator[Finding]:
    """Check who is subscribed to the alerts, and who has not confirmed yet."""
    topics = account.resources("Control", "AWS::SNS::Topic", "Alerts")
    if not topics:
        yield not_deployed(account, "Control")
        return
    paginator = account.sns.get_paginator("list_subscriptions_by_topic")
    pages = (page for topic in topics for page in paginator.paginate(TopicArn=topic))
    found = [one for page in pages for one in page["Subscriptions"]]
    if not found:
        yield warning("Nothing is subscribed to the alerts: a failed run notifies no person.", _SUBSCRIBE)
    for one in found:
        yield _subscription(one)


def _subscription(one: Mapping[str, Any]) -> Finding:
    protocol, endpoint = str(one.get("Protocol", "?")), str(one.get("Endpoint", ""))
    name = f"The {protocol} subscription of {endpoint or 'no endpoint'}"
    pattern = {"email": _MAIL, "email-json": _MAIL, "sms": _PHONE}.get(protocol)
    if not endpoint or (pattern is not None and not pattern.fullmatch(endpoint)):
        return error(f"{name} has no endpoint that can be reached.", f"Remove it. {_SUBSCRIBE}")
    if not str(one.get("SubscriptionArn", "")).startswith("arn:"):
        return warning(
            f"{name} is not confirmed: nothing is sent to it.",
            "Follow the link in AWS's e-mail, or deploy again.",
        )
    return ok(f"{name} is confirmed.")


def dead_letters(account: Account) -> Iterator[Finding]:
    """Check for messages that were set aside."""
    queues = account.of_stages("AWS::SQS::Queue", "DeadLetters")
    if queues is None:
        yield not_deployed(account, "Control")
        return
    full = [(queue, waiting) for queue in queues if (waiting := _waiting(account, queue))]
    for queue, waiting in full:
        name = queue.rpartition("/")[2]
        fix = (
            f"Read why: aws sqs receive-message --queue-url {queue} --message-attribute-names reason. "
            f"When the cause is mended: aws sqs start-message-move-task --source-arn ARN_OF_{name} "
            "--destination-arn ARN_OF_THE_QUEUE_BESIDE_IT."
        )
        yield error(f"{waiting} messages were set aside in {name}.", fix)
    yield from _retried(account)
    if not full:
        yield ok("No message was set aside.")


def _retried(account: Account) -> Iterator[Finding]:
    """Report what has failed for half an hour and is tried again by itself."""
    for queue in account.of_stages("AWS::SQS::Queue", "Retries") or ():
        if waiting := _waiting(account, queue):
            name = queue.rpartition("/")[2]
            fix = "Nothing is lost; look at the function's log, and at AWS's health dashboard."
            yield warning(f"{waiting} messages in {name} have failed and are tried again.", fix)


def _waiting(account: Account, queue: str) -> int:
    name = "ApproximateNumberOfMessages"
    return int(account.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"][name])


def readers(account: Account) -> Iterator[Finding]:
    """Check whether each queue has a function that reads it."""
    mappings = account.of_stages("AWS::Lambda::EventSourceMapping")
    if mappings is None:
        yield not_deployed(account, "Control")
        return
    for uuid in mappings:
        one = account.lambdas.get_event_source_mapping(UUID=uuid)
        function, state = str(one.get("FunctionArn", uuid)).rpartition(":")[2], str(one.get("State"))
        if state in ("Disabled", "Disabling"):
            yield error(
                f"{function} does not read its queue: {state}.",
                f"aws lambda update-event-source-mapping --uuid {uuid} --enabled",
            )
        else:
            yield ok(f"{function} reads its queue: {state}.")
