"""What becomes of a message whose handling fails again and again.

It comes five times. If it fails by itself it is set aside then, with its error. Else something is out, and
the queue hands it to the queue of retries, which the sweep empties into the queue again, for as long as the
outage lasts. See docs/decisions/0036-outages.md.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sluice.aws.clients import client
from sluice.aws.outages import is_outage
from sluice.limits import MAX_RECEIVES

_REDRIVE_SECONDS = 15.0
"""The next sweep continues; the rest of a sweep needs its time too."""
_AT_A_TIME = 10


def has_failed_for_good(error: Exception, record: Mapping[str, Any]) -> bool:
    """Return whether this was the last time that a message may fail by itself, and it has."""
    return is_last_attempt(record) and not is_outage(error)


def is_last_attempt(record: Mapping[str, Any]) -> bool:
    """Return whether the queue hands a message on when it fails this time."""
    received = (record.get("attributes") or {}).get("ApproximateReceiveCount") or 1
    return int(received) >= MAX_RECEIVES


def redrive(retries: str, queue: str, *, seconds: float = _REDRIVE_SECONDS) -> int:
    """Send what waits in a queue of retries to the queue that it came from, and return how many that were.

    A message is deleted behind its copy, so a Lambda that dies leaves two: a message may come twice anyway.
    """
    sqs, until, moved = client("sqs"), time.monotonic() + seconds, 0
    while time.monotonic() < until:
        found = sqs.receive_message(QueueUrl=retries, MaxNumberOfMessages=_AT_A_TIME).get("Messages") or []
        if not found:
            break
        for message in found:
            sqs.send_message(QueueUrl=queue, MessageBody=message["Body"])
            sqs.delete_message(QueueUrl=retries, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
    return moved
