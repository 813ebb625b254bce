"""Results that go before they are read: somebody deletes them, or a lifecycle rule of the bucket does."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING

from sluice.keys import run_prefix
from sluice.run.state import RunState
from tests.simulation.chaos import Level

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

_SHARE = 0.3
"""Of the runs, where anything may go wrong."""
_LOOKS = 40
_DELETED_SHARE = 0.3
"""How often a look that finds results deletes one."""


class Decay:
    """Deletes a result of some runs while they are under way; nobody can mend these.

    It draws from a source of its own, so that the runs that keep their results are what they would be
    without it.
    """

    def __init__(self, simulation: Simulation) -> None:
        """Have seen nothing."""
        self._here = simulation
        self._draw = random.Random(f"{simulation.seed} decay")  # noqa: S311 - repeatable, not secret
        self._seen: set[str] = set()

    def sees(self, run: str, state: RunState) -> None:
        """Choose whether a run that begins loses a result."""
        if state is not RunState.RUNNING or run in self._seen or self._here.chaos.level is not Level.WILD:
            return
        self._seen.add(run)
        if self._draw.random() < _SHARE:
            self._look_later(run, _LOOKS)

    def _look_later(self, run: str, left: int) -> None:
        chaos = self._here.chaos
        seconds = self._draw.expovariate(1 / (chaos.boot + chaos.work))
        self._here.clock.later(seconds, partial(self._look, run, left))

    def _look(self, run: str, left: int) -> None:
        if self._here.chaos.is_over or self._here.ended[run][-1][1] != RunState.RUNNING:
            return
        bucket = self._here.deployment.environment("SLUICE_WORK_BUCKET")
        kept = self._here.buckets.objects.get(bucket, {})
        found = sorted(key for key in kept if key.startswith(run_prefix(run)) and "/results/" in key)
        if found and self._draw.random() < _DELETED_SHARE:
            key = self._draw.choice(found)
            self._here.buckets.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}]})
            self._here.chaos.damaged.add(run)
            self._here.chaos.faults["result deleted"] += 1
        elif left:
            self._look_later(run, left - 1)
