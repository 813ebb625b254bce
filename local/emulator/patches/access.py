"""Mended: what ministack leaves out of, or gets wrong in, the context of a request that IAM evaluates."""

import json
import re
from functools import lru_cache
from typing import Any

from ministack import app as gateway
from ministack.core import iam_actions, iam_evaluator

_PARTS = re.compile(r"\$\{[*?$]\}|.", re.DOTALL)
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


def name_batches_by_their_action() -> None:
    """Let a policy that allows a call of SQS allow that of several messages, as on AWS.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
    """
    named = iam_actions.extract_iam_action

    def of_one(*request: Any, **more: Any) -> str | None:
        action: str | None = named(*request, **more)
        return action.removesuffix("Batch") if action and action.startswith("sqs:") else action

    iam_actions.extract_iam_action = of_one


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


def name_denied_objects() -> None:
    """Let S3's refusals name the bucket or the object that they are about, as on AWS.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
    """
    answer = iam_actions.access_denied_response

    def with_object(service: str, action: str, principal: str, request: str, **more: Any) -> tuple[Any, ...]:
        is_named = any(more.get(name) for name in ("message", "error_code", "resource_policy_arn"))
        if service == "s3" and not is_named:
            resource, denied = f'"{more.get("resource_arn", "*")}"', bool(more.get("explicit_deny"))
            more["message"] = iam_actions.identity_denial_message(action, principal, resource, denied)
        found: tuple[Any, ...] = answer(service, action, principal, request, **more)
        return found

    iam_actions.access_denied_response = with_object


def match_any_key() -> None:
    """Let the wildcards of policies match a line break in a key, as on AWS, where * is any characters, and
    let ``${*}``, ``${?}`` and ``${$}`` be these characters themselves.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    iam_evaluator._fnmatch_compile = pattern_of


@lru_cache(maxsize=4096)
def pattern_of(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    """Return what a pattern of a policy matches, from the beginning of a text to its very end."""
    wild = {"*": ".*", "?": ".", "${*}": r"\*", "${?}": r"\?", "${$}": r"\$"}
    text = "".join(wild.get(part) or re.escape(part) for part in _PARTS.findall(pattern))
    return re.compile(rf"{text}\Z", re.DOTALL | (re.IGNORECASE if ignore_case else re.NOFLAG))
