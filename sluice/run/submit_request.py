"""The SubmitJob request of a submission: what AWS Batch is sent. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sluice.errors import RefusedError
from sluice.limits import MIN_ARRAY_SIZE, check_submit_job
from sluice.run.child_environment import add_child_environment
from sluice.run.compiled import CompiledStep, Kind
from sluice.run.job_names import JobName
from sluice.run.submission import Submission, Wait
from sluice.settings import SubmissionSettings
from sluice.tags import of_job
from sluice.triggers.trigger_event import argument

INPUT_PARAMETER = "input"
"""The parameter of a job that its command takes as ``Ref::input``.

https://docs.aws.amazon.com/batch/latest/userguide/job_definition_parameters.html
"""


def submit_request(
    run_id: str,
    submission: Submission,
    queues: Mapping[str, str],
    job_ids: Mapping[str, str],
    trigger: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    steps: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the SubmitJob request; raises LimitError when AWS would refuse it, RefusedError when its queue
    is not deployed.

    ``job_ids`` are the Batch job ids of the steps that it waits for, ``trigger`` is what the ledger keeps of
    what started the run, ``tags`` are those of the deploy and of the pipeline, ``steps`` all those of the
    run. Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html
    """
    step = submission.step
    if submission.queue not in queues:
        raise RefusedError(
            f"Expected the queue of {step.name} to be one of {', '.join(queues)}, found {submission.queue!r}."
            " Deploy all stacks together."
        )
    context = SubmissionSettings(run=run_id, step=step.name, generation=str(submission.generation))
    request: dict[str, Any] = {
        "jobName": str(JobName(run_id, step.name, submission.generation)),
        "jobQueue": queues[submission.queue],
        "jobDefinition": step.job_definition,
        "tags": of_job(tags or {}, step=step.name, run=run_id),
        # To the task, and so to the bill.
        "propagateTags": True,
        **_environment_overrides(step, context),
    }
    _add(request, step.submit)
    _add_memory(request, submission.spec.memory)
    if submission.size >= MIN_ARRAY_SIZE:
        request["arrayProperties"] = {"size": submission.size}
    if step.takes_input:
        request["parameters"] = {INPUT_PARAMETER: argument(trigger or {})}
    if depends_on := list(_dependencies(submission, job_ids)):
        request["dependsOn"] = depends_on
    add_child_environment(request, submission, steps)
    check_submit_job(request)
    return request


def _environment_overrides(step: CompiledStep, context: SubmissionSettings) -> dict[str, Any]:
    """Return the overrides that give a job, or each of its nodes, its run, step and generation.

    Their ranges must be those of the job definition, or AWS Batch answers "NodeOverride targets should match
    job definition": https://github.com/aws/aws-parallelcluster/pull/964
    """
    overrides = {"environment": [{"name": name, "value": value} for name, value in context.to_env().items()]}
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


def _add_memory(request: dict[str, Any], memory: int | None) -> None:
    """Give a generation that repeats what was killed for want of memory more of it, in MiB."""
    if memory is None or "containerOverrides" not in request:
        return
    overrides = request["containerOverrides"]
    others = [one for one in overrides.get("resourceRequirements", ()) if one["type"] != "MEMORY"]
    wanted = [*others, {"type": "MEMORY", "value": str(memory)}]
    request["containerOverrides"] = {**overrides, "resourceRequirements": wanted}


def _dependencies(submission: Submission, job_ids: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield whom it waits for; SEQUENTIAL is about the array's own children and names no job.

    Source: https://docs.aws.amazon.com/batch/latest/userguide/job_dependencies.html
    """
    yield from (_depends_on(wait, job_ids[wait.step]) for wait in submission.waits)
    if submission.step.sequential and submission.size >= MIN_ARRAY_SIZE:
        yield {"type": "SEQUENTIAL"}


def _depends_on(wait: Wait, job_id: str) -> dict[str, str]:
    return {"jobId": job_id, "type": "N_TO_N"} if wait.n_to_n else {"jobId": job_id}
