"""The runs of the current test, for the report of one that fails."""

from __future__ import annotations

from collections import deque
from typing import Protocol

_KEPT = 5


class Reported(Protocol):
    """A run, as a report shows it."""

    @property
    def run_id(self) -> str:
        """Return the run's id."""

    @property
    def log(self) -> str:
        """Return all that was printed."""


_runs: deque[Reported] = deque(maxlen=_KEPT)


def add(run: Reported) -> None:
    """Keep a run."""
    _runs.append(run)


def take() -> list[Reported]:
    """Return the runs since the last call."""
    taken = list(_runs)
    _runs.clear()
    return taken
