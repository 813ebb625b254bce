"""When a queue's messages are handed to a Lambda: the rules of an event source mapping with a batching
window.

Source:
https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html#invocation-eventsourcemapping-batching
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

SMALL_BATCH = 10
"""Up to so many messages need no window."""
MOST_BYTES = 6 * 1024 * 1024
_RECORD_BYTES = 700
"""What stands around the body of a message in the event: ids, handle, attributes and the queue's name."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that can be received: for how many seconds, and how large its body is."""

    seconds: float
    size: int


def ripe(messages: Sequence[Waiting], most: int, window: float) -> int:
    """Return how many of the first messages are handed over now: none until they are enough, or fill an
    event, or are old enough.
    """
    total = accumulate(message.size + _RECORD_BYTES for message in messages[:most])
    fitting = max(sum(size <= MOST_BYTES for size in total), min(len(messages), 1))
    enough = fitting == most or fitting < len(messages[:most])
    old = any(message.seconds >= window for message in messages)
    return fitting if enough or old else 0
