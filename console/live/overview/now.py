"""Reads the first view: what failed or is stuck, what runs, the queues, and what stands before runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace

from botocore.exceptions import ClientError

from console import contract
from console.live.cache import Cache
from console.live.cloud import Cloud
from console.live.listing import RunLists
from console.live.overview.attention import failed_runs, of_stuck
from console.live.overview.backfills import Backfills
from console.live.overview.sections import WaysIn, waiting_runs
from console.live.runs import digest, now
from console.live.shown import line_of_summary
from sluice.errors import SluiceError
from sluice.grouping.group import Group
from sluice.grouping.ledger import GroupLedger
from sluice.operate.watching.queues import QueueState, read_queues
from sluice.operate.watching.snapshot import Snapshot, jobs_by_queue, read_snapshots
from sluice.run.state import Run, RunState
from sluice.visible import visible

OVERVIEW_SECONDS = 5.0
_GROUP_SECONDS = 2.0
_SECTION_SECONDS = 10.0
_MAX_WATCHED = 20
"""So many running runs are looked at for what blocks them, and so many failed ones for their reasons."""
_READ_TOGETHER = 8
SectionSource = Callable[[], contract.Section]
"""Returns a part of the overview; one without rows is left out."""


@dataclass(frozen=True, slots=True)
class Now:
    """Reads the first view, and what is before the runs of one pipeline; ``further`` are more sections."""

    cloud: Cloud
    cache: Cache
    lists: RunLists
    further: Sequence[SectionSource]

    def overview(self) -> contract.Overview:
        """Return what people look at first."""
        return self.cache.get("overview", OVERVIEW_SECONDS, self._overview)

    def _overview(self) -> contract.Overview:
        """Read its parts at the same time: each is calls one after the other."""
        with ThreadPoolExecutor(_READ_TOGETHER) as threads:
            sections = threads.submit(self.cache.get, "sections", _SECTION_SECONDS, self._sections)
            queues = threads.submit(self.cache.get, "queues", _SECTION_SECONDS, self._queues)
            failed = threads.submit(self._failed)
            running = self.lists.newest(None, RunState.RUNNING, contract.MAX_ITEMS)
            watched = threads.map(self._try_load, [run.run_id for run in running[:_MAX_WATCHED]])
            runs = [run for run in watched if run is not None]
            snapshots = list(read_snapshots(runs, self.cloud.client("batch")))
            states = queues.result()
            stuck = self._stuck(snapshots, states)
            are_all = len(running) <= len(snapshots)
        found = contract.Overview(
            at=now(),
            attention=(*failed.result(), *stuck),
            running=tuple(map(line_of_summary, running[: contract.MAX_ITEMS - 1])),
            more_running=len(running) == contract.MAX_ITEMS,
            queues=self._shown_queues(states, jobs_by_queue(snapshots) if are_all else None),
            sections=sections.result(),
        )
        return replace(found, version=_version_of(found))

    def _failed(self) -> list[contract.Attention]:
        found = self.lists.newest(None, RunState.FAILED, _MAX_WATCHED)
        return failed_runs(self.cloud.client("dynamodb"), self.cloud.deployment.table, found)

    def _try_load(self, run_id: str) -> Run | None:
        """Return a run, None for one that has been removed meanwhile or that this version cannot read."""
        with suppress(SluiceError):
            return self.cloud.ledger.load(run_id)
        return None

    def _stuck(self, snapshots: Sequence[Snapshot], states: Sequence[QueueState]) -> list[contract.Attention]:
        queues = {one.arn: one for one in states}
        return [stuck for one in snapshots for stuck in of_stuck(one, queues)]

    def _queues(self) -> list[QueueState]:
        return read_queues(self.cloud.client("batch"), sorted(self.cloud.deployment.queues.values()))

    def _shown_queues(
        self, states: Sequence[QueueState], jobs: Mapping[str, Mapping[str, int]] | None
    ) -> tuple[contract.Queue, ...]:
        """Return queues with the jobs in them; None of ``jobs`` where more run than are watched."""
        keys = {arn: key for key, arn in self.cloud.deployment.queues.items()}
        return tuple(
            contract.Queue(
                name=one.name,
                key=keys.get(one.arn, one.name),
                state=one.state,
                status=one.status,
                environments=tuple(contract.Environment(**asdict(each)) for each in one.environments),
                jobs=None if jobs is None else dict(jobs.get(one.arn, {})),
            )
            for one in states
        )

    def _sections(self) -> tuple[contract.Section, ...]:
        return _with_rows((*self._own(None), *self.further))

    def _own(self, pipeline: str | None) -> tuple[SectionSource, ...]:
        """Return what reads the sections about a pipeline, or about all."""
        ways_in = WaysIn(self.cloud)
        return (
            lambda: waiting_runs(self.lists.newest(pipeline, RunState.WAITING, _MAX_WATCHED)),
            lambda: Backfills(self.cloud, self.cache).section(self._groups(), pipeline),
            lambda: ways_in.paused(pipeline),
            lambda: ways_in.sets(pipeline),
        )

    def pipeline(self, name: str) -> contract.PipelineNow:
        """Return what is before the runs of a pipeline."""
        return self.cache.get(("pipeline", name), _SECTION_SECONDS, lambda: self._pipeline(name))

    def _pipeline(self, name: str) -> contract.PipelineNow:
        return contract.PipelineNow(name=name, sections=_with_rows(self._own(name)))

    def groups(self) -> contract.Groups:
        """Return the open groups of uploads, the next to close first."""
        groups = (
            contract.Group(
                run_id=one.run_id,
                pipeline=one.pipeline,
                trigger=visible(one.trigger),
                files=one.files,
                max_files=one.max_files,
                opened_at=one.opened_at,
                closes_at=one.closes_at,
            )
            for one in self._groups()
        )
        return contract.Groups(tuple(sorted(groups, key=lambda one: one.closes_at)))

    def _groups(self) -> Sequence[Group]:
        ledger = GroupLedger(self.cloud.client("dynamodb"), self.cloud.deployment.table)
        return self.cache.get("groups", _GROUP_SECONDS, lambda: list(ledger.unfinished()))


def _version_of(found: contract.Overview) -> str:
    """Return a text that changes when what the view is about does."""
    lines = [(one.run_id, one.state) for one in found.running]
    attention = [(one.run.run_id, one.kind, one.text) for one in found.attention]
    return digest(json.dumps([lines, attention, [asdict(one) for one in found.sections]]))


def _with_rows(sources: Iterable[SectionSource]) -> tuple[contract.Section, ...]:
    return tuple(section for source in sources for section in _section(source))


def _section(source: SectionSource) -> list[contract.Section]:
    """Return a section with rows; one that cannot be read says so and takes nothing else away."""
    try:
        found = source()
    except (SluiceError, ClientError) as error:
        note = visible(str(error))
        return [contract.Section(id="problem", title="A part that cannot be read", rows=(), note=note)]
    return [found] if found.rows else []
