"""Consumable resources: create, update, describe, list, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.batch.api.describe import submission_of
from local.batch.api.errors import client_error
from local.batch.api.operations.job_filters import is_like
from local.batch.api.pages import page, page_after
from local.batch.api.validation.checks import check_tags
from local.batch.api.validation.names import check_name
from scheduler.states import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.batch.api.account import Account, Resource
    from scheduler.capacity.consumables import Consumable
    from scheduler.jobs.job import Job


def create(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """CreateConsumableResource."""
    name = params["consumableResourceName"]
    check_name("consumableResourceName", name)
    if name in account.consumables:
        raise client_error(f"Object already exists: consumable resource {name}.")
    if len(account.consumables) >= account.limits.consumable_resources:
        raise client_error(f"Limit of {account.limits.consumable_resources} consumable resources is reached.")
    kind = params.get("resourceType", "REPLENISHABLE")
    if kind not in ("REPLENISHABLE", "NON_REPLENISHABLE"):
        raise client_error(f"resourceType must be REPLENISHABLE or NON_REPLENISHABLE, but is {kind}.")
    check_tags(account.limits, params.get("tags", {}))
    total = _checked("totalQuantity", params.get("totalQuantity", 0))
    account.consumables[name] = {
        "consumableResourceName": name,
        "consumableResourceArn": account.arn("consumable-resource", name),
        "resourceType": kind,
        "createdAt": account.clock(),
        "tags": params.get("tags", {}),
    }
    _set_total(account, account.consumables[name], total)
    return {each: account.consumables[name][each] for each in _NAMES}


def update(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """UpdateConsumableResource: SET, ADD or REMOVE a quantity."""
    found = account.consumable(params["consumableResource"])
    if _is_repeated(account, params):
        stock = account.scheduler.consumables.by_name[found["consumableResourceName"]]
        return {**{name: found[name] for name in _NAMES}, "totalQuantity": stock.total}
    quantity = _checked("quantity", params.get("quantity", 0))
    operation = params.get("operation", "SET")
    total = account.scheduler.consumables.by_name[found["consumableResourceName"]].total
    results = {"SET": quantity, "ADD": total + quantity, "REMOVE": total - quantity}
    if operation not in results:
        raise client_error(f"operation must be SET, ADD or REMOVE, but is {operation}.")
    _set_total(account, found, _checked("totalQuantity", results[operation]))
    if "clientToken" in params:
        account.tokens[params["clientToken"]] = (account.clock() + _TOKEN_MS, params)
    return {**{name: found[name] for name in _NAMES}, "totalQuantity": results[operation]}


def describe(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeConsumableResource."""
    found = account.consumable(params["consumableResource"])
    stock = account.scheduler.consumables.by_name[found["consumableResourceName"]]
    # Where less is set than is in use, nothing is available until that much has come back.
    return {**found, **_quantities(stock), "availableQuantity": max(0, stock.available)}


def list_resources(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """ListConsumableResources."""
    accepts = _accepting(params, {"CONSUMABLE_RESOURCE_NAME": _is_named})
    found, token = page([each for each in account.consumables.values() if accepts(each)], params)
    stocks = account.scheduler.consumables.by_name
    listed = [
        {
            **{name: each[name] for name in (*_NAMES, "resourceType")},
            **_quantities(stocks[each["consumableResourceName"]]),
        }
        for each in found
    ]
    return {"consumableResources": listed, "nextToken": token}


def list_jobs(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """ListJobsByConsumableResource: the unfinished jobs that need it, or those of the states that a filter
    names.
    """
    by_state = any(each.get("name") == "JOB_STATUS" for each in params.get("filters", []))
    accepts = _accepting(params, {"JOB_STATUS": _is_in, "JOB_NAME": _is_called})
    found = account.consumable(params["consumableResource"])
    name = found["consumableResourceName"]
    needing = (
        job
        for job in account.scheduler.jobs.values()
        if (by_state or not job.is_over) and name in dict(job.spec.resources) and accepts(job)
    )
    jobs, token = page_after(needing, lambda job: job.seq, params)
    return {"jobs": [_needing(account, found, job) for job in jobs], "nextToken": token}


def _accepting(params: dict[str, Any], known: dict[str, Callable[[Any, str], bool]]) -> Callable[[Any], bool]:
    """Whether an item passes every filter of a request, by one of its values.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_ListJobsByConsumableResource.html
    """
    filters = [(each.get("name", ""), each.get("values", [])) for each in params.get("filters", [])]
    for name, values in filters:
        if name not in known:
            raise client_error(f"filters.name must be one of {', '.join(known)}, but is {name!r}.")
        wrong = sorted(set(values) - set(NAMES)) if name == "JOB_STATUS" else []
        if wrong:
            raise client_error(
                f"filters.values of JOB_STATUS must be of {', '.join(NAMES)}, but has {wrong}."
            )

    def accepts(item: Any) -> bool:
        return all(any(known[name](item, value) for value in values) for name, values in filters)

    return accepts


def _is_named(resource: Resource, value: str) -> bool:
    return is_like(resource["consumableResourceName"].lower(), value.lower())


def _is_in(job: Job, value: str) -> bool:
    return NAMES[job.status] == value


def _is_called(job: Job, value: str) -> bool:
    return is_like(job.spec.name.lower(), value.lower())


def _needing(account: Account, resource: Resource, job: Job) -> dict[str, Any]:
    return {
        "jobArn": account.arn("job", job.id),
        "jobQueueArn": job.spec.queue,
        "jobName": job.spec.name,
        "jobDefinitionArn": submission_of(job).definition_arn,
        "shareIdentifier": job.spec.share or None,
        "jobStatus": NAMES[job.status],
        "quantity": dict(job.spec.resources)[resource["consumableResourceName"]],
        "statusReason": job.status_reason or job.reason_of(0),
        "startedAt": job.first_started or None,
        "createdAt": job.created,
        "consumableResourceProperties": submission_of(job).described["consumableResourceProperties"],
    }


def _quantities(stock: Consumable) -> dict[str, int]:
    return {"totalQuantity": stock.total, "inUseQuantity": stock.in_use}


def _set_total(account: Account, resource: Resource, total: int) -> None:
    replenishable = resource["resourceType"] == "REPLENISHABLE"
    account.scheduler.put_resource(resource["consumableResourceName"], total, replenishable, account.clock())


def _is_repeated(account: Account, params: dict[str, Any]) -> bool:
    """Whether the same request was made with the same token in the last 8 hours: it counts once.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_UpdateConsumableResource.html
    """
    now = account.clock()
    for token in [token for token, (until, _) in account.tokens.items() if until <= now]:
        del account.tokens[token]
    return account.tokens.get(params.get("clientToken", ""), (0, None))[1] == params


def _checked(field: str, quantity: int) -> int:
    """https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateConsumableResource.html: a long, not
    negative.
    """
    if not 0 <= quantity < 1 << 63:
        raise client_error(f"{field} must be a number of 64 bits of at least 0, but would be {quantity}.")
    return quantity


def delete(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteConsumableResource."""
    found = account.consumable(params["consumableResource"])
    del account.consumables[found["consumableResourceName"]]
    return {}


_TOKEN_MS = 8 * 3600 * 1000
_NAMES = ("consumableResourceName", "consumableResourceArn")
