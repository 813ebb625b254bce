"""AWS Batch's API as one call: `BatchApi.call("SubmitJob", {...}) -> {...}`."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final

from local.batch.account import Account
from local.batch.errors import BatchApiError, client_error
from local.batch.operations import consumables, definitions, environments, jobs, policies, queues, submit, tags
from local.batch.shapes import check_request, fit_answer

__all__ = ["OPERATIONS", "BatchApi", "BatchApiError"]

Operation = Callable[[Account, dict[str, Any]], dict[str, Any]]

OPERATIONS: Final[dict[str, Operation]] = {
    "CreateComputeEnvironment": environments.create,
    "UpdateComputeEnvironment": environments.update,
    "DescribeComputeEnvironments": environments.describe,
    "DeleteComputeEnvironment": environments.delete,
    "CreateJobQueue": queues.create,
    "UpdateJobQueue": queues.update,
    "DescribeJobQueues": queues.describe,
    "DeleteJobQueue": queues.delete,
    "RegisterJobDefinition": definitions.register,
    "DescribeJobDefinitions": definitions.describe,
    "DeregisterJobDefinition": definitions.deregister,
    "SubmitJob": submit.submit,
    "DescribeJobs": jobs.describe,
    "ListJobs": jobs.list_jobs,
    "CancelJob": jobs.cancel,
    "TerminateJob": jobs.terminate,
    "CancelJobs": jobs.cancel_many,
    "TerminateJobs": jobs.terminate_many,
    "CreateSchedulingPolicy": policies.create,
    "UpdateSchedulingPolicy": policies.update,
    "DescribeSchedulingPolicies": policies.describe,
    "ListSchedulingPolicies": policies.list_policies,
    "DeleteSchedulingPolicy": policies.delete,
    "CreateConsumableResource": consumables.create,
    "UpdateConsumableResource": consumables.update,
    "DescribeConsumableResource": consumables.describe,
    "ListConsumableResources": consumables.list_resources,
    "DeleteConsumableResource": consumables.delete,
    "TagResource": tags.tag,
    "UntagResource": tags.untag,
    "ListTagsForResource": tags.list_tags,
}


class BatchApi:
    """The API over one account; safe to call from many threads."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Answer a request in botocore's shapes; BatchApiError where AWS Batch would refuse it."""
        act = OPERATIONS.get(operation)
        if act is None:
            raise client_error(f"Operation {operation} is not supported by this engine.")
        check_request(operation, params)
        with self.account.lock:
            answer = deepcopy(fit_answer(operation, act(self.account, deepcopy(params))))
        self.account.changed()
        return answer
