"""When messages are handed to a Lambda that takes many at once."""

import pytest

from local.emulator.patches.batches import MAX_BYTES, Waiting, ready_batch_size


@pytest.mark.parametrize(
    ("messages", "most", "handed_over"),
    [
        ([], 100, 0),
        ([Waiting(4.9, 1)] * 3, 100, 0),
        ([Waiting(5.0, 1), Waiting(0.1, 1)], 100, 2),
        ([Waiting(0.0, 1)] * 100, 100, 100),
        ([Waiting(0.0, 1)] * 101, 100, 100),
        ([Waiting(0.0, MAX_BYTES // 2 - 700)] * 3, 100, 2),
        ([Waiting(0.0, MAX_BYTES)] * 3, 100, 1),
        ([Waiting(5.0, MAX_BYTES)], 100, 1),
    ],
    ids=["none", "young", "old", "enough", "more than enough", "large", "too large", "one too large"],
)
def test_messages_wait_until_they_are_enough_large_or_old(
    messages: list[Waiting], most: int, handed_over: int
) -> None:
    """The window is five seconds, and it is the oldest that counts."""
    assert ready_batch_size(messages, most, 5.0) == handed_over
