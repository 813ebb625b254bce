"""Mended: when a queue's messages are handed to a Lambda, by the rules of an event source mapping with a
batching window. ministack hands over ten at once.

Source:
https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html#invocation-eventsourcemapping-batching
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

SMALL_BATCH = 10
"""Batches up to this size need no window."""
MAX_BYTES = 6 * 1024 * 1024
_RECORD_BYTES = 700
"""What stands around the body of a message in the event: ids, handle, attributes and the queue's name."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that can be received: for how many seconds, and how large its body is."""

    seconds: float
    size: int


def ready_batch_size(messages: Sequence[Waiting], max_messages: int, window: float) -> int:
    """Return how many of the first messages are handed over now: none until they are enough, or fill an
    event, or are old enough.
    """
    total = accumulate(message.size + _RECORD_BYTES for message in messages[:max_messages])
    fitting = max(sum(size <= MAX_BYTES for size in total), min(len(messages), 1))
    enough = fitting == max_messages or fitting < len(messages[:max_messages])
    old = any(message.seconds >= window for message in messages)
    return fitting if enough or old else 0
