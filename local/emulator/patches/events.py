"""Mended: EventBridge's log, which grows without bound, and the scheduled time, which targets do not get."""

import time
from collections import deque
from typing import Any

from ministack.services import (
    eventbridge,
    scheduler,
)

EVENTS_KEPT = 1000


def bound_events_log(entries: int = EVENTS_KEPT) -> None:
    """Let EventBridge keep its newest events only; ministack keeps every event since its start, and reads
    none of them.
    """

    def events_log() -> deque[Any]:
        kept = eventbridge._events_log.get("entries")
        if not isinstance(kept, deque):
            kept = eventbridge._events_log["entries"] = deque(kept or (), maxlen=entries)
        return kept

    eventbridge._events_log_list = events_log


def name_scheduled_times() -> None:
    """Let the targets of EventBridge Scheduler carry the time that was meant, where their input asks for it.

    ministack leaves ``<aws.scheduler.scheduled-time>`` as it is; its time zone is always UTC.
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    """
    invoke = eventbridge._invoke_target

    def invoke_target(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], *more: Any) -> Any:
        if event.get("Source") == "aws.scheduler" and target.get("Input"):
            meant = _meant_time(rule["ScheduleExpression"], event["Time"])
            target = {**target, "Input": target["Input"].replace("<aws.scheduler.scheduled-time>", meant)}
        return invoke(target, event, rule, *more)

    eventbridge._invoke_target = invoke_target


def _meant_time(expression: str, fired: float) -> str:
    """Return the time of an ``at``, and for the others the minute: none is meant twice in one."""
    at = scheduler._at_time_epoch(expression)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(fired - fired % 60 if at is None else at))
