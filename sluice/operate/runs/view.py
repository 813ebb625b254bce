"""What people see of a run: its steps, each with its state, children and times. Pure, made from the ledger's
records and from what AWS Batch describes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sluice.aws.batch_jobs import ENDED, Job
from sluice.run import child_ranges
from sluice.run.compiled import CompiledStep
from sluice.run.state import Run, RunState, StepRecord, StepState
from sluice.triggers.trigger_event import described

WAITING = "WAITING"
"""The state of a step that has not been claimed yet."""
_IN_FLIGHT = ("STARTING", "RUNNING")
# In a run that has ended, a step that was only claimed will not be submitted any more.
_FINAL = (*ENDED, StepState.EMPTY, StepState.CLAIMED, WAITING)


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
        return self.state is not RunState.RUNNING and all(step.state in _FINAL for step in self.steps)


def view_of(run: Run, jobs: Mapping[str, Job], now: datetime) -> RunView:
    """Return what to show of a run, given its jobs by id as DescribeJobs returns them."""
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


def _steps(run: Run, jobs: Mapping[str, Job], now: datetime) -> Iterator[StepView]:
    for step in run.pipeline.steps:
        record = run.steps.get(step.name)
        if record is None:
            yield StepView(name=step.name, kind=step.kind, state=WAITING)
        else:
            yield _step(step, record, jobs.get(record.job_id or "", {}), now)


def _step(step: CompiledStep, record: StepRecord, job: Job, now: datetime) -> StepView:
    counts = job.get("arrayProperties", {}).get("statusSummary") or {job.get("status", "SUBMITTED"): 1}
    succeeded = record.state is StepState.SUCCEEDED
    children, (done_earlier, deferred) = step.nodes or record.children, _of_other_generations(record)
    return StepView(
        name=step.name,
        kind=step.kind,
        state=_state(record, job, counts),
        children=children,
        done=children - deferred if succeeded else done_earlier + counts.get("SUCCEEDED", 0),
        failed=deferred if succeeded else deferred + counts.get("FAILED", 0),
        seconds=_seconds(job, now),
        reason=record.reason,
    )


def _of_other_generations(record: StepRecord) -> tuple[int, int]:
    """Return how many children earlier generations finished, and how many failed ones are deferred to the
    next generation.
    """
    if record.spec.children is None:
        return 0, 0
    deferred = {*child_ranges.from_text(record.spec.deferred_children or "")} - {*record.indexes}
    return record.children - record.size - len(deferred), len(deferred)


def _state(record: StepRecord, job: Job, counts: Mapping[str, int]) -> str:
    """Return Batch's state while the ledger waits for the job; an array with a child in flight counts as
    running.
    """
    if record.state is not StepState.SUBMITTED or not job:
        return str(record.state)
    if job["status"] in ENDED:
        return str(job["status"])
    in_flight = any(counts.get(state) for state in (*_IN_FLIGHT, *ENDED)) and record.children > 1
    return "RUNNING" if in_flight else str(job["status"])


def _seconds(job: Job, now: datetime) -> float | None:
    """Return how long a job has run; Batch's times are milliseconds since 1970."""
    if not job.get("startedAt"):
        return None
    end = job.get("stoppedAt") or now.timestamp() * 1000
    return float(max(0.0, (end - job["startedAt"]) / 1000))
