"""Scheduling policies: create, update, describe, list, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.batch.errors import client_error
from local.batch.names import check_name
from local.batch.pages import page

if TYPE_CHECKING:
    from local.batch.account import Account


def create(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """CreateSchedulingPolicy."""
    name = params["name"]
    check_name("name", name)
    if name in account.policies:
        raise client_error(f"Object already exists: scheduling policy {name}.")
    arn = account.arn("scheduling-policy", name)
    account.policies[name] = {**params, "arn": arn, "tags": params.get("tags", {})}
    return {"name": name, "arn": arn}


def update(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """UpdateSchedulingPolicy."""
    policy = account.policy(params["arn"])
    policy.update({name: value for name, value in params.items() if name != "arn"})
    return {}


def describe(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeSchedulingPolicies; ARNs that do not exist are left out."""
    return {"schedulingPolicies": [each for each in account.policies.values() if each["arn"] in params["arns"]]}


def list_policies(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """ListSchedulingPolicies."""
    found, token = page(account.policies.values(), params.get("nextToken"), params.get("maxResults", 100))
    return {"schedulingPolicies": [{"arn": each["arn"]} for each in found], "nextToken": token}


def delete(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteSchedulingPolicy: no queue may use it."""
    policy = account.policy(params["arn"])
    for queue in account.queues.values():
        if queue.get("schedulingPolicyArn") == policy["arn"]:
            raise client_error(f"Cannot delete, found existing JobQueue relationship: {queue['jobQueueName']}.")
    del account.policies[policy["name"]]
    return {}
