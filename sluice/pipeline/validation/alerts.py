"""Checks the settings of a pipeline's alerts: when a run is late, and whether a failure opens a ticket."""

from __future__ import annotations

from collections.abc import Iterator

from sluice.duration import seconds_of
from sluice.errors import Mistake
from sluice.pipeline.definition import Pipeline

MIN_SECONDS, MAX_SECONDS = 300, 30 * 86_400
"""The sweep runs every five minutes, and no job runs for longer than 14 days."""


def check_alerts(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with ``expected_within`` and ``ticket``."""
    if pipeline.expected_within is not None and not _is_valid_duration(pipeline.expected_within):
        yield Mistake(
            "expected_within",
            "a duration from 5m to 30d",
            repr(pipeline.expected_within),
            'Write days, hours and minutes, such as "2h" or "1d12h".',
        )
    if not isinstance(pipeline.ticket, bool):
        yield Mistake(
            "ticket",
            "True or False",
            repr(pipeline.ticket),
            "Write ticket=True to open an OpsItem when a run fails.",
        )


def _is_valid_duration(value: object) -> bool:
    seconds = seconds_of(value) if isinstance(value, str) else None
    return seconds is not None and MIN_SECONDS <= seconds <= MAX_SECONDS
