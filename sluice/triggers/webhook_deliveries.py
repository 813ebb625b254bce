"""What a signed request is: which event, and whether it came before. Pure; docs/decisions/0011-webhooks.md
has the reasons.

A *repetition* is an honest sender's: it lost our answer and signs the same event anew, with a later time
stamp. A *replay* is a request that anybody may have recorded: the same bytes with the same signature, or an
older one of the same event. Both are the same run; a repetition is answered as the first was, and a replay is
refused.
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
"""What the trigger queue's messages and the ids of runs call it."""
NO_TIME = 0
"""The time of a form that signs none: whatever comes again was not signed later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is remembered of an event that is in the trigger queue: when its newest request was signed, and
    the digest of its body.
    """

    at: int
    digest: str


class Verdict(StrEnum):
    """What a valid request is, beside what is remembered of its event."""

    NEW = "new"
    REPEATED = "repeated"
    REPLAYED = "replayed"
    OTHER_BODY = "other body"


def digest(body: bytes) -> str:
    """Return what stands for a body: its SHA-256, in hexadecimal."""
    return hashlib.sha256(body).hexdigest()


def delivery(
    form: str, signed: Signed, headers: Mapping[str, str], body: bytes, value: Any
) -> WebhookDelivery:
    """Return the delivery that a verified request is; ``value`` is what its body says. Raises
    MalformedMessageError.

    The id is what the signature covers: the sender's own (standard), the event's in the body (stripe), or the
    body itself (github, whose X-GitHub-Delivery is not signed: whoever recorded a request could write another
    one).
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


def note(signed: Signed, body: bytes) -> Note:
    """Return what is to be remembered of a request."""
    return Note(at=NO_TIME if signed.at is None else signed.at, digest=digest(body))


def verdict(form: str, came: Note, known: Note | None) -> Verdict:
    """Return what a request is. Stripe's repetitions may differ in their body (``pending_webhooks``); it is
    the same event by its id.
    """
    if known is None:
        return Verdict.NEW
    if form == "standard" and came.digest != known.digest:
        return Verdict.OTHER_BODY
    return Verdict.REPEATED if came.at > known.at else Verdict.REPLAYED
