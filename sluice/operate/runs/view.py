"""What people see of a run: its steps, each with its state, children and times. Pure, made from the ledger's
records and from what AWS Batch describes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sluice.aws.batch_jobs import ENDED, Job
from sluice.run import child_ranges
from sluice.run.compiled import CompiledStep
from sluice.run.failures.machine_faults import why_again
from sluice.run.failures.words import items_of
from sluice.run.state import Run, RunState, StepRecord, StepState
from sluice.triggers.trigger_event import described

WAITING = "WAITING"
"""The state of a step that has not been claimed yet."""
# What a job that waited for a failed one has for a reason, and an array all of whose children did.
_WITHOUT_OWN_REASON = re.compile(r"^never submitted|Dependent|^\d+ of \d+ children failed$")
NOT_RUN = "NOT_RUN"
"""The state of a step that never ran: the run is over, or something that it waited for failed."""
_SUBMITTED = "SUBMITTED"
_IN_FLIGHT = ("STARTING", "RUNNING")
_FINAL = (*ENDED, StepState.EMPTY, NOT_RUN)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step: ``done`` of ``children`` have succeeded; nodes count as children, and succeed together.
    None of a step that never ran has failed. ``failed_items`` of its ``items`` are not done, as far as the
    ledger knows.

    ``seconds`` since its first child started, None before that.
    """

    name: str
    kind: str
    state: str
    children: int = 0
    done: int = 0
    failed: int = 0
    items: int = 0
    failed_items: int = 0
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
        return self.state.has_ended and all(step.state in _FINAL for step in self.steps)


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
    lost: set[str] = set()
    for step in run.pipeline.steps:
        view = _view_of_step(step, run, jobs, now)
        if view.state == StepState.FAILED:
            if not view.done and _never_ran(view) and not lost.isdisjoint(step.parents):
                # AWS Batch calls jobs that it never began failed, too.
                view = replace(view, state=NOT_RUN, failed=0)
            lost.add(step.name)
        yield replace(view, reason=_with_why_again(view.reason, step, run.steps.get(step.name)))


def _with_why_again(reason: str | None, step: CompiledStep, record: StepRecord | None) -> str | None:
    """Return why a step failed, and why its job ran again, where a person would not expect that."""
    again = why_again(step, record) if record is not None else None
    return "; ".join(filter(None, [reason, again])) or None


def _view_of_step(step: CompiledStep, run: Run, jobs: Mapping[str, Job], now: datetime) -> StepView:
    record = run.steps.get(step.name)
    is_over = run.state.has_ended
    if record is None:
        return StepView(name=step.name, kind=step.kind, state=NOT_RUN if is_over else WAITING)
    view = _step(step, record, jobs.get(record.job_id or "", {}), now)
    if record.state is StepState.CLAIMED:
        # A run that has ended submits nothing any more.
        view = replace(view, state=NOT_RUN if is_over else _SUBMITTED)
    return view


def _never_ran(view: StepView) -> bool:
    """Return whether a step failed with something before it: none of its own jobs has begun."""
    return view.seconds is None and (
        view.reason is None or _WITHOUT_OWN_REASON.search(view.reason) is not None
    )


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
        items=items_of(record),
        failed_items=record.failed_items or 0,
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
