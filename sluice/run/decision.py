"""What a run needs next: the pure heart of Sluice. Compares the graph with what the ledger says was
submitted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sluice.errors import RefusedError
from sluice.limits import MIN_ARRAY_SIZE, check_submit_job
from sluice.run.child_environment import add_child_environment
from sluice.run.compiled import CompiledPipeline, CompiledStep, Kind
from sluice.run.job_names import JobName
from sluice.run.outcomes import Graph, Records, StepOutcome
from sluice.run.ready_steps import Placing, Submission, Wait, children_of
from sluice.run.start_job import left_to_start_job
from sluice.run.state import RunState
from sluice.run.tolerated_failures import outlook
from sluice.settings import SubmissionSettings
from sluice.triggers.trigger_event import argument

INPUT_PARAMETER = "input"
"""The parameter of a job that its command takes as ``Ref::input``.

https://docs.aws.amazon.com/batch/latest/userguide/job_definition_parameters.html
"""
__all__ = ["INPUT_PARAMETER", "Decision", "Submission", "Wait", "children_of", "decide", "submit_request"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do for a run: submit these, in this order, and whether the run has come to an end.

    ``failed_step`` is why the run fails; it may be certain before the end. ``asks`` are the failed steps of
    which it must be found out which children failed before the run can go on.
    """

    submissions: tuple[Submission, ...]
    outcome: RunState
    failed_step: str | None = None
    asks: tuple[str, ...] = ()


def decide(
    pipeline: CompiledPipeline, records: Records, reopened: int = 0, *, starting: bool = False
) -> Decision:
    """Return what the run needs next; ``reopened`` is how often a person had it run again what had failed.

    ``starting`` when its start job asks, to which everybody leaves what stands behind it.
    """
    graph = Graph(pipeline)
    ahead = outlook(graph, records, reopened)
    found, verdicts, cause = ahead.fates, ahead.verdicts, ahead.cause
    work = [step.name for step in pipeline.steps if step.kind is not Kind.CLEANUP]
    placing = Placing(graph, records, found, reopened)
    left = not starting and not cause and left_to_start_job(pipeline, records)
    submissions = tuple(one for one in placing.submissions() if not left or one.step.kind is Kind.START)
    over = {one.step.name for one in submissions if one.children == 0}
    over.update(
        name
        for name in found
        if found[name] is StepOutcome.DONE
        or (found[name] is StepOutcome.FAILED_FINAL and (cause or verdicts.get(name)))
    )
    done = over.issuperset(graph.tail if cause else work) and (
        bool(cause) or not _cleanup_doomed(pipeline, found)
    )
    outcome = RunState.RUNNING if not done else RunState.FAILED if cause else RunState.SUCCEEDED
    return Decision(submissions, outcome, cause, tuple(placing.asks()))


def _cleanup_doomed(pipeline: CompiledPipeline, found: Mapping[str, StepOutcome]) -> bool:
    """Return whether AWS Batch fails the cleanup, because what it waits for failed and was submitted again
    since.

    The run waits for that: then the cleanup is submitted again as well, and behind the run's end nobody would
    do that.
    """
    return any(step.kind is Kind.CLEANUP and found[step.name] is StepOutcome.STALE for step in pipeline.steps)


def submit_request(
    run_id: str,
    submission: Submission,
    queues: Mapping[str, str],
    job_ids: Mapping[str, str],
    trigger: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the SubmitJob request; raises LimitError when AWS would refuse it, RefusedError when its queue
    is not deployed.

    ``job_ids`` are the Batch job ids of the steps that it waits for, ``trigger`` is what the ledger keeps of
    what started the run. Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html
    """
    step = submission.step
    if submission.queue not in queues:
        raise RefusedError(
            f"Expected the queue of {step.name} to be one of {', '.join(queues)}, found {submission.queue!r}."
            " Deploy all stacks together."
        )
    place = SubmissionSettings(run=run_id, step=step.name, generation=str(submission.generation))
    request: dict[str, Any] = {
        "jobName": str(JobName(run_id, step.name, submission.generation)),
        "jobQueue": queues[submission.queue],
        "jobDefinition": step.job_definition,
        **_told(step, place),
    }
    _add(request, step.submit)
    if submission.size >= MIN_ARRAY_SIZE:
        request["arrayProperties"] = {"size": submission.size}
    if step.takes_input:
        request["parameters"] = {INPUT_PARAMETER: argument(trigger or {})}
    if depends_on := list(_dependencies(submission, job_ids)):
        request["dependsOn"] = depends_on
    add_child_environment(request, step, submission.spec)
    check_submit_job(request)
    return request


def _told(step: CompiledStep, place: SubmissionSettings) -> dict[str, Any]:
    """Return the overrides that tell a job, or each of its nodes, where it stands.

    Their ranges must be those of the job definition, or AWS Batch answers "NodeOverride targets should match
    job definition": https://github.com/aws/aws-parallelcluster/pull/964
    """
    overrides = {"environment": [{"name": name, "value": value} for name, value in place.to_env().items()]}
    if step.kind is not Kind.MULTI_NODE:
        return {"containerOverrides": overrides}
    return {
        "nodeOverrides": {
            "nodePropertyOverrides": [
                {"targetNodes": one, "containerOverrides": overrides} for one in step.node_ranges
            ]
        }
    }


def _add(request: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add what the step itself says to its request; Sluice's own variables stay, and those of the step come
    before them.
    """
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
    if submission.step.sequential and submission.size >= MIN_ARRAY_SIZE:
        yield {"type": "SEQUENTIAL"}


def _depends_on(wait: Wait, job_id: str) -> dict[str, str]:
    return {"jobId": job_id, "type": "N_TO_N"} if wait.n_to_n else {"jobId": job_id}
