"""Queues that a deploy would take away, and the runs that still need them: Batch ends the jobs of a queue
that is deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from cli.cloud import Cloud
from sluice.run.state import Run


def runs_in_the_way(cloud: Cloud, wanted: Collection[str]) -> dict[str, list[str]]:
    """Return the queues that are deployed and not wanted any more, each with the unfinished runs that have
    steps left for it.

    Reads the unfinished runs, and only when a queue leaves at all.
    """
    leaving = {queue: list[str]() for queue in sorted(cloud.queues) if queue not in wanted}
    if not leaving:
        return {}
    for run_id in cloud.ledger.unfinished(datetime.now(UTC).isoformat(timespec="milliseconds")):
        run = cloud.ledger.load(run_id)
        for queue in set(_needed(run) if run else ()) & set(leaving):
            leaving[queue].append(run_id)
    return {queue: sorted(runs) for queue, runs in leaving.items() if runs}


def _needed(run: Run) -> Iterator[str]:
    for step in run.pipeline.steps:
        record = run.steps.get(step.name)
        if record is None or not record.done:
            yield step.queue
