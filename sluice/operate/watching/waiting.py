"""Says why a run waits: what a step waits for, its place in the queue, what blocks it, since when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from sluice.aws.batch_jobs import BatchReader, Job, jobs_by_id
from sluice.counted import counted
from sluice.operate.runs.turns import Turn
from sluice.operate.runs.view import StepView
from sluice.operate.watching.graph import edges_of
from sluice.operate.watching.queues import QueueReader, QueueState, front_of, read_queues
from sluice.operate.watching.snapshot import Snapshot, moment
from sluice.run.reasons import explain_blocked_queue
from sluice.run.state import Run

MAX_REASONS = 50
_MAX_AHEAD = 3
"""So many of the jobs ahead in a queue are named."""
_RUNNABLE = "RUNNABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a step waits, or the whole run, without a step. ``kind``: turn, blocked, environment, queue,
    starting, submitting, dependency. ``detail`` is in AWS's own words; ``runs`` are ahead.
    """

    step: str
    kind: str
    text: str
    since: str | None = None
    detail: str | None = None
    runs: tuple[str, ...] = ()


_ORDER = ("turn", "blocked", "environment", "queue", "starting", "submitting", "dependency")


class WaitingBatch(QueueReader, BatchReader, Protocol):
    """A client of AWS Batch that reads queues, and the jobs that are ahead in them."""


@dataclass(frozen=True, slots=True)
class WaitingReader:
    """Finds the reasons; ``queues`` are the ARNs of the job queues by their keys."""

    batch: WaitingBatch
    queues: Mapping[str, str]

    def read(self, snapshot: Snapshot) -> list[Reason]:
        """Return why a run waits, the most telling reason first: none for one that does not.

        A job that is runnable costs the snapshot of its queue, two calls for all queues, and one for the jobs
        that are ahead.
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
        arns = {step.name: _queue_of(snapshot, step) for step in runnable}
        names = sorted({arn for arn in arns.values() if arn})
        queues = {one.arn: one for one in read_queues(self.batch, names)}
        fronts = {arn: front_of(self.batch, arn) for arn in names}
        ahead = {step.name: _ahead(snapshot, step, fronts.get(arns[step.name], [])) for step in runnable}
        known = self._first_known(ahead.values())
        for step in runnable:
            arn = arns[step.name]
            if arn in queues:
                yield from _environments(step, queues[arn])
                yield _place(snapshot, step, queues[arn], len(fronts[arn]), ahead[step.name], known)

    def _first_known(self, ahead: Iterable[list[str] | None]) -> Mapping[str, Job]:
        first = {job for jobs in ahead for job in _first_jobs(jobs or [])}
        return jobs_by_id(self.batch, sorted(first))


def _queue_of(snapshot: Snapshot, step: StepView) -> str:
    return str(snapshot.job(step.name).get("jobQueue", ""))


def _ahead(snapshot: Snapshot, step: StepView, front: list[str]) -> list[str] | None:
    """Return the jobs before a step's own at the front of its queue, None where it is not there."""
    job_id = str(snapshot.job(step.name).get("jobId"))
    place = next((place for place, one in enumerate(front) if _job_of(one) == job_id), None)
    return None if place is None else front[:place]


def _first_jobs(ahead: list[str]) -> list[str]:
    """Return the first jobs of these; children of an array are one."""
    return list(dict.fromkeys(map(_job_of, ahead)))[:_MAX_AHEAD]


def _job_of(job_id: str) -> str:
    return job_id.partition(":")[0]


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
        if one.is_open:
            continue
        how = f"{one.state.lower()} and {one.status.lower()}"
        text = f"The compute environment {one.name} of {step.name} is {how}."
        yield Reason(step=step.name, kind="environment", text=text, detail=one.reason)


def _place(
    snapshot: Snapshot,
    step: StepView,
    queue: QueueState,
    front: int,
    ahead: list[str] | None,
    known: Mapping[str, Job],
) -> Reason:
    """Say where a job stands in its queue, what is before it, and how full its machines are."""
    if ahead is None:
        where = (
            f"behind the first {counted(front, 'job')} of the queue"
            if front
            else "not in the queue's front yet"
        )
    elif not ahead:
        where = f"at the front of the queue {queue.name}"
    else:
        where = f"behind {len(ahead)} of the queue {queue.name}{_named(ahead, known)}"
    room = "; ".join(
        f"{one.name} asks for {one.vcpus} of at most {one.max_vcpus} vCPUs"
        for one in queue.environments
        if one.vcpus is not None and one.max_vcpus
    )
    text = f"{step.name} waits for a machine: it is {where}" + (f" ({room})." if room else ".")
    return Reason(step=step.name, kind="queue", text=text, since=_since(snapshot, step.name))


def _named(ahead: list[str], known: Mapping[str, Job]) -> str:
    """Return the names of the first jobs that are ahead, as far as AWS Batch knows them."""
    first = _first_jobs(ahead)
    names = [str(known[one]["jobName"]) for one in first if one in known]
    more = ", …" if len({_job_of(one) for one in ahead}) > len(first) else ""
    return f": {', '.join(names)}{more}" if names else ""


def _since(snapshot: Snapshot, step: str) -> str | None:
    record = snapshot.record(step)
    created = moment(snapshot.job(step).get("createdAt"))
    return created or (record.claimed_at if record and record.claimed_at else None)


def is_stuck(snapshot: Snapshot, queues: Mapping[str, QueueState]) -> Reason | None:
    """Return what only a person can mend, as far as a run's jobs and their queues, by their ARNs, say so;
    None for nothing. No call.
    """
    reasons = (reason for step in snapshot.view.steps for reason in _of_stuck(snapshot, step, queues))
    return next(reasons, None)


def _of_stuck(snapshot: Snapshot, step: StepView, queues: Mapping[str, QueueState]) -> Iterator[Reason]:
    yield from (reason for reason in _of_step(snapshot, step) if reason.kind == "blocked")
    queue = queues.get(_queue_of(snapshot, step))
    if queue is not None and queue.starts_nothing and _is_runnable(snapshot, step):
        yield from (replace(one, since=_since(snapshot, step.name)) for one in _environments(step, queue))


def of_turn(run: Run, turn: Turn) -> Reason:
    """Say behind which runs a run waits for its turn."""
    before = counted(len(turn.before), "run")
    text = f"It waits for its turn behind {counted(len(turn.running), 'run')} under way"
    text += f" and {before} that came before it." if turn.before else ": it is the next."
    ahead = (*turn.running, *turn.before)[:MAX_REASONS]
    return Reason(step="", kind="turn", text=text, since=run.created_at, runs=ahead)


def in_words(reasons: list[Reason]) -> str:
    """Return the whole in a sentence."""
    if not reasons:
        return "It waits for nothing."
    waiting = {reason.step for reason in reasons}
    more = counted(len(waiting) - 1, "more step waits", "more steps wait")
    return f"{reasons[0].text} {more}." if len(waiting) > 1 else reasons[0].text
