"""AWS Batch's API as one call: `BatchApi.call("SubmitJob", {...}) -> {...}`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from local.batch.api.account import Account
from local.batch.api.errors import BatchApiError, client_error
from local.batch.api.lost_answers import LostAnswers
from local.batch.api.operations import (
    consumables,
    definitions,
    environments,
    jobs,
    policies,
    queues,
    snapshot,
    submit,
    tags,
)
from local.batch.api.requests import accepted
from local.batch.api.shapes import fit_answer
from local.batch.api.throttle import Throttle
from local.batch.faults import NO_FAULTS, Faults

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
    "GetJobQueueSnapshot": snapshot.snapshot,
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
    "ListJobsByConsumableResource": consumables.list_jobs,
    "TagResource": tags.tag,
    "UntagResource": tags.untag,
    "ListTagsForResource": tags.list_tags,
}


class BatchApi:
    """The API over one account; safe to call from many threads."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.inject(NO_FAULTS)

    def inject(self, faults: Faults) -> None:
        """From now on lose the answers and throttle the submissions that `faults` names, and no others."""
        self._lost_answers = LostAnswers(faults.lost_answers, faults.seed) if faults.lost_answers else None
        limit = self.account.limits.submits_a_second
        rate = limit if faults.submits_a_second is None else faults.submits_a_second
        self.account.submits = Throttle(rate) if rate else None

    def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Answer a request in botocore's shapes; BatchApiError where AWS Batch would refuse it."""
        act = OPERATIONS.get(operation)
        if act is None:
            raise client_error(f"Operation {operation} is not supported by this engine.")
        request = accepted(operation, params)
        with self.account.lock:
            answer = fit_answer(operation, act(self.account, request))
        self.account.changed()
        lost_answers = self._lost_answers
        if lost_answers is not None:
            lost_answers.after(operation)
        return answer
