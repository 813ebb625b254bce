"""What a person sees of a run: its steps, each with its state, children and times, read from the ledger and
from AWS Batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sluice.ledger.ledger import Ledger
from sluice.limits import MAX_DESCRIBE_JOBS
from sluice.run import child_ranges
from sluice.run.compiled import CompiledStep
from sluice.run.state import Run, RunState, StepRecord, StepState
from sluice.triggers.trigger_event import described

Jobs = Mapping[str, Mapping[str, Any]]
"""What DescribeJobs tells, by job id."""

WAITING = "WAITING"
"""The state of a step that nobody has claimed yet."""
_UNDER_WAY = ("STARTING", "RUNNING")
_ENDED = ("SUCCEEDED", "FAILED")
# In a run that has ended, a step that was claimed only is one that nobody will submit any more.
_SETTLED = (*_ENDED, StepState.EMPTY, StepState.CLAIMED, WAITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step: ``done`` of ``children`` have succeeded; nodes count as children, and succeed together.

    ``seconds`` since its first child started, None before that.
    """

    name: str
    kind: str
    state: str
    children: int = 0
    done: int = 0
    failed: int = 0
    seconds: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One run with its steps in the order of the pipeline; ``seconds`` since it was triggered, until it
    ended.
    """

    run_id: str
    pipeline: str
    input: str
    state: RunState
    seconds: float
    steps: tuple[StepView, ...]
    created_at: str = ""
    ended_at: str | None = None

    @property
    def ended(self) -> bool:
        """Return whether nothing more will happen to it: its outcome is recorded, and its cleanup is over as
        well.
        """
        return self.state is not RunState.RUNNING and all(step.state in _SETTLED for step in self.steps)


class Runs:
    """Looks at runs; ``batch`` is a Batch client. A look costs a Query a run and one DescribeJobs for each
    100 jobs.
    """

    def __init__(self, ledger: Ledger, batch: Any) -> None:
        self._ledger = ledger
        self._batch = batch
        self._ended: dict[str, Mapping[str, Any]] = {}

    def look(self, run_ids: Iterable[str]) -> list[RunView]:
        """Return the runs as they are now; those that the ledger does not know are left out."""
        runs = [run for run in map(self._ledger.load, run_ids) if run is not None]
        jobs = self._describe([step.job_id for run in runs for step in run.steps.values() if step.job_id])
        now = datetime.now(UTC)
        return [view_of(run, jobs, now) for run in runs]

    def _describe(self, job_ids: list[str]) -> Jobs:
        asked = [job_id for job_id in job_ids if job_id not in self._ended]
        found: dict[str, Mapping[str, Any]] = {}
        for start in range(0, len(asked), MAX_DESCRIBE_JOBS):
            answer = self._batch.describe_jobs(jobs=asked[start : start + MAX_DESCRIBE_JOBS])
            found.update((job["jobId"], job) for job in answer["jobs"])
        self._ended.update((job_id, job) for job_id, job in found.items() if job["status"] in _ENDED)
        return self._ended | found


def view_of(run: Run, jobs: Jobs, now: datetime) -> RunView:
    """Return what to show of a run, given its jobs as Batch describes them."""
    end = datetime.fromisoformat(run.ended_at) if run.ended_at else now
    return RunView(
        run_id=run.run_id,
        pipeline=run.pipeline.name,
        input=described(run.trigger),
        state=run.state,
        seconds=(end - datetime.fromisoformat(run.created_at)).total_seconds(),
        steps=tuple(_steps(run, jobs, now)),
        created_at=run.created_at,
        ended_at=run.ended_at,
    )


def _steps(run: Run, jobs: Jobs, now: datetime) -> Iterator[StepView]:
    for step in run.pipeline.steps:
        record = run.steps.get(step.name)
        if record is None:
            yield StepView(name=step.name, kind=step.kind, state=WAITING)
        else:
            yield _step(step, record, jobs.get(record.job_id or "", {}), now)


def _step(step: CompiledStep, record: StepRecord, job: Mapping[str, Any], now: datetime) -> StepView:
    counts = job.get("arrayProperties", {}).get("statusSummary") or {job.get("status", "SUBMITTED"): 1}
    succeeded = record.state is StepState.SUCCEEDED
    children, (before, carried) = step.nodes or record.children, _of_others(record)
    return StepView(
        name=step.name,
        kind=step.kind,
        state=_state(record, job, counts),
        children=children,
        done=children - carried if succeeded else before + counts.get("SUCCEEDED", 0),
        failed=carried if succeeded else carried + counts.get("FAILED", 0),
        seconds=_seconds(job, now),
        reason=record.reason,
    )


def _of_others(record: StepRecord) -> tuple[int, int]:
    """Return how many children earlier generations finished, and how many failed ones are left to the
    next.
    """
    if record.spec.children is None:
        return 0, 0
    carried = {*child_ranges.from_text(record.spec.deferred_children or "")} - {*record.indexes}
    return record.children - record.size - len(carried), len(carried)


def _state(record: StepRecord, job: Mapping[str, Any], counts: Mapping[str, int]) -> str:
    """Return Batch's state while the ledger waits for the job; an array with a child under way counts as
    running.
    """
    if record.state is not StepState.SUBMITTED or not job:
        return str(record.state)
    if job["status"] in _ENDED:
        return str(job["status"])
    under_way = any(counts.get(state) for state in (*_UNDER_WAY, *_ENDED)) and record.children > 1
    return "RUNNING" if under_way else str(job["status"])


def _seconds(job: Mapping[str, Any], now: datetime) -> float | None:
    """Return how long a job has run; Batch's times are milliseconds since 1970."""
    if not job.get("startedAt"):
        return None
    end = job.get("stoppedAt") or now.timestamp() * 1000
    return float(max(0.0, (end - job["startedAt"]) / 1000))
