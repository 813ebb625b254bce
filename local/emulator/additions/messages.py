"""Lacking: e-mail and SMS. ministack delivers to queues, functions and URLs, and only logs these two."""

from collections.abc import Callable
from typing import Any

from ministack.services import (
    sns,
)

from local.emulator.additions.mailbox import Message


def capture_messages(deliver: Callable[[Message], None]) -> None:
    """Call `deliver` with every message that SNS would send to an e-mail or SMS subscription."""
    fanout = sns._fanout

    def fan_out(
        topic: str, message_id: str, text: str, subject: str, structure: str = "", *more: Any, **named: Any
    ) -> None:
        attributes = more[0] if more else named.get("message_attributes")
        for subscription in sns._topic_by_arn_any_scope(topic)["subscriptions"]:
            message = _message(subscription, text, subject, structure, attributes or {})
            if message:
                deliver(message)
        fanout(topic, message_id, text, subject, structure, *more, **named)

    sns._fanout = fan_out


def _message(
    subscription: dict[str, Any], text: str, subject: str, structure: str, attributes: dict[str, Any]
) -> Message | None:
    """Return what an e-mail or SMS subscriber gets; None for others, and where a filter skips it."""
    protocol = subscription["protocol"]
    body = sns._resolve_message_for_protocol(text, structure, protocol)
    if protocol not in ("email", "sms") or not sns._matches_filter_policy(subscription, attributes, body):
        return None
    return Message.now(protocol, subscription["endpoint"], subject if protocol == "email" else "", body)
