"""Checks what a pipeline says about being late and about tickets."""

from __future__ import annotations

from collections.abc import Iterator

from sluice.duration import seconds_of
from sluice.errors import Mistake
from sluice.pipeline.definition import Pipeline

SHORTEST, LONGEST = 300, 30 * 86_400
"""Seconds: the sweep looks every five minutes, and no job runs for longer than 14 days."""


def check_telling(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with ``expected_within`` and ``ticket``."""
    expected = pipeline.expected_within
    seconds = seconds_of(expected) if isinstance(expected, str) else None
    if expected is not None and (seconds is None or not SHORTEST <= seconds <= LONGEST):
        found = repr(expected)
        yield Mistake(
            "expected_within",
            "a length of time from 5m to 30d",
            found,
            'Write days, hours and minutes, such as "2h" or "1d12h".',
        )
    if not isinstance(pipeline.ticket, bool):
        yield Mistake(
            "ticket",
            "True or False",
            repr(pipeline.ticket),
            "Write ticket=True to open an OpsItem when a run fails.",
        )
