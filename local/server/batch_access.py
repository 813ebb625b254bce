"""What a caller must be allowed to do for a request to AWS Batch.

Actions and resources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbatch.html
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from local.paths import ACCOUNT, REGION

# The parameter that names the resource of an operation that has one resource, and that resource's type.
RESOURCE = {
    "CancelJob": ("jobId", "job"),
    "TerminateJob": ("jobId", "job"),
    "RegisterJobDefinition": ("jobDefinitionName", "job-definition"),
    "DeregisterJobDefinition": ("jobDefinition", "job-definition"),
    "CreateJobQueue": ("jobQueueName", "job-queue"),
    "UpdateJobQueue": ("jobQueue", "job-queue"),
    "DeleteJobQueue": ("jobQueue", "job-queue"),
    "CreateComputeEnvironment": ("computeEnvironmentName", "compute-environment"),
    "UpdateComputeEnvironment": ("computeEnvironment", "compute-environment"),
    "DeleteComputeEnvironment": ("computeEnvironment", "compute-environment"),
}
# "There is no separate batch:CancelJobs IAM action": the bulk calls ask for these, of each job.
# https://docs.aws.amazon.com/batch/latest/APIReference/API_CancelJobs.html
BULK = {"CancelJobs": "CancelJob", "TerminateJobs": "TerminateJob"}


def required(
    operation: str,
    parameters: Mapping[str, Any],
    path: str,
    account: str = ACCOUNT,
    region: str = REGION,
    limits: Sequence[str] = (),
) -> Iterator[tuple[str, str]]:
    """Yield each action and resource ARN that must be allowed; ``limits`` are the consumable resources of a
    submitted job. Describe and List operations know no resources.
    """

    def _arn(kind: str, name: object) -> str:
        text = str(name or "*")
        return text if text.startswith("arn:") else f"arn:aws:batch:{region}:{account}:{kind}/{text}"

    if operation == "SubmitJob":
        yield "batch:SubmitJob", _arn("job-definition", parameters.get("jobDefinition"))
        yield "batch:SubmitJob", _arn("job-queue", parameters.get("jobQueue"))
        for limit in limits:
            yield "batch:SubmitJob", _arn("consumable-resource", limit)
        if parameters.get("tags"):
            yield "batch:TagResource", _arn("job", "*")
    elif operation in BULK:
        jobs = parameters.get("jobs")
        for job in jobs if isinstance(jobs, list) else ():
            yield f"batch:{BULK[operation]}", _arn("job", job)
    elif path.startswith("/v1/tags/"):
        yield f"batch:{operation}", unquote(path.removeprefix("/v1/tags/"))
    elif operation in RESOURCE:
        parameter, kind = RESOURCE[operation]
        yield f"batch:{operation}", _arn(kind, parameters.get(parameter))
    else:
        yield f"batch:{operation}", "*"
