"""Starts the runs of a schedule's times that lie in the past.

Each as the schedule itself would have: by the same message to the trigger's queue, so that a time that has
its run gets no other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from sluice.catch_up.scheduled_runs import scheduled_message, scheduled_run_id, time_text
from sluice.operate.clients import MessageSender
from sluice.operate.errors import RequestError
from sluice.pipeline.definition import Pipeline, Schedule
from sluice.pipeline.trigger_names import schedule_name
from sluice.triggers.schedule_times import times_between

MAX_TIMES = 10_000
"""More are a mistake in the range more often than meant."""


@dataclass(frozen=True, slots=True)
class ScheduledRun:
    """A time of a schedule, ``2026-01-31T09:00:00Z``, and the run that it has or gets."""

    time: str
    run_id: str
    schedule: Schedule


def scheduled_runs(pipeline: Pipeline, since: datetime, until: datetime) -> list[ScheduledRun]:
    """Return the times of a pipeline's schedules from ``since`` up to, without, ``until``, in order.

    Raises RequestError for a pipeline without a schedule, one whose times cannot be known, a range that is
    none, and more than 10,000 times.
    """
    schedules = [one for one in pipeline.triggers if isinstance(one, Schedule)]
    _check(pipeline, schedules, since, until)
    found = [one for schedule in schedules for one in _of(pipeline.name, schedule, since, until)]
    if len(found) > MAX_TIMES:
        raise RequestError(
            f"Expected at most {MAX_TIMES:,} times, found more from {since.isoformat()} to"
            f" {until.isoformat()}. Ask for a part of them."
        )
    return sorted(found, key=lambda one: one.time)


def _check(pipeline: Pipeline, schedules: Sequence[Schedule], since: datetime, until: datetime) -> None:
    if not schedules:
        raise RequestError(f"Expected a Schedule of {pipeline.name}, found none. A range of dates needs one.")
    rate = next((one.expression for one in schedules if one.expression.startswith("rate")), None)
    if rate is not None:
        raise RequestError(
            f"Expected schedules of {pipeline.name} with cron(…) or at(…), found {rate}: its times depend"
            " on when it was deployed."
        )
    if since >= until:
        raise RequestError(
            f"Expected --since before --until, found {since.isoformat()} and {until.isoformat()}."
        )


def _of(pipeline: str, schedule: Schedule, since: datetime, until: datetime) -> Iterator[ScheduledRun]:
    times = times_between(schedule.expression, ZoneInfo(schedule.timezone), since, until)
    for moment in islice(times, MAX_TIMES + 1):
        time = time_text(moment)
        found = scheduled_run_id(pipeline, schedule_name(schedule), time, schedule.expression)
        yield ScheduledRun(time, found, schedule)


@dataclass(frozen=True, slots=True, kw_only=True)
class DateStarter:
    """Starts runs of one pipeline, whose compiled form is ``definition``; ``state_of`` returns the state of a
    run by its id, None for one that has not begun.
    """

    pipeline: str
    definition: Mapping[str, str]
    sqs: MessageSender
    queue: str
    state_of: Callable[[str], str | None]
    pause: Callable[[], None]

    def start(
        self, wanted: Sequence[ScheduledRun], max_concurrency: int
    ) -> Iterator[tuple[ScheduledRun, str]]:
        """Start runs in order, so many at the same time, and yield each with the state in which it ended.

        One that has begun before, whatever started it, is followed and not started again: so it can be begun
        again after it was interrupted.
        """
        waiting, under_way = deque(wanted), list[ScheduledRun]()
        while waiting or under_way:
            free = max_concurrency - len(under_way)
            under_way += [self._begin(waiting.popleft()) for _ in range(min(free, len(waiting)))]
            states = {one.run_id: self._ended(one) for one in under_way}
            ended = [(one, state) for one in under_way if (state := states[one.run_id])]
            yield from ended
            under_way = [one for one in under_way if states[one.run_id] is None]
            self._wait(under_way, ended)

    def _wait(self, under_way: Sequence[ScheduledRun], ended: Sequence[object]) -> None:
        if under_way and not ended:
            self.pause()

    def _begin(self, one: ScheduledRun) -> ScheduledRun:
        if self.state_of(one.run_id) is None:
            message = scheduled_message(
                self.pipeline,
                schedule_name(one.schedule),
                self.definition,
                time=one.time,
                expression=one.schedule.expression,
                value=one.schedule.input,
            )
            self.sqs.send_message(QueueUrl=self.queue, MessageBody=message.to_json())
        return one

    def _ended(self, one: ScheduledRun) -> str | None:
        state = self.state_of(one.run_id)
        return state if state not in (None, "RUNNING", "WAITING") else None
