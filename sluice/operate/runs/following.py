"""Follows runs: reads them again and again until they have ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from math import inf

from sluice.counted import counted
from sluice.operate.errors import OperationError
from sluice.operate.runs.reader import RunReader
from sluice.operate.runs.view import RunView

SECONDS_BETWEEN_READS = 1.0
"""A read is a Query and a DescribeJobs: often enough for a person, and far from any limit."""
Read = Callable[[], Sequence[RunView]]


def follow(
    read: Read,
    *,
    runs: int,
    seconds: float = inf,
    interval: float = SECONDS_BETWEEN_READS,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Sequence[RunView]]:
    """Yield what each read returns until there are ``runs`` runs and all have ended.

    ``read`` returns the runs that there are so far. Raises TimeoutError, with what has not ended, after
    ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while True:
        views = read()
        yield views
        if len(views) >= runs and all(view.ended for view in views):
            return
        if time.monotonic() > deadline:
            raise TimeoutError(_unfinished(views, runs, seconds))
        sleep(interval)


def expect_start(reader: RunReader, run_ids: Sequence[str], within: float) -> Read:
    """Return what reads runs that were just asked for; a read raises OperationError when one of them is not
    in the ledger ``within`` seconds from now.
    """
    deadline = time.monotonic() + within

    def read() -> Sequence[RunView]:
        views = reader.read(run_ids)
        if len(views) < len(run_ids) and time.monotonic() > deadline:
            missing = sorted(set(run_ids) - {view.run_id for view in views})
            raise OperationError(
                f"Expected {', '.join(missing)} to begin within {within:.0f} s, found nothing in the ledger."
                " Is the deployed app built from this repository? Read the trigger's dead-letter queue and"
                " its log."
            )
        return views

    return read


def _unfinished(views: Sequence[RunView], runs: int, seconds: float) -> str:
    live = "; ".join(f"{view.run_id}: {_unfinished_steps(view)}" for view in views if not view.ended)
    return (
        f"Expected {counted(runs, 'run')} to end within {seconds:.0f} s, found {len(views)} begun and these"
        f" unfinished: {live or 'none'}."
    )


def _unfinished_steps(view: RunView) -> str:
    return ", ".join(
        f"{step.name} {step.state}" for step in view.steps if step.state not in ("SUCCEEDED", "EMPTY")
    )
