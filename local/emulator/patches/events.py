"""Mended: EventBridge's log, which grows without bound; the scheduled time, which targets do not get; the
first time of a rate; and rules, which fill any queue, whatever its policy says.
"""

import logging
import time
from collections import deque
from collections.abc import Mapping
from contextvars import copy_context
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import (
    eventbridge,
    scheduler,
    sqs,
)

EVENTS_KEPT = 1000
_EVENTBRIDGE, _SCHEDULER = "events.amazonaws.com", "aws.scheduler"
_logger = logging.getLogger(__name__)


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
        if event.get("Source") == _SCHEDULER and target.get("Input"):
            meant = _meant_time(rule["ScheduleExpression"], event["Time"])
            target = {**target, "Input": target["Input"].replace("<aws.scheduler.scheduled-time>", meant)}
        return invoke(target, event, rule, *more)

    eventbridge._invoke_target = invoke_target


def begin_rates_at_once() -> None:
    """Let a rate without a start date begin when it is made, as EventBridge Scheduler does, and not one rate
    later; those of before this cloud was started go on.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#rate-based
    """
    tick, started = scheduler._tick_schedules, time.time()

    def tick_schedules() -> None:
        for key, schedule in list(scheduler._schedules._data.items()):
            is_rate = eventbridge._parse_rate_seconds(schedule.get("ScheduleExpression", "")) is not None
            if is_rate and not schedule.get("StartDate") and schedule.get("CreationDate", 0) >= started:
                scheduler._schedule_last_fired.setdefault(key, 0)
        tick()

    scheduler._tick_schedules = tick_schedules


def _meant_time(expression: str, fired: float) -> str:
    """Return the time of an ``at``, and for the others the minute: none is meant twice in one."""
    at = scheduler._at_time_epoch(expression)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(fired - fired % 60 if at is None else at))


def ask_queue_policies() -> None:
    """Let a rule fill a queue only where the queue's policy lets it, while IAM is enforced; what it may not
    deliver goes to the target's dead-letter queue, where the rule may fill that one, and is lost otherwise.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    """
    invoke = eventbridge._invoke_target

    def invoke_target(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], *more: Any) -> Any:
        # A schedule of EventBridge Scheduler has a role instead.
        if event.get("Source") == _SCHEDULER:
            return invoke(target, event, rule, *more)
        dead_letters = (target.get("DeadLetterConfig") or {}).get("Arn", "")
        for arn in (target.get("Arn", ""), dead_letters):
            if arn and may_fill(arn, rule):
                return invoke({**target, "Arn": arn}, event, rule, *more)
        _logger.warning("EventBridge: the rule %s may not fill %s", rule.get("Name"), target.get("Arn"))
        return None

    eventbridge._invoke_target = invoke_target


def may_fill(arn: str, rule: Mapping[str, Any]) -> bool:
    """Return whether a rule may send to a target; only queues have policies here. EventBridge comes with TLS,
    which policies may demand, whoever's request it was that made the event, if it was one.
    """
    if arn.split(":")[2:3] != ["sqs"]:
        return True
    source = str(rule["Arn"])
    account = source.split(":")[4]
    return bool(copy_context().run(_is_allowed, arn, source, account))


def _is_allowed(arn: str, source: str, account: str) -> bool:
    iam_evaluator.pin_request_origin(_EVENTBRIDGE, True)
    return bool(sqs.queue_policy_allows(arn, _EVENTBRIDGE, source, account))
