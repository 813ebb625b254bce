"""Compute environments: create, update, describe, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.batch.api.account import Account, Resource
from local.batch.api.errors import client_error
from local.batch.api.pages import check_asked, page
from local.batch.api.validation.checks import check_tags
from local.batch.api.validation.environment_updates import changed_environment
from local.batch.api.validation.environments import check_desired, check_environment, is_best_fit
from local.batch.api.validation.fargate import is_fargate
from local.batch.api.validation.names import check_name
from scheduler.capacity.hosts import EnvironmentSpec
from scheduler.capacity.instances import sizes_of

_HEALTHY = {"status": "VALID", "statusReason": "ComputeEnvironment Healthy"}


def create(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """CreateComputeEnvironment."""
    name = params["computeEnvironmentName"]
    check_name("computeEnvironmentName", name)
    if name in account.environments:
        raise client_error(f"Object already exists: computeEnvironmentName {name} is taken.")
    if len(account.environments) >= account.limits.environments:
        raise client_error(f"Limit of {account.limits.environments} compute environments is reached.")
    check_environment(params)
    if "computeResources" in params:
        check_desired(params["computeResources"], params["computeResources"])
    check_tags(account.limits, params.get("tags", {}))
    environment = _described(account, params)
    account.environments[name] = environment
    _schedule(account, environment)
    return {"computeEnvironmentName": name, "computeEnvironmentArn": environment["computeEnvironmentArn"]}


def invalidate(account: Account, reasons: Mapping[str, str]) -> None:
    """Make these environments INVALID, each for its reason, and all others valid again; LookupError for one
    that is not there.

    Nothing is placed in one that is INVALID:
    https://docs.aws.amazon.com/batch/latest/userguide/troubleshooting.html#invalid_compute_environment
    """
    for name in reasons:
        if name not in account.environments:
            raise LookupError(f"No compute environment {name} is known.")
    for name, environment in account.environments.items():
        if name in reasons:
            environment |= {"status": "INVALID", "statusReason": reasons[name]}
        elif environment["status"] == "INVALID":
            environment |= _HEALTHY
        else:
            continue
        _schedule(account, environment)


def update(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """UpdateComputeEnvironment; what it does not name stays."""
    environment = account.environment(params["computeEnvironment"])
    environment.update(changed_environment(environment, params))
    _schedule(account, environment)
    return {
        "computeEnvironmentName": environment["computeEnvironmentName"],
        "computeEnvironmentArn": environment["computeEnvironmentArn"],
    }


def describe(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeComputeEnvironments; names that do not exist are left out, as AWS does."""
    check_asked(params, "computeEnvironments")
    wanted = [
        account.name_in("compute-environment", each, "computeEnvironments")
        for each in params.get("computeEnvironments", [])
    ]
    found = [each for name, each in account.environments.items() if not wanted or name in wanted]
    environments, token = page(found, params)
    return {"computeEnvironments": environments, "nextToken": token}


def delete(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteComputeEnvironment: it has to be disabled and in no queue.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_DeleteComputeEnvironment.html
    """
    environment = account.environment(params["computeEnvironment"])
    arn, name = environment["computeEnvironmentArn"], environment["computeEnvironmentName"]
    if environment["state"] != "DISABLED":
        raise client_error(
            "Cannot delete, resource is being modified or enabled: set the state of compute environment"
            f" {name} to DISABLED first."
        )
    for queue in account.queues.values():
        if any(each["computeEnvironment"] == arn for each in queue["computeEnvironmentOrder"]):
            raise client_error(
                f"Cannot delete, found existing JobQueue relationship: {queue['jobQueueName']} uses {name}."
            )
    del account.environments[name]
    account.scheduler.remove_environment(arn)
    return {}


def _described(account: Account, params: dict[str, Any]) -> Resource:
    name = params["computeEnvironmentName"]
    uuid = account.new_id()
    environment: Resource = {
        **params,
        "computeEnvironmentArn": account.arn("compute-environment", name),
        "state": params.get("state", "ENABLED"),
        **_HEALTHY,
        "ecsClusterArn": f"arn:aws:ecs:{account.region}:{account.id}:cluster/AWSBatch-{name}-{uuid}",
        "containerOrchestrationType": "ECS",
        "uuid": uuid,
        # What AWS Batch uses where no role is named:
        # https://docs.aws.amazon.com/batch/latest/userguide/using-service-linked-roles.html
        "serviceRole": params.get("serviceRole")
        or f"arn:aws:iam::{account.id}:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch",
        "tags": params.get("tags", {}),
    }
    if "computeResources" in params:
        least = {} if is_fargate(params) else {"minvCpus": 0}
        environment["computeResources"] = {**least, **params["computeResources"]}
    return environment


def _schedule(account: Account, environment: Resource) -> None:
    resources = environment.get("computeResources", {})
    managed = environment["type"] == "MANAGED"
    cpus = resources.get("maxvCpus", environment.get("unmanagedvCpus", 1 << 30))
    spec = EnvironmentSpec(
        id=environment["computeEnvironmentArn"],
        name=environment["computeEnvironmentName"],
        max_milli_cpus=cpus * 1000,
        sizes=() if is_fargate(environment) else sizes_of(tuple(resources.get("instanceTypes", ()))),
        managed=managed,
        spot=resources.get("type") in ("SPOT", "FARGATE_SPOT"),
        # "With any allocation strategy except BEST_FIT using On-Demand":
        # https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResource.html
        may_exceed=resources.get("type") == "SPOT" or not is_best_fit(resources),
        enabled=environment["state"] == "ENABLED" and environment["status"] == "VALID",
    )
    account.scheduler.put_environment(spec, account.clock())
