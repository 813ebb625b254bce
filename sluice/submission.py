"""What a run needs next: the pure heart of Sluice. Compares the graph with what the ledger says was submitted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sluice.compiled import CompiledPipeline, CompiledStep, Kind
from sluice.errors import RefusedError
from sluice.graph import ancestors, before
from sluice.job_names import JobName
from sluice.limits import MAX_ARRAY_SIZE, MIN_ARRAY_SIZE, check_submit_job
from sluice.run import RunState, Shared, StepRecord, StepState
from sluice.settings import SubmissionSettings
from sluice.start_job import left_to_start_job
from sluice.trigger import argument

INPUT_PARAMETER = "input"
"""The parameter of a job that its command takes as ``Ref::input``.

https://docs.aws.amazon.com/batch/latest/userguide/job_definition_parameters.html
"""
Records = Mapping[str, StepRecord]


@dataclass(frozen=True, slots=True)
class Wait:
    """A dependency on another step's job: on the whole of it, or child by child."""

    step: str
    n_to_n: bool = False


@dataclass(frozen=True, slots=True)
class Submission:
    """A step that can be submitted now; ``children`` is 1 for a plain job, 0 for a step that has nothing to do."""

    step: CompiledStep
    children: int
    waits: tuple[Wait, ...] = ()
    shared: Shared | None = None
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do for a run: submit these, in this order, and whether the run has come to an end."""

    submissions: tuple[Submission, ...]
    outcome: RunState
    failed_step: str | None = None


def children_of(items: int, items_per_child: int) -> int:
    """Return how many children share these items: at most 10,000; beyond that each gets a longer slice."""
    return min(-(-items // items_per_child), MAX_ARRAY_SIZE)


def decide(pipeline: CompiledPipeline, records: Records, *, starting: bool = False) -> Decision:
    """Return what the run needs next; ``starting`` when its start job asks, to which everybody leaves what stands behind it."""
    failed = [step for step in pipeline.steps if step.kind is not Kind.CLEANUP and _failed(records.get(step.name))]
    if failed:
        parents = pipeline.parents()
        cause = next((step.name for step in failed if _explained(before(parents, step.name), records)), None)
        return Decision((), RunState.FAILED if cause else RunState.RUNNING, cause)
    left = not starting and left_to_start_job(pipeline, records)
    submissions = tuple(one for one in _submissions(pipeline, records) if not left or one.step.kind is Kind.START)
    empty = {submission.step.name for submission in submissions if submission.children == 0}
    work = [step.name for step in pipeline.steps if step.kind is not Kind.CLEANUP]
    done = all(name in empty or (name in records and records[name].done) for name in work)
    return Decision(submissions, RunState.SUCCEEDED if done else RunState.RUNNING)


def _failed(record: StepRecord | None) -> bool:
    return record is not None and record.failed


def _explained(names: Iterable[str], records: Records) -> bool:
    """Return whether no step before can still turn out to be why this one failed: a cause may be told after its effect."""
    return all(records[name].done or records[name].planned or records[name].failed for name in names if name in records)


def _submissions(pipeline: CompiledPipeline, records: Records) -> Iterator[Submission]:
    """Yield the steps that have no record, whose parents are placed, and whose plans, however far before them, are planned."""
    plans = ancestors(pipeline.parents(), {step.name for step in pipeline.steps if step.kind is Kind.PLAN})
    placed: dict[str, Submission] = {}
    for step in pipeline.steps:
        ready = all(name in records and records[name].planned for name in plans[step.name])
        # A plan of uploads is written with the run, and has no job.
        if step.of_uploads or step.name in records or not ready or not all(name in records or name in placed for name in step.parents):
            continue
        waits = tuple(_waits(step, pipeline, records, placed))
        if len(waits) > step.most_parents:
            continue  # Empty parents passed on what they would have waited for; it is placed when enough of that is done.
        shared = _shared(step, records)
        children = children_of(shared.items, step.items_per_child) if shared else 1
        placed[step.name] = Submission(step, children, waits, shared)
        yield placed[step.name]


def _shared(step: CompiledStep, records: Records) -> Shared | None:
    if step.items_of:
        return Shared(records[step.items_of].manifest, records[step.items_of].items or 0)
    return Shared(None, step.size) if step.size is not None else None


def _waits(step: CompiledStep, pipeline: CompiledPipeline, records: Records, placed: Mapping[str, Submission]) -> Iterator[Wait]:
    """Yield whom Batch must wait for: parents that may still run; in place of an empty parent, those that it would have waited for."""
    seen: set[str] = set()
    pending = [(name, name == step.each) for name in step.parents]
    for name, each in pending:  # grows while it is read
        if name in seen:
            continue
        seen.add(name)
        if _empty(name, records, placed):
            pending.extend((parent, False) for parent in pipeline.step(name).parents)
        elif name in placed or not (records[name].done or records[name].planned):
            yield Wait(name, n_to_n=each and _children_placed(name, records, placed) >= MIN_ARRAY_SIZE)


def _empty(name: str, records: Records, placed: Mapping[str, Submission]) -> bool:
    return placed[name].children == 0 if name in placed else records[name].state is StepState.EMPTY


def _children_placed(name: str, records: Records, placed: Mapping[str, Submission]) -> int:
    return placed[name].children if name in placed else records[name].children


def submit_request(
    run_id: str,
    submission: Submission,
    queues: Mapping[str, str],
    job_ids: Mapping[str, str],
    trigger: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the SubmitJob request; raises LimitError when AWS would refuse it, RefusedError when its queue is not deployed.

    ``job_ids`` are the Batch job ids of the steps that it waits for, ``trigger`` is what the ledger keeps of what started the run.
    Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html
    """
    step = submission.step
    if step.queue not in queues:
        raise RefusedError(
            f"Expected the queue of {step.name} to be one of {', '.join(queues)}, found {step.queue!r}. Deploy all stacks together."
        )
    place = SubmissionSettings(run=run_id, step=step.name, generation=str(submission.generation))
    request: dict[str, Any] = {
        "jobName": str(JobName(run_id, step.name, submission.generation)),
        "jobQueue": queues[step.queue],
        "jobDefinition": step.job_definition,
        **_told(step, place),
    }
    _add(request, step.submit)
    if submission.children >= MIN_ARRAY_SIZE:
        request["arrayProperties"] = {"size": submission.children}
    if step.takes_input:
        request["parameters"] = {INPUT_PARAMETER: argument(trigger or {})}
    if depends_on := list(_dependencies(submission, job_ids)):
        request["dependsOn"] = depends_on
    check_submit_job(request)
    return request


def _told(step: CompiledStep, place: SubmissionSettings) -> dict[str, Any]:
    """Return the overrides that tell a job, or each of its nodes, where it stands.

    Their ranges must be those of the job definition, or AWS Batch answers "NodeOverride targets should match job definition":
    https://github.com/aws/aws-parallelcluster/pull/964
    """
    overrides = {"environment": [{"name": name, "value": value} for name, value in place.to_env().items()]}
    if step.kind is not Kind.MULTI_NODE:
        return {"containerOverrides": overrides}
    return {"nodeOverrides": {"nodePropertyOverrides": [{"targetNodes": one, "containerOverrides": overrides} for one in step.node_ranges]}}


def _add(request: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add what the step itself says to its request; Sluice's own variables stay, and those of the step come before them."""
    for name, value in more.items():
        if name == "containerOverrides":
            environment = [*value.get("environment", ()), *request[name]["environment"]]
            request[name] = {**value, "environment": environment}
        else:
            request[name] = value


def _dependencies(submission: Submission, job_ids: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield whom it waits for; SEQUENTIAL is about the array's own children and names no job.

    Source: https://docs.aws.amazon.com/batch/latest/userguide/job_dependencies.html
    """
    yield from (_depends_on(wait, job_ids[wait.step]) for wait in submission.waits)
    if submission.step.sequential and submission.children >= MIN_ARRAY_SIZE:
        yield {"type": "SEQUENTIAL"}


def _depends_on(wait: Wait, job_id: str) -> dict[str, str]:
    return {"jobId": job_id, "type": "N_TO_N"} if wait.n_to_n else {"jobId": job_id}
