"""Tags of resources and jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.batch.api.describe import submission_of
from local.batch.api.errors import client_error
from local.batch.api.validation.amounts import whole_number
from local.batch.api.validation.checks import check_tags

if TYPE_CHECKING:
    from local.batch.api.account import Account


def tag(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """TagResource."""
    tags = _tags_of(account, params["resourceArn"])
    check_tags(account.limits, {**tags, **params["tags"]})
    tags.update(params["tags"])
    return {}


def untag(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """UntagResource."""
    tags = _tags_of(account, params["resourceArn"])
    for key in params["tagKeys"]:
        tags.pop(key, None)
    return {}


def list_tags(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """ListTagsForResource."""
    return {"tags": dict(_tags_of(account, params["resourceArn"]))}


def _tags_of(account: Account, arn: str) -> dict[str, str]:
    kind = arn.partition("/")[0].rpartition(":")[2]
    name = account.name_in(kind, arn, "resourceArn")
    shelves = {
        "compute-environment": account.environments,
        "job-queue": account.queues,
        "scheduling-policy": account.policies,
        "consumable-resource": account.consumables,
    }
    if kind == "job":
        return _job_tags(account, name, arn)
    if kind == "job-definition":
        base, _, revision = name.partition(":")
        found = account.definitions.get(base, {}).get(whole_number(revision) or 0)
    else:
        found = shelves.get(kind, {}).get(name)
    if found is None:
        raise client_error(f"resourceArn {arn} does not exist.")
    tags: dict[str, str] = found.setdefault("tags", {})
    return tags


def _job_tags(account: Account, job_id: str, arn: str) -> dict[str, str]:
    job = account.scheduler.jobs.get(job_id)
    if job is None:
        raise client_error(f"resourceArn {arn} does not exist.")
    tags: dict[str, str] = submission_of(job).described["tags"]
    return tags
