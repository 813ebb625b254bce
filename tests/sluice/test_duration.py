"""Durations as people write them."""

from __future__ import annotations

import pytest

from sluice.duration import in_words, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *[("5m", 300), ("2h", 7200), ("1d12h", 129_600), ("90m", 5400), ("1h30m", 5400)],
        *[(text, None) for text in ("", "2", "h", "2H", "30m1h", "-1h", "1.5h", " 1h", "٣h", "1h\n")],
    ],
)
def test_a_duration_is_read_strictly(text: str, seconds: int | None) -> None:
    """Days, hours, minutes, in this order."""
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0m"), (59, "0m"), (60, "1m"), (5400, "1h30m"), (86_400, "1d"), (129_661, "1d12h1m")],
)
def test_a_duration_is_written_as_it_is_read(seconds: int, words: str) -> None:
    """Rounded down to minutes."""
    assert in_words(seconds) == words
    assert seconds < 60 or seconds_of(words) == seconds // 60 * 60
