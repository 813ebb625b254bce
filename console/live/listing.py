"""Lists the runs of a cloud for the several parts of a view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from console.live.cache import Cache
from console.live.cloud import Cloud
from sluice.operate.listing.adopting import Adoption
from sluice.operate.listing.index import RunIndex
from sluice.operate.listing.listing import RunFilter, list_runs
from sluice.operate.listing.summaries import RunSummary
from sluice.run.state import RunState

_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class RunLists:
    """Lists runs; what one list needs to know of the ledger is kept for the others of the same view."""

    cloud: Cloud
    cache: Cache

    def newest(self, pipeline: str | None, state: RunState | None, limit: int) -> tuple[RunSummary, ...]:
        """Return the newest runs of a pipeline in a state; None stands for any."""
        return self.list(RunFilter(pipeline=pipeline, state=state), limit)

    def list(self, asked: RunFilter, limit: int) -> tuple[RunSummary, ...]:
        """Return the newest runs that a filter takes."""
        return list_runs(
            self.cloud.client("dynamodb"),
            self.cloud.deployment.table,
            asked=asked,
            limit=limit,
            pipelines=self._pipelines,
            is_complete=self._is_complete,
        ).runs

    def _pipelines(self) -> Sequence[str]:
        """Return the names of pipelines with runs, which cost a Query each."""
        index = RunIndex(self.cloud.client("dynamodb"), self.cloud.deployment.table)
        return self.cache.get("names", _SECONDS, index.pipelines)

    def _is_complete(self) -> bool:
        adoption = Adoption(self.cloud.client("dynamodb"), self.cloud.deployment.table)
        return self.cache.get("complete", _SECONDS, adoption.is_complete)
