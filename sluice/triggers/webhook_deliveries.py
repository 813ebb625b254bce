"""Which event a signed request delivers, and whether it came before. Pure; docs/decisions/0011-webhooks.md
has the reasons.

A *repetition* comes from an honest sender that lost our answer: it signs the same event again, with a later
time stamp. A *replay* is a request that an attacker may have recorded: the same bytes with the same
signature, or an older request of the same event. Both mean the same run; a repetition gets the answer of the
first request, and a replay is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sluice.errors import MalformedMessageError
from sluice.triggers.signatures import Signed
from sluice.triggers.trigger_event import WebhookDelivery

TRIGGER = "webhook"
"""The name of this trigger in the messages of the trigger queue and in the ids of runs."""
NO_TIME = 0
"""The time of a form that signs none: no later request counts as signed later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """The record of an event that is in the trigger queue: when its newest request was signed, and the digest
    of its body.
    """

    at: int
    digest: str


class ReplayCheck(StrEnum):
    """Whether a valid request is new, compared with the record of its event."""

    NEW = "new"
    REPEATED = "repeated"
    REPLAYED = "replayed"
    OTHER_BODY = "other body"


def digest(body: bytes) -> str:
    """Return the SHA-256 of a body, in hexadecimal."""
    return hashlib.sha256(body).hexdigest()


def delivery(
    form: str, signed: Signed, headers: Mapping[str, str], body: bytes, value: Any
) -> WebhookDelivery:
    """Return the delivery of a verified request; ``value`` is its parsed body. Raises
    MalformedMessageError.

    The id is what the signature covers: the sender's own (standard), the event's in the body (stripe), or the
    body itself (github, whose X-GitHub-Delivery is not signed: an attacker could change it in a recorded
    request).
    """
    kind = value.get("type") if isinstance(value, dict) else None
    event = headers.get("x-github-event", "") if form == "github" else kind
    found = {
        "standard": lambda: signed.id,
        "github": lambda: digest(body),
        "stripe": lambda: _event_id(value),
    }[form]()
    return WebhookDelivery(form=form, id=found, event=event if isinstance(event, str) else "", input=value)


def _event_id(value: Any) -> str:
    found = value.get("id") if isinstance(value, dict) else None
    if not isinstance(found, str) or not found:
        raise MalformedMessageError("Expected an event of Stripe's, a JSON object with an id, found none.")
    return found


def delivery_record(signed: Signed, body: bytes) -> DeliveryRecord:
    """Return the record of a request."""
    return DeliveryRecord(at=NO_TIME if signed.at is None else signed.at, digest=digest(body))


def check_replay(form: str, request: DeliveryRecord, known: DeliveryRecord | None) -> ReplayCheck:
    """Return whether a request is new, a repetition or a replay.

    Stripe's repetitions may differ in their body (``pending_webhooks``): their id makes them the same event.
    """
    if known is None:
        return ReplayCheck.NEW
    if form == "standard" and request.digest != known.digest:
        return ReplayCheck.OTHER_BODY
    return ReplayCheck.REPEATED if request.at > known.at else ReplayCheck.REPLAYED
