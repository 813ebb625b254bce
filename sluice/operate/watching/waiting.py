"""Says why a run waits: what a step waits for, its place in the queue, what blocks it, since when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sluice.counted import counted
from sluice.operate.runs.view import StepView
from sluice.operate.watching.graph import edges_of
from sluice.operate.watching.queues import QueueReader, QueueState, front_of, read_queues
from sluice.operate.watching.snapshot import Snapshot, moment
from sluice.run.reasons import explain_blocked_queue

MAX_REASONS = 50
_RUNNABLE = "RUNNABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a step waits. ``kind``: blocked, environment, queue, starting, submitting, dependency. ``detail``
    is in AWS's own words.
    """

    step: str
    kind: str
    text: str
    since: str | None = None
    detail: str | None = None


_ORDER = ("blocked", "environment", "queue", "starting", "submitting", "dependency")


@dataclass(frozen=True, slots=True)
class WaitingReader:
    """Finds the reasons; ``queues`` are the ARNs of the job queues by their keys."""

    batch: QueueReader
    queues: Mapping[str, str]

    def read(self, snapshot: Snapshot) -> list[Reason]:
        """Return why a run waits, the most telling reason first: none for one that does not.

        A job that is runnable costs the snapshot of its queue, and two calls for all queues.
        """
        if snapshot.view.ended:
            return []
        found = [reason for step in snapshot.view.steps for reason in _of_step(snapshot, step)]
        runnable = [step for step in snapshot.view.steps if _is_runnable(snapshot, step)]
        found += self._of_queues(snapshot, runnable)
        found += [
            Reason(step=edge.child, kind="dependency", text=edge.text, since=_since(snapshot, edge.child))
            for edge in edges_of(snapshot)
            if edge.open
        ]
        return sorted(found, key=lambda one: _ORDER.index(one.kind))[:MAX_REASONS]

    def _of_queues(self, snapshot: Snapshot, runnable: list[StepView]) -> Iterator[Reason]:
        """Yield what is known of the queues of jobs that are runnable."""
        arns = {step.name: str(snapshot.job(step.name).get("jobQueue", "")) for step in runnable}
        names = sorted({arn for arn in arns.values() if arn})
        queues = {one.arn: one for one in read_queues(self.batch, names)}
        fronts = {arn: front_of(self.batch, arn) for arn in names}
        for step in runnable:
            arn = arns[step.name]
            if arn in queues:
                yield from _environments(step, queues[arn])
                yield _place(snapshot, step, queues[arn], fronts[arn])


def _is_runnable(snapshot: Snapshot, step: StepView) -> bool:
    job = snapshot.job(step.name)
    summary = (job.get("arrayProperties") or {}).get("statusSummary") or {}
    return job.get("status") == _RUNNABLE or bool(summary.get(_RUNNABLE))


def _of_step(snapshot: Snapshot, step: StepView) -> Iterator[Reason]:
    """Yield what a step's own job says."""
    job, since = snapshot.job(step.name), _since(snapshot, step.name)
    reason = str(job.get("statusReason") or "")
    blocked = explain_blocked_queue(reason)
    if blocked is not None:
        text = f"{step.name} cannot start: {blocked}."
        yield Reason(step=step.name, kind="blocked", text=text, since=since, detail=reason)
    if step.state == "STARTING":
        text = f"{step.name} has its machine: the image is pulled, and the container starts."
        yield Reason(step=step.name, kind="starting", text=text, since=since)
    elif step.state == "SUBMITTED" and not job:
        text = f"{step.name} is being submitted to AWS Batch."
        yield Reason(step=step.name, kind="submitting", text=text, since=since)


def _environments(step: StepView, queue: QueueState) -> Iterator[Reason]:
    if queue.state != "ENABLED":
        text = f"The queue {queue.name} of {step.name} is {queue.state.lower()}: nothing of it starts."
        yield Reason(step=step.name, kind="environment", text=text)
    for one in queue.environments:
        if one.state == "ENABLED" and one.status == "VALID":
            continue
        how = f"{one.state.lower()} and {one.status.lower()}"
        text = f"The compute environment {one.name} of {step.name} is {how}."
        yield Reason(step=step.name, kind="environment", text=text, detail=one.reason)


def _place(snapshot: Snapshot, step: StepView, queue: QueueState, front: list[str]) -> Reason:
    """Say where a job stands in its queue, and how full its machines are."""
    job_id = str(snapshot.job(step.name).get("jobId"))
    ahead = next((place for place, one in enumerate(front) if one.partition(":")[0] == job_id), None)
    if ahead is None:
        where = (
            f"behind the first {counted(len(front), 'job')} of the queue"
            if front
            else "not in the queue's front yet"
        )
    else:
        where = (
            f"at the front of the queue {queue.name}"
            if not ahead
            else f"behind {ahead} of the queue {queue.name}"
        )
    room = "; ".join(
        f"{one.name} asks for {one.vcpus} of at most {one.max_vcpus} vCPUs"
        for one in queue.environments
        if one.vcpus is not None and one.max_vcpus
    )
    text = f"{step.name} waits for a machine: it is {where}" + (f" ({room})." if room else ".")
    return Reason(step=step.name, kind="queue", text=text, since=_since(snapshot, step.name))


def _since(snapshot: Snapshot, step: str) -> str | None:
    record = snapshot.record(step)
    created = moment(snapshot.job(step).get("createdAt"))
    return created or (record.claimed_at if record and record.claimed_at else None)


def is_stuck(snapshot: Snapshot) -> Reason | None:
    """Return what only a person can mend, as far as a run's jobs say so, None for nothing; no call."""
    reasons = (reason for step in snapshot.view.steps for reason in _of_step(snapshot, step))
    return next((reason for reason in reasons if reason.kind == "blocked"), None)


def in_words(reasons: list[Reason]) -> str:
    """Return the whole in a sentence."""
    if not reasons:
        return "It waits for nothing."
    waiting = {reason.step for reason in reasons}
    return reasons[0].text + (
        f" {counted(len(waiting) - 1, 'more step waits', 'more steps wait')}." if len(waiting) > 1 else ""
    )
