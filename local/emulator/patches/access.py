"""Mended: what ministack leaves out of, or gets wrong in, the context of a request that IAM evaluates."""

import json
from typing import Any

from ministack import app as gateway
from ministack.core import iam_actions

_EVENT_KEYS = (("events:source", "Source"), ("events:detail-type", "DetailType"))


def name_event_sources() -> None:
    """Let policies ask for the source and the kind of the events that PutEvents is to send, as on AWS.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
    """
    keys = iam_actions.request_tag_context

    def with_sources(service: str, action: str, body: bytes, parameters: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = keys(service, action, body, parameters)
        return found | event_keys(body) if action == "events:PutEvents" else found

    iam_actions.request_tag_context = with_sources


def event_keys(body: bytes) -> dict[str, str | list[str]]:
    """Return IAM's condition keys of a PutEvents request: one value, or several that all must be allowed."""
    try:
        entries = json.loads(body).get("Entries") or []
        named = {key: sorted({str(entry.get(name, "")) for entry in entries}) for key, name in _EVENT_KEYS}
    except (ValueError, AttributeError):
        return {}
    return {key: values[0] if len(values) == 1 else values for key, values in named.items() if values}


def count_loopback_as_tls() -> None:
    """Let policies that demand TLS (`aws:SecureTransport`) take this endpoint, which is plain HTTP, for
    secure.

    Buckets and queues of the app refuse requests without TLS; what goes over loopback leaves the machine no
    more than what TLS carries.
    """
    pin = gateway.pin_request_origin

    def pin_as_secure(source_ip: str, secure_transport: bool) -> None:
        pin(source_ip, True)

    gateway.pin_request_origin = pin_as_secure
