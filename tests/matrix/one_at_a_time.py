"""Whether runs that had to wait for one another did."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from sluice.ordering.run_queue import QueueKey

if TYPE_CHECKING:
    from tests.matrix.harness import Harness


def together(harness: Harness) -> Iterator[str]:
    """Yield the runs of one key that worked at the same time, though their pipeline allows one."""
    spans: dict[QueueKey, list[tuple[float, float, str]]] = {}
    for run in harness.runs():
        key, concurrency = QueueKey.of(run), run.pipeline.concurrency
        moments = _moments(harness, run.run_id)
        if key is not None and concurrency is not None and concurrency.max_runs == 1 and moments:
            spans.setdefault(key, []).append((min(moments), max(moments), run.run_id))
    for of_key in spans.values():
        for (_, end, first), (begin, _, second) in pairwise(sorted(of_key)):
            if begin < end:
                yield f"{second} began to work at {begin}, and {first} worked until {end}"


def _moments(harness: Harness, run_id: str) -> list[float]:
    """Return when work of a run began and ended; nothing ends that has not begun."""
    begun = [work.at for work in harness.works if work.run == run_id]
    return [*begun, *(one.at for one in harness.finished if one.work.run == run_id)]
