"""People who see that a run has failed and have it go on, people who cancel one, and people who pause a
pipeline for a while.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from sluice.ledger.ledger import Ledger
from sluice.ledger.pauses import Pauses
from sluice.operate.cancel import Canceller
from sluice.operate.errors import OperationError, RunStateError
from sluice.operate.pausing import Pauser
from sluice.operate.retry import Retrier
from sluice.run.state import RunState
from tests.matrix.actors import KilledError
from tests.matrix.installed import client, now, sleep
from tests.simulation.chaos import HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.simulation import Simulation

MOST_TRIES = 6
"""How often somebody has a failed run go on: the last times when nothing goes wrong any more."""
_CANCELLED_SHARE = 0.1
_PAUSED_SHARE = 0.2
_CANCEL_SECONDS = 900.0
_EXPECTED = (KilledError, OperationError, ClientError, BotoCoreError)
"""How a command may end that could not do what it was to do: the person reads it, and tries again."""
_RETENTION = timedelta(days=30)


class People:
    """Looks at the runs of a simulation. ``cancelled`` are the runs that somebody wanted to cancel, and
    ``cleared`` when `cancel` said that nothing of them was left, ``retried`` when somebody last tried to have
    them go on; ``tries`` is how often somebody had a failed one go on.
    """

    def __init__(self, simulation: Simulation) -> None:
        """Have seen nothing."""
        self._here = simulation
        self._draw = simulation.draw
        self.cancelled: set[str] = set()
        self.cleared: dict[str, float] = {}
        self.retried: dict[str, float] = {}
        self.tries: dict[str, int] = {}

    def sees(self, run: str, state: RunState) -> None:
        """React to a new state of a run."""
        if state is RunState.RUNNING and run not in self.tries:
            self.tries[run] = 0
            # Nobody cancels what looks for lost uploads: the last one has to find all.
            if self._is_written(run) and self._draw.random() < _CANCELLED_SHARE:
                within = self._draw.choice((2.0, MINUTE, 0.5 * HOUR))
                self._later(self._draw.uniform(0, within), partial(self._cancel, run))
        elif state is RunState.FAILED and self.tries[run] < self._most(run) and run not in self.cancelled:
            self.tries[run] += 1
            self._later(self._patience(run), partial(self._retry, run))
        elif state is RunState.SUCCEEDED and self._would_complete(run):
            self.tries[run] += 1
            self._later(self._draw.uniform(1.0, HOUR), partial(self._retry, run))

    def _is_written(self, run: str) -> bool:
        return self._here.script_of(run).name in self._here.written

    def _would_complete(self, run: str) -> bool:
        """Return whether somebody wants the items that a run succeeded without."""
        may_lack = bool(self._here.script_of(run).tolerable())
        return may_lack and self.tries[run] == 0 and run not in self.cancelled and self._draw.random() < 0.5

    def _most(self, run: str) -> int:
        """Return how often somebody tries: less where the run's own functions fail each time."""
        behaviours = self._here.script_of(run).behaviours.values()
        return 2 if any(one.fails_always for one in behaviours) else MOST_TRIES

    def _patience(self, run: str) -> float:
        draw = self._draw if self._is_written(run) else self._here.reconciler.draw
        drawn = draw.uniform(1.0, draw.choice((MINUTE, HOUR)))
        left = self._here.chaos.until - self._here.clock.seconds
        return drawn if self.tries[run] < MOST_TRIES // 2 else max(drawn, left + 3 * HOUR)

    def may_pause(self, pipeline: str, within: float) -> None:
        """Sometimes pause a pipeline for a while."""
        if self._draw.random() >= _PAUSED_SHARE:
            return
        begins = self._draw.uniform(0, within)
        self._later(begins, partial(self._pause, pipeline))
        lasts = self._draw.uniform(1.0, self._draw.choice((MINUTE, 2 * HOUR)))
        self._later(begins + lasts, partial(self._unpause, pipeline))

    def _pauser(self) -> Pauser:
        table = self._here.deployment.table
        queue = self._here.deployment.functions["trigger"].queue
        return Pauser(pauses=Pauses(client("dynamodb"), table), sqs=client("sqs"), trigger_queue=queue)

    def _pause(self, pipeline: str) -> None:
        def pause() -> None:
            # Somebody who had no answer looks whether it is paused.
            if self._pauser().pauses.read(pipeline) is None:
                self._pauser().pause(pipeline, "paused by the simulation", now())

        self._act(pause, lambda: None)

    def _unpause(self, pipeline: str) -> None:
        def unpause() -> None:
            if self._pauser().pauses.read(pipeline) is not None:
                self._pauser().unpause(pipeline)

        # A pause whose effect comes late may come behind this.
        self._act(unpause, partial(self._unpause, pipeline))
        if not self._here.chaos.is_over:
            self._later(HOUR, partial(self._unpause, pipeline))

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        self._here.clock.later(seconds, act)

    def _state(self, run: str) -> str:
        return self._here.ended[run][-1][1]

    def _retry(self, run: str) -> None:
        if self._state(run) not in (RunState.FAILED, RunState.SUCCEEDED):
            return
        here = self._here
        retrier = Retrier(
            ledger=Ledger(client("dynamodb"), here.deployment.table),
            s3=client("s3"),
            work_bucket=here.deployment.environment("SLUICE_WORK_BUCKET"),
            sqs=client("sqs"),
            events=client("events"),
            track_queue=here.deployment.environment("SLUICE_TRACK_QUEUE"),
            work_retention=_RETENTION,
        )

        def retry() -> None:
            # Somebody whose computer dies, or who has no answer, may have had it go on all the same.
            self.retried[run] = here.clock.seconds
            retrier.retry(run, now())
            self.retried[run] = here.clock.seconds

        self._act(retry, partial(self._retry, run))

    def _cancel(self, run: str) -> None:
        if self._state(run) == RunState.SUCCEEDED:
            return
        self.cancelled.add(run)
        here = self._here
        canceller = Canceller(
            ledger=Ledger(client("dynamodb"), here.deployment.table),
            batch=client("batch"),
            queues=_queues(here),
            run_id=run,
            reason="cancelled by the simulation",
            now=now,
            sleep=sleep,
            clock=lambda: here.clock.seconds,
        )

        def cancel() -> None:
            began = here.clock.seconds
            done = canceller.cancel(client("events"), _CANCEL_SECONDS, lambda remaining: None)
            # A run that had failed stays FAILED, and may be retried while its jobs are ended, or later.
            if done.remaining.is_empty and self.retried.get(run, -1.0) < began:
                self.cleared[run] = here.clock.seconds

        self._act(cancel, partial(self._cancel, run))

    def _act(self, command: Callable[[], Any], again: Callable[[], None]) -> None:
        """Have a command run by somebody, who tries again when it could not do what it was to do."""

        def ended(result: Any, error: BaseException | None) -> None:
            if error is None:
                return
            if isinstance(error, RunStateError):
                return
            if not isinstance(error, _EXPECTED):
                raise error
            self._later(self._draw.uniform(10, 10 * MINUTE), again)

        actor = self._here.actors.start("person", "person", command, ended)
        actor.facts = {"receives": "1"}


def _queues(here: Simulation) -> dict[str, str]:
    """Return the addresses of the job queues by their keys, as the functions have them."""
    from sluice.settings import TrackSettings

    environment = here.deployment.functions["track"].environment
    return dict(TrackSettings.from_env(environment).queue_arns())
