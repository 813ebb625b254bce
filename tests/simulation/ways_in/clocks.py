"""A schedule that is caught up, as EventBridge Scheduler plays it: deployed at some time, away for a while,
and with events that never come.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from sluice.pipeline.definition import Schedule
from sluice.pipeline.trigger_names import schedule_name
from tests.matrix.clock import BEGINNING
from tests.simulation.chaos import HOUR, Level
from tests.simulation.scripts import Script
from tests.simulation.ways_in.rules import definition_of, message_of, queue_of

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

_LOST_SHARE, _AWAY_SHARE = 0.3, 0.3
_DAY = timedelta(days=1)


class Clockwork:
    """Sends the events of a schedule and, once an hour, what asks for missed times. ``sent`` are the times
    whose events were sent, ``lost`` those whose events never came, and ``asked`` is when missed times were
    asked for last, in seconds.
    """

    def __init__(self, here: Simulation, script: Script, trigger: Schedule, deployed: float) -> None:
        """Begin ``deployed`` seconds later."""
        self._here, self._script, self.trigger = here, script, trigger
        begins = here.draw.uniform(0, 2 * HOUR)
        lasts = here.draw.uniform(0, 2 * HOUR) if here.draw.random() < _AWAY_SHARE else 0.0
        self._away = begins, begins + lasts
        self.deployed, self.asked = deployed, -1.0
        self.sent: set[str] = set()
        self.lost: set[str] = set()
        here.clock.later(deployed, self._hourly)
        for time in self._times(here.clock.now() + timedelta(seconds=deployed), BEGINNING + _DAY):
            seconds = (time - BEGINNING).total_seconds()
            here.clock.later(seconds, partial(self._event, time_text(time)), idle=True)

    def wanted(self, until: float) -> set[str]:
        """Return the times from the schedule's start up to so many seconds of the simulation, by fields of
        its own: nothing of the code that finds missed times.

        Without a start they are those whose events came, and those lost when the schedule was known.
        """
        if self.trigger.start is None:
            return self.sent | self.lost
        begin = datetime.fromisoformat(self.trigger.start).replace(tzinfo=UTC)
        end = BEGINNING + timedelta(seconds=until)
        return self.sent | {time_text(time) for time in self._times(begin, end)}

    def allowed(self, until: float) -> set[str]:
        """Return the times at which it may have run by then."""
        first = BEGINNING + timedelta(seconds=self.deployed)
        start = self.trigger.start
        begin = first if start is None else datetime.fromisoformat(start).replace(tzinfo=UTC)
        return {time_text(time) for time in self._times(begin, BEGINNING + timedelta(seconds=until))}

    def _times(self, begin: datetime, end: datetime) -> Iterator[datetime]:
        minutes, hours = self.trigger.expression.removeprefix("cron(").split(" ")[:2]
        first, _, last = hours.partition("-")
        day = begin.replace(hour=0, minute=0, second=0, microsecond=0)
        while day < end:
            for hour in range(int(first), int(last or first) + 1):
                for minute in minutes.split(","):
                    time = day.replace(hour=hour, minute=int(minute))
                    if begin <= time <= end:
                        yield time
            day += _DAY

    def _is_away(self) -> bool:
        begins, ends = self._away
        return begins <= self._here.clock.seconds < ends

    def _event(self, time: str) -> None:
        """Send the event of a time, unless it is never to come."""
        here = self._here
        if self._is_away() or self._is_lost():
            if self.trigger.start is not None or self._is_known():
                self.lost.add(time)
            return
        self.sent.add(time)
        detail = {"time": time, "expression": self.trigger.expression, "input": self.trigger.input}
        message = message_of(here.deployment, self._script, schedule_name(self.trigger), json.dumps(detail))
        here.messages.send(queue_of(here.deployment, "trigger"), message)

    def _is_lost(self) -> bool:
        chaos = self._here.chaos
        if chaos.level is Level.CALM or chaos.is_over or chaos.draw.random() >= _LOST_SHARE:
            return False
        chaos.faults["scheduled event lost"] += 1
        return True

    def _is_known(self) -> bool:
        """Return whether the schedule's first message has been handled."""
        return any(pk == f"CATCHUP#{self._script.name}" for pk, _ in self._here.table.items)

    def _hourly(self) -> None:
        """Ask for missed times; the last time is when nothing goes wrong any more."""
        here, was_over = self._here, self._here.chaos.is_over
        if not self._is_away():
            definition = definition_of(here.deployment, self._script)
            body = {"catch_up": self._script.name, "definition": definition, "version": 1}
            here.messages.send(queue_of(here.deployment, "trigger"), json.dumps(body))
            self.asked = here.clock.seconds
        here.clock.later(HOUR, self._hourly, idle=was_over and not self._is_away())


def time_text(time: datetime) -> str:
    """Return a time as EventBridge Scheduler writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
