"""Job queues: create, update, describe, delete."""

from __future__ import annotations

from typing import Any

from local.batch.api.account import Account, Resource
from local.batch.api.errors import client_error
from local.batch.api.pages import check_asked, page
from local.batch.api.validation.checks import check_tags
from local.batch.api.validation.fargate import is_fargate
from local.batch.api.validation.instance_types import architectures
from local.batch.api.validation.names import check_name
from scheduler.queues.blocked import MAX_RESOURCE, NO_CAPACITY, REQUIREMENT
from scheduler.queues.fair_share import FairPolicy
from scheduler.queues.job_queue import QueueSpec


def create(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """CreateJobQueue."""
    name = params["jobQueueName"]
    check_name("jobQueueName", name)
    if name in account.queues:
        raise client_error(f"Object already exists: jobQueueName {name} is taken.")
    if len(account.queues) >= account.limits.queues:
        raise client_error(f"Limit of {account.limits.queues} job queues is reached.")
    _check_kind(params)
    _check_policy(account, params)
    _check_actions(account, params)
    order = _resolve_order(account, params.get("computeEnvironmentOrder", []), [])
    check_tags(account.limits, params.get("tags", {}))
    queue: Resource = {
        **params,
        "jobQueueArn": account.arn("job-queue", name),
        "state": params.get("state", "ENABLED"),
        "status": "VALID",
        "statusReason": "JobQueue Healthy",
        "computeEnvironmentOrder": order,
        "jobQueueType": _type_of(account, order),
        "tags": params.get("tags", {}),
        "jobStateTimeLimitActions": params.get("jobStateTimeLimitActions", []),
    }
    if params.get("jobQueueType", queue["jobQueueType"]) != queue["jobQueueType"]:
        raise client_error(
            f"jobQueueType must be {queue['jobQueueType']} for these compute environments, but is"
            f" {params['jobQueueType']}."
        )
    account.queues[name] = queue
    reschedule(account, queue)
    return {"jobQueueName": name, "jobQueueArn": queue["jobQueueArn"]}


def update(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """UpdateJobQueue; what it does not name stays."""
    queue = account.queue(params["jobQueue"])
    _check_kind(params)
    _check_policy(account, params)
    _check_actions(account, params)
    if "schedulingPolicyArn" in params and "schedulingPolicyArn" not in queue:
        raise client_error("schedulingPolicyArn cannot be added to a job queue that was created without one.")
    changes = {name: value for name, value in params.items() if name != "jobQueue"}
    if "computeEnvironmentOrder" in changes:
        there = [each["computeEnvironment"] for each in queue["computeEnvironmentOrder"]]
        changes["computeEnvironmentOrder"] = _resolve_order(
            account, changes["computeEnvironmentOrder"], there
        )
        changes["jobQueueType"] = _type_of(account, changes["computeEnvironmentOrder"])
    queue.update(changes)
    reschedule(account, queue)
    return {"jobQueueName": queue["jobQueueName"], "jobQueueArn": queue["jobQueueArn"]}


def describe(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeJobQueues; names that do not exist are left out, as AWS does."""
    check_asked(params, "jobQueues")
    wanted = [account.name_in("job-queue", each, "jobQueues") for each in params.get("jobQueues", [])]
    found = [each for name, each in account.queues.items() if not wanted or name in wanted]
    queues, token = page(found, params)
    return {"jobQueues": queues, "nextToken": token}


def delete(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteJobQueue: it has to be disabled; its jobs are terminated.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_DeleteJobQueue.html
    """
    queue = account.queue(params["jobQueue"])
    if queue["state"] != "DISABLED":
        raise client_error(
            "Cannot delete, resource is being modified or enabled: set the state of job queue"
            f" {queue['jobQueueName']} to DISABLED first."
        )
    arn = queue["jobQueueArn"]
    for job in account.scheduler.listing.all_unfinished(arn):
        account.scheduler.terminate(job, None, "Job queue deleted", account.clock())
    del account.queues[queue["jobQueueName"]]
    account.scheduler.remove_queue(arn)
    return {}


def _resolve_order(account: Account, order: list[dict[str, Any]], there: list[str]) -> list[dict[str, Any]]:
    """The environments of a queue by their ARNs, in their order; `there` are those that it has."""
    limit = account.limits.environments_of_a_queue
    if not 1 <= len(order) <= limit:
        raise client_error(
            f"computeEnvironmentOrder must have 1 to {limit} compute environments, but has {len(order)}."
        )
    environments = [account.environment(each["computeEnvironment"]) for each in order]
    _check_alike(environments)
    for each in environments:
        _check_valid(each, there)
    ranks = [each["order"] for each in order]
    if len(set(ranks)) < len(ranks):
        raise client_error(f"computeEnvironmentOrder must not repeat an order, but has {ranks}.")
    resolved = [
        {"order": each["order"], "computeEnvironment": environment["computeEnvironmentArn"]}
        for each, environment in zip(order, environments, strict=True)
    ]
    return sorted(resolved, key=lambda each: int(each["order"]))


def _type_of(account: Account, order: list[dict[str, Any]]) -> str:
    """ "EKS, ECS, or ECS_FARGATE depending on the compute environment".

    https://docs.aws.amazon.com/batch/latest/APIReference/API_JobQueueDetail.html
    """
    return "ECS_FARGATE" if is_fargate(account.environment(order[0]["computeEnvironment"])) else "ECS"


def _check_kind(params: dict[str, Any]) -> None:
    if "serviceEnvironmentOrder" in params:
        raise client_error("This engine has no service environments: use computeEnvironmentOrder.")
    if params.get("jobQueueType") in ("EKS", "ECS_MANAGED_INSTANCES", "SAGEMAKER_TRAINING"):
        raise client_error(f"This engine has no job queues of type {params['jobQueueType']}.")


def _check_alike(environments: list[Resource]) -> None:
    """All of EC2 or all of Fargate, and of one architecture.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateJobQueue.html
    """
    if len({is_fargate(each) for each in environments}) > 1:
        raise client_error("computeEnvironmentOrder must not mix EC2 and Fargate compute environments.")
    resources = [each.get("computeResources", {}) for each in environments]
    if len(architectures(name for each in resources for name in each.get("instanceTypes", []))) > 1:
        raise client_error("computeEnvironmentOrder: compute environments must share one architecture.")


def _check_valid(environment: Resource, there: list[str]) -> None:
    """ "Compute environments must be in the VALID state before you can associate them with a job queue".

    https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateJobQueue.html
    """
    if environment["status"] != "VALID" and environment["computeEnvironmentArn"] not in there:
        raise client_error(
            f"computeEnvironmentOrder: compute environment {environment['computeEnvironmentName']} is not"
            f" VALID, but {environment['status']}: {environment['statusReason']}."
        )


def _check_policy(account: Account, params: dict[str, Any]) -> None:
    if "schedulingPolicyArn" in params:
        account.policy(params["schedulingPolicyArn"])
    if params.get("priority", 0) < 0:
        raise client_error(f"priority must be at least 0, but is {params['priority']}.")


def _check_actions(account: Account, params: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/batch/latest/APIReference/API_JobStateTimeLimitAction.html."""
    minimum, maximum = account.limits.state_limit_seconds
    for action in params.get("jobStateTimeLimitActions", []):
        if action["action"] != "CANCEL":
            raise client_error(f"jobStateTimeLimitActions.action must be CANCEL, but is {action['action']}.")
        if not minimum <= action["maxTimeSeconds"] <= maximum:
            raise client_error(
                f"jobStateTimeLimitActions.maxTimeSeconds must be between {minimum:g} and {maximum:g}, but is"
                f" {action['maxTimeSeconds']}."
            )
        if action["reason"] not in _REASONS:
            raise client_error(
                f"jobStateTimeLimitActions.reason must be one of {', '.join(_REASONS)}, but is"
                f" {action['reason']}."
            )


_REASONS = (NO_CAPACITY, MAX_RESOURCE, REQUIREMENT)


def reschedule(account: Account, queue: Resource) -> None:
    """Pass a queue as it is now to the scheduler."""
    spec = QueueSpec(
        id=queue["jobQueueArn"],
        priority=queue["priority"],
        environments=tuple(each["computeEnvironment"] for each in queue["computeEnvironmentOrder"]),
        fair=_fair_policy(account, queue),
        time_limits=tuple(
            (each["reason"], int(each["maxTimeSeconds"] * 1000))
            for each in queue.get("jobStateTimeLimitActions", [])
        ),
    )
    account.scheduler.put_queue(spec, account.clock())


def _fair_policy(account: Account, queue: Resource) -> FairPolicy | None:
    if "schedulingPolicyArn" not in queue:
        return None
    policy = account.policy(queue["schedulingPolicyArn"]).get("fairsharePolicy", {})
    return FairPolicy(
        weights=tuple(
            (each["shareIdentifier"], float(each.get("weightFactor", 1)))
            for each in policy.get("shareDistribution", [])
        ),
        # "A value of zero (0) indicates the default minimum time window (600 seconds)":
        # https://docs.aws.amazon.com/batch/latest/APIReference/API_FairsharePolicy.html
        decay_seconds=policy.get("shareDecaySeconds") or 600,
        reservation=policy.get("computeReservation", 0),
    )
