"""Scheduling policies: create, update, describe, list, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.batch.api.errors import client_error
from local.batch.api.operations.queues import reschedule
from local.batch.api.pages import check_asked, page
from local.batch.api.validation.checks import check_tags
from local.batch.api.validation.names import check_name, check_share

if TYPE_CHECKING:
    from local.batch.api.account import Account


def create(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """CreateSchedulingPolicy."""
    name = params["name"]
    check_name("name", name)
    if name in account.policies:
        raise client_error(f"Object already exists: scheduling policy {name}.")
    _check(params)
    check_tags(account.limits, params.get("tags", {}))
    arn = account.arn("scheduling-policy", name)
    account.policies[name] = {**params, "arn": arn, "tags": params.get("tags", {})}
    return {"name": name, "arn": arn}


def update(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """UpdateSchedulingPolicy."""
    policy = account.policy(params["arn"])
    _check(params)
    policy.update({name: value for name, value in params.items() if name != "arn"})
    for queue in account.queues.values():
        if queue.get("schedulingPolicyArn") == policy["arn"]:
            reschedule(account, queue)
    return {}


def describe(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeSchedulingPolicies; ARNs that do not exist are left out."""
    check_asked(params, "arns")
    wanted = {account.policy_arn(each, "arns") for each in params["arns"]}
    return {"schedulingPolicies": [each for each in account.policies.values() if each["arn"] in wanted]}


def list_policies(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """ListSchedulingPolicies."""
    found, token = page(account.policies.values(), params)
    return {"schedulingPolicies": [{"arn": each["arn"]} for each in found], "nextToken": token}


def delete(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteSchedulingPolicy: no queue may use it."""
    policy = account.policy(params["arn"])
    for queue in account.queues.values():
        if queue.get("schedulingPolicyArn") == policy["arn"]:
            raise client_error(
                f"Cannot delete, found existing JobQueue relationship: {queue['jobQueueName']}."
            )
    del account.policies[policy["name"]]
    return {}


def _check(params: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/batch/latest/APIReference/API_FairsharePolicy.html."""
    if "quotaSharePolicy" in params:
        raise client_error("This engine has no quota shares: use fairsharePolicy.")
    policy = params.get("fairsharePolicy", {})
    for field, maximum in (("computeReservation", 99), ("shareDecaySeconds", 604_800)):
        if not 0 <= policy.get(field, 0) <= maximum:
            raise client_error(
                f"fairsharePolicy.{field} must be between 0 and {maximum}, but is {policy[field]}."
            )
    for share in policy.get("shareDistribution", []):
        if not 0.0001 <= share.get("weightFactor", 1) <= 999.9999:
            raise client_error(
                "fairsharePolicy.shareDistribution.weightFactor must be between 0.0001 and 999.9999, but is"
                f" {share['weightFactor']}."
            )
    _check_overlaps([each["shareIdentifier"] for each in policy.get("shareDistribution", [])])


def _check_overlaps(shares: list[str]) -> None:
    """ "The list of share identifiers in a fair-share policy can't overlap": UserA* and UserA1 do.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_ShareAttributes.html
    """
    field = "fairsharePolicy.shareDistribution.shareIdentifier"
    for place, share in enumerate(shares):
        check_share(field, share)
        for other in shares[:place]:
            if _covers(share, other) or _covers(other, share):
                raise client_error(f"{field} must not overlap, but has {other} and {share}.")


def _covers(share: str, other: str) -> bool:
    return other.startswith(share[:-1]) if share.endswith("*") else share == other
