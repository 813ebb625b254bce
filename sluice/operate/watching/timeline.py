"""When a run did what: how long each job waited, booted and worked, by generations and attempts; vCPUs in
use.

AWS Batch says when a job was created, started and stopped, and the same of each attempt. It does not say
since when a job that starts now has had its machine: that stretch is known only while it lasts, as the job's
state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Any

from sluice.aws.batch_jobs import BatchReader, Job, list_jobs, list_jobs_by_name
from sluice.operate.watching.snapshot import Snapshot, moment
from sluice.run.job_names import JobName

MAX_SAMPLED = 100
"""So many ended children of an array are listed for the vCPUs: one call."""
MAX_ARRAYS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stretch of a job's time; ``phase``: waiting, booting, working. One that lasts has no ``end``."""

    step: str
    generation: int
    phase: str
    start: str
    end: str | None
    attempt: int | None
    state: str


@dataclass(frozen=True, slots=True)
class RunTimes:
    """The stretches of a run by step, and pairs of a time and the vCPUs in use from then on."""

    stretches: Mapping[str, tuple[Stretch, ...]]
    vcpus: tuple[tuple[str, float], ...]
    sampled: bool


@dataclass(frozen=True, slots=True)
class _Span:
    """That ``vcpus`` were in use, in milliseconds since 1970."""

    start: float
    stop: float
    vcpus: float


@dataclass(frozen=True, slots=True)
class TimelineReader:
    """Reads when jobs ran; ``queues`` are the ARNs of the job queues by their keys."""

    batch: BatchReader
    queues: Mapping[str, str]

    def read(self, snapshot: Snapshot, now: float) -> RunTimes:
        """Return the times of a run: a listing for each queue of the run, and one for each of its largest
        arrays.

        ``now`` is in milliseconds since 1970.
        """
        found: dict[str, list[Stretch]] = defaultdict(list)
        jobs = [(name, job) for job in self._jobs(snapshot) if (name := JobName.parse(job["jobName"]))]
        for name, job in sorted(jobs, key=lambda one: one[0].generation):
            detailed = snapshot.jobs.get(job["jobId"], job)
            found[name.step].extend(_stretches(name, detailed))
        spans, sampled = self._spans(snapshot, now)
        return RunTimes(
            {step: tuple(some) for step, some in found.items()}, tuple(_usage(spans, now)), sampled
        )

    def _jobs(self, snapshot: Snapshot) -> Iterator[Job]:
        """Yield the jobs of all generations; of the last ones also what AWS Batch lists no more by name."""
        steps = snapshot.run.pipeline.steps
        wanted = {step.queue for step in steps} | {step.steady for step in steps if step.reclaimed}
        seen: set[str] = set()
        for queue in sorted(self.queues[key] for key in wanted if key in self.queues):
            for job in list_jobs_by_name(self.batch, queue, f"{snapshot.run.run_id}_*"):
                seen.add(job["jobId"])
                yield job
        yield from (job for job_id, job in snapshot.jobs.items() if job_id not in seen)

    def _spans(self, snapshot: Snapshot, now: float) -> tuple[list[_Span], bool]:
        """Return when vCPUs were in use, and whether children of a large array were reckoned from others."""
        spans: list[_Span] = []
        sampled = False
        arrays = 0
        for job in snapshot.jobs.values():
            size = int((job.get("arrayProperties") or {}).get("size") or 0)
            if not size:
                spans.extend(_span(job, _vcpus(job), now))
                continue
            arrays += 1
            if arrays > MAX_ARRAYS:
                sampled = True
                continue
            children = self._children(job)
            started = _started(job)
            share = max(1.0, started / len(children)) if children else 1.0
            sampled = sampled or share > 1
            vcpus = _vcpus(job) * share
            spans.extend(span for child in children for span in _span(child, vcpus, now))
        return spans, sampled

    def _children(self, job: Job) -> list[Job]:
        states = (job.get("arrayProperties") or {}).get("statusSummary") or {}
        state = max(("SUCCEEDED", "RUNNING", "FAILED"), key=lambda one: states.get(one, 0))
        return list(islice(list_jobs(self.batch, arrayJobId=job["jobId"], jobStatus=state), MAX_SAMPLED))


def _started(job: Job) -> int:
    states = (job.get("arrayProperties") or {}).get("statusSummary") or {}
    return sum(states.get(one, 0) for one in ("SUCCEEDED", "RUNNING", "FAILED"))


def _stretches(name: JobName, job: Job) -> Iterator[Stretch]:
    """Yield the stretches of a job: before each attempt it waits, then it works."""
    last, state, times = job.get("createdAt"), str(job.get("status", "")), _attempts(job)
    for number, (started, stopped) in enumerate(times, start=1):
        if last and started > last:
            yield _stretch(name, "waiting", last, started, number, state)
        yield _stretch(name, "working", started, stopped, number, "FAILED" if number < len(times) else state)
        last = stopped or last
    if state in _BEFORE_WORK and last:
        phase = "booting" if state == "STARTING" else "waiting"
        yield _stretch(name, phase, last, None, len(times) + 1, state)


_BEFORE_WORK = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING")


def _attempts(job: Job) -> list[tuple[float, float | None]]:
    """Return when each attempt that has begun started and stopped."""
    attempts: Sequence[Mapping[str, Any]] = job.get("attempts") or ()
    times = [(one["startedAt"], one.get("stoppedAt")) for one in attempts if one.get("startedAt")]
    now = job.get("startedAt")
    if now and (not times or times[-1][0] != now):
        times.append((now, job.get("stoppedAt")))
    return times


def _stretch(name: JobName, phase: str, start: float, end: float | None, attempt: int, state: str) -> Stretch:
    return Stretch(
        step=name.step,
        generation=name.generation,
        phase=phase,
        start=str(moment(start)),
        end=moment(end),
        attempt=attempt,
        state=state,
    )


def _vcpus(job: Job) -> float:
    container = job.get("container") or {}
    wanted = {one["type"]: float(one["value"]) for one in container.get("resourceRequirements") or ()}
    return wanted.get("VCPU") or float(container.get("vcpus") or 0)


def _span(job: Job, vcpus: float, now: float) -> Iterator[_Span]:
    if job.get("startedAt"):
        yield _Span(job["startedAt"], job.get("stoppedAt") or now, vcpus)


def _usage(spans: Sequence[_Span], now: float) -> Iterator[tuple[str, float]]:
    """Yield when the vCPUs in use changed, and to how many."""
    changes: dict[float, float] = defaultdict(float)
    for span in spans:
        changes[span.start] += span.vcpus
        if span.stop < now:
            changes[span.stop] -= span.vcpus
    moments = sorted(changes)
    for at, vcpus in zip(moments, accumulate(changes[one] for one in moments), strict=True):
        yield str(moment(at)), round(max(0.0, vcpus), 3)
