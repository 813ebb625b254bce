"""Begins the runs of scheduled times that were missed, some at a time, in the order of the times.

The deployed schedule asks for it once an hour, the sweep every five minutes while times are open. What a
time's own event began is found by the run's id, so it is begun once, and a Lambda that dies begins the same
runs again, which are there. See docs/decisions/0050-missed-times.md.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from lambdas.consuming import count, logger
from sluice.catch_up.covered import missed_times, registered
from sluice.catch_up.ledger import CatchUpLedger, CatchUpState
from sluice.catch_up.scheduled_runs import scheduled_message, scheduled_run_id, time_text
from sluice.errors import UnsettledError
from sluice.ledger.pauses import Pauses
from sluice.messages import CatchUp, definition_location
from sluice.run.compiled import CaughtUpSchedule, CompiledPipeline

MAX_LIVE = 25
"""How many runs of missed times are under way, or wait for their turn, at the same time."""
SECONDS = 5.0
"""How long one message begins runs; the sweep's next one goes on. Ten messages, the largest batch, take less
than the function's minute.
"""
GONE_AFTER = timedelta(hours=3)
"""A pipeline of which no deployed schedule was heard for so long has none any more."""
_LOOKED_AT = 100
_ATTEMPTS = 3
Missed = tuple[datetime, CaughtUpSchedule]


def is_catch_up(body: str) -> bool:
    """Return whether a message asks for missed times; what is no JSON is for the reader of the others."""
    try:
        document = json.loads(body)
    except ValueError:
        return False
    return isinstance(document, dict) and "catch_up" in document


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUps:
    """Catches up; ``definition`` reads a compiled pipeline, and ``start`` begins the run of a message, keeps
    it while the pipeline is paused, or sets it aside.
    """

    ledger: CatchUpLedger
    pauses: Pauses
    definition: Callable[[str, str], CompiledPipeline]
    start: Callable[[str], None]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic

    def handle(self, message: CatchUp) -> None:
        """Note what is deployed, where the message says it, and begin runs of missed times.

        Raises UnsettledError where others change the same pipeline's state faster than this.
        """
        for _ in range(_ATTEMPTS):
            state = self.ledger.read(message.catch_up)
            if message.definition:
                state = self._registered(message, state)
            elif state is None or not state.is_open:
                return
            if state is not None and (not state.is_open or self._advanced(state)):
                return
        raise UnsettledError(f"The missed times of {message.catch_up} are looked at by another invocation.")

    def _registered(self, message: CatchUp, state: CatchUpState | None) -> CatchUpState | None:
        """Return what is to be caught up with what is deployed now; None when another one was faster."""
        now, schedules = self.now(), self._schedules(message.definition)
        known = state or CatchUpState(pipeline=message.catch_up, definition={}, seen_at="")
        return self.ledger.write(
            replace(
                known,
                definition=message.definition,
                seen_at=now.isoformat(timespec="milliseconds"),
                covered=registered(known.covered, schedules, now),
            )
        )

    def _advanced(self, state: CatchUpState) -> bool:
        """Begin runs; return False where another invocation changed the state meanwhile, which has begun the
        same ones.
        """
        if state.is_gone(self.now(), GONE_AFTER):
            logger.info("No deploy asks for missed times any more.", pipeline=state.pipeline)
            return self.ledger.write(state, listed=False) is not None
        if self.pauses.read(state.pipeline) is not None:
            return True
        left = [run_id for run_id, is_live in self.ledger.live(state.runs).items() if is_live]
        after = self._begun(replace(state, runs=tuple(left)))
        return after == state or self.ledger.write(after) is not None

    def _begun(self, state: CatchUpState) -> CatchUpState:
        """Begin runs while there is room and time; return the state behind them."""
        deadline = self.monotonic() + SECONDS
        missed = missed_times(self._schedules(state.definition), state.covered)
        while page := list(islice(missed, _LOOKED_AT)):
            known = self.ledger.live([self._run_id(state, one) for one in page])
            for one in page:
                run_id = self._run_id(state, one)
                if run_id not in known:
                    if len(state.runs) >= MAX_LIVE:
                        return state
                    if not self._begin(state, one, run_id):
                        return state
                    state = replace(state, runs=(*state.runs, run_id))
                state = _past(state, one)
                if self.monotonic() > deadline:
                    return state
        return replace(state, covered={name: one.closed() for name, one in state.covered.items()})

    def _begin(self, state: CatchUpState, missed: Missed, run_id: str) -> bool:
        """Begin the run of a time; return False where it is not known whether it begins."""
        at, schedule = missed
        message = scheduled_message(
            state.pipeline,
            schedule.trigger,
            state.definition,
            time=time_text(at),
            expression=schedule.expression,
            value=schedule.input,
        )
        try:
            self.start(message.to_json())
        except UnsettledError as error:
            logger.info("A run may have begun that is to be reconciled.", run=run_id, reason=str(error))
            return bool(self.ledger.live([run_id]))
        count("MissedTimesStarted")
        return True

    def _run_id(self, state: CatchUpState, missed: Missed) -> str:
        at, schedule = missed
        return scheduled_run_id(state.pipeline, schedule.trigger, time_text(at), schedule.expression)

    def _schedules(self, definition: Mapping[str, str]) -> tuple[CaughtUpSchedule, ...]:
        return self.definition(*definition_location(definition)).catch_up


def _past(state: CatchUpState, missed: Missed) -> CatchUpState:
    at, schedule = missed
    covered = dict(state.covered)
    covered[schedule.trigger] = covered[schedule.trigger].past(at)
    return replace(state, covered=covered)
