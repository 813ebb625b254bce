"""The states of an array's children, for a heat map, without asking AWS Batch for each of them.

Few children are described. Of many those are known that left a word or a failure report (1,000 keys a
listing), and the first of those that run; when the step has ended the ledger itself says which failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from sluice import keys
from sluice.aws.batch_jobs import BatchReader, Job, describe_jobs, list_jobs
from sluice.operate.clients import Paginator
from sluice.operate.errors import RequestError
from sluice.operate.watching.snapshot import Snapshot
from sluice.run import child_ranges
from sluice.run.state import RunState, StepRecord, StepState

MAX_DESCRIBED = 500
"""So many children are described: five calls."""
MAX_RUNNING = 300
"""So many running children of a large array are listed: three calls."""
UNKNOWN, NOT_RUN, DONE, FAILED = "?", "n", "s", "f"
LETTERS = {
    "SUBMITTED": "w",
    "PENDING": "w",
    "RUNNABLE": "w",
    "STARTING": "b",
    "RUNNING": "r",
    "SUCCEEDED": DONE,
    "FAILED": FAILED,
}


class KeyLister(Protocol):
    """A client of S3 that lists keys."""

    def get_paginator(self, operation_name: str) -> Paginator:
        """Return what reads all pages of a listing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Children ``start`` and following of a step: a letter of LETTERS each, or UNKNOWN, or NOT_RUN.

    ``attempts`` and ``seconds`` are there when they were described; ``items`` are how many of each child's
    items are done and failed, by its word.
    """

    generation: int
    total: int
    start: int
    states: str
    attempts: tuple[int, ...] | None = None
    seconds: tuple[float | None, ...] | None = None
    items: Mapping[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class CellReader:
    """Reads children of a run's steps; ``bucket`` is the work bucket."""

    batch: BatchReader
    s3: KeyLister
    bucket: str

    def read(self, snapshot: Snapshot, step: str, start: int, count: int) -> Cells:
        """Return the children from ``start`` on, at most ``count``; raises RequestError for a step that the
        run does not have.
        """
        view, record = snapshot.step(step), snapshot.record(step)
        if view is None:
            raise RequestError(f"Expected a step of {snapshot.run.run_id}, found {step!r}.")
        total = view.children
        wanted = range(min(start, total), min(start + count, total))
        if (
            record is None
            or total == record.children == 1
            or record.job_id is None
            or total != record.children
        ):
            letter = LETTERS.get(view.state, NOT_RUN)
            return Cells(generation=0, total=total, start=wanted.start, states=letter * len(wanted), items={})
        if len(wanted) <= MAX_DESCRIBED:
            return self._described(record, wanted)
        return self._known(snapshot, record, wanted)

    def _described(self, record: StepRecord, wanted: range) -> Cells:
        """Describe children; what AWS Batch has forgotten is as the ledger says."""
        positions = {child: place for place, child in enumerate(record.indexes)}
        ids = {
            child: f"{record.job_id}:{positions[child]}" if record.size > 1 else str(record.job_id)
            for child in wanted
            if child in positions
        }
        jobs = {job["jobId"]: job for job in describe_jobs(self.batch, list(ids.values()))}
        found = [jobs.get(ids.get(child, ""), {}) for child in wanted]
        base = _by_ledger(record)
        states = "".join(
            LETTERS.get(job.get("status", ""), base.get(child, _base(record)))
            for child, job in zip(wanted, found, strict=True)
        )
        return Cells(
            generation=record.generation,
            total=record.children,
            start=wanted.start,
            states=states,
            attempts=tuple(len(job.get("attempts") or ()) for job in found),
            seconds=tuple(map(_seconds, found)),
            items={},
        )

    def _known(self, snapshot: Snapshot, record: StepRecord, wanted: range) -> Cells:
        states = dict.fromkeys(wanted, _base(record)) | _by_ledger(record)
        items: dict[int, tuple[int, int]] = {}
        if record.state is StepState.SUBMITTED and snapshot.run.state is RunState.RUNNING:
            items = dict(self._words(snapshot.run.run_id, record, wanted))
            states |= dict.fromkeys(self._failures(snapshot.run.run_id, record, wanted), FAILED)
            states |= dict.fromkeys(items, DONE)
            states |= self._running(record, states)
        return Cells(
            generation=record.generation,
            total=record.children,
            start=wanted.start,
            states="".join(states[child] for child in wanted),
            items=items,
        )

    def _words(self, run_id: str, record: StepRecord, wanted: range) -> Iterator[tuple[int, tuple[int, int]]]:
        prefix = keys.words_prefix(run_id, record.name, record.generation)
        for name in self._names(prefix, wanted):
            child, done, failed = name.split("-")[:3]
            if int(child) in wanted:
                yield int(child), (int(done), int(failed))

    def _failures(self, run_id: str, record: StepRecord, wanted: range) -> Iterator[int]:
        prefix = keys.failures_prefix(run_id, record.name, record.generation)
        for name in self._names(prefix, wanted):
            child = int(name.partition(".")[0])
            if child in wanted:
                yield child

    def _names(self, prefix: str, wanted: range) -> Iterator[str]:
        """Yield the names below a prefix, which begin with a child's number, until the last one wanted."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix, StartAfter=f"{prefix}{wanted.start:05d}"
        )
        for page in pages:
            names = [one["Key"].removeprefix(prefix) for one in page.get("Contents", ())]
            yield from names
            if names and int(names[-1][:5]) >= wanted.stop:
                return

    def _running(self, record: StepRecord, states: Mapping[int, str]) -> dict[int, str]:
        listed = list_jobs(self.batch, arrayJobId=record.job_id, jobStatus="RUNNING")
        indexes = record.indexes
        found = (indexes[job["arrayProperties"]["index"]] for job in islice(listed, MAX_RUNNING))
        return {child: "r" for child in found if states.get(child) == UNKNOWN}


def _base(record: StepRecord) -> str:
    """Return the letter of a child of which nothing is known but its step."""
    if record.state is StepState.SUCCEEDED:
        return DONE
    if record.state is StepState.FAILED:
        return DONE if record.failed_children is not None else UNKNOWN
    return UNKNOWN if record.state is StepState.SUBMITTED else "w"


def _by_ledger(record: StepRecord) -> dict[int, str]:
    """Return the children that the ledger knows of: those of earlier generations, and those that failed."""
    found: dict[int, str] = {}
    if record.spec.children is not None:
        found = dict.fromkeys(set(range(record.children)) - set(record.indexes), DONE)
    deferred = child_ranges.from_text(record.spec.deferred_children or "")
    failed = record.failed_indexes if record.state is StepState.FAILED else None
    return found | dict.fromkeys((*deferred, *(failed or ())), FAILED)


def _seconds(job: Job) -> float | None:
    started: Any = job.get("startedAt")
    stopped: Any = job.get("stoppedAt")
    return round((stopped - started) / 1000, 3) if started and stopped else None
