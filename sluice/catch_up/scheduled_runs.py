"""The run of a scheduled time, and the message that begins it: the very ones of the schedule's own event, so
that a time has one run, whichever way it comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sluice.messages import Triggered
from sluice.run.job_names import run_id
from sluice.triggers.trigger_event import ScheduledTime


def time_text(time: datetime) -> str:
    """Return a scheduled time as EventBridge Scheduler writes it: ``2026-01-31T09:00:00Z``."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def scheduled_run_id(pipeline: str, trigger: str, time: str, expression: str) -> str:
    """Return the id of the run of a scheduled time; ``trigger`` is the name of the schedule."""
    return run_id(pipeline, trigger, ScheduledTime(time=time, expression=expression).identity())


def scheduled_message(
    pipeline: str, trigger: str, definition: Mapping[str, str], *, time: str, expression: str, value: Any
) -> Triggered:
    """Return the message that begins the run of a scheduled time, with ``value`` as its input."""
    return Triggered(
        pipeline=pipeline,
        trigger=trigger,
        definition=dict(definition),
        detail={"time": time, "expression": expression, "input": value},
    )
