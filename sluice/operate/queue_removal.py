"""Finds the runs that need a job queue which a deploy is about to delete: AWS Batch ends the jobs of a
deleted queue.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from sluice.ledger.ledger import Ledger
from sluice.run.state import Run


def runs_that_need(ledger: Ledger, queues: Collection[str]) -> dict[str, list[str]]:
    """Return for each of these queues the unfinished runs with steps left for it; queues that no run needs
    are left out.

    Reads the unfinished runs, and nothing when there is no queue to ask for.
    """
    needed = {queue: list[str]() for queue in sorted(queues)}
    if not needed:
        return {}
    for run_id in ledger.unfinished(datetime.now(UTC).isoformat(timespec="milliseconds")):
        run = ledger.load(run_id)
        for queue in set(_queues_of(run) if run else ()) & needed.keys():
            needed[queue].append(run_id)
    return {queue: sorted(run_ids) for queue, run_ids in needed.items() if run_ids}


def _queues_of(run: Run) -> Iterator[str]:
    for step in run.pipeline.steps:
        record = run.steps.get(step.name)
        if record is None or not record.done:
            yield step.queue
