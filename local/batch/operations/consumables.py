"""Consumable resources: create, update, describe, list, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.batch.errors import client_error
from local.batch.names import check_name
from local.batch.pages import page

if TYPE_CHECKING:
    from local.batch.account import Account


def create(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """CreateConsumableResource."""
    name = params["consumableResourceName"]
    check_name("consumableResourceName", name)
    if name in account.consumables:
        raise client_error(f"Object already exists: consumable resource {name}.")
    total = params.get("totalQuantity", 0)
    account.consumables[name] = {
        "consumableResourceName": name,
        "consumableResourceArn": account.arn("consumable-resource", name),
        "totalQuantity": total,
        "inUseQuantity": 0,
        "availableQuantity": total,
        "resourceType": params.get("resourceType", "REPLENISHABLE"),
        "createdAt": account.clock(),
        "tags": params.get("tags", {}),
    }
    return {name: account.consumables[params["consumableResourceName"]][name] for name in _NAMES}


def update(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """UpdateConsumableResource: SET, ADD or REMOVE a quantity."""
    found = account.consumable(params["consumableResource"])
    quantity, total = params.get("quantity", 0), found["totalQuantity"]
    operation = params.get("operation", "SET")
    found["totalQuantity"] = {"ADD": total + quantity, "REMOVE": total - quantity}.get(operation, quantity)
    return {**{name: found[name] for name in _NAMES}, "totalQuantity": found["totalQuantity"]}


def describe(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeConsumableResource."""
    found = account.consumable(params["consumableResource"])
    return {**found, "availableQuantity": found["totalQuantity"] - found["inUseQuantity"]}


def list_resources(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """ListConsumableResources."""
    found, token = page(account.consumables.values(), params.get("nextToken"), params.get("maxResults", 100))
    fields = (*_NAMES, "totalQuantity", "inUseQuantity", "resourceType")
    return {"consumableResources": [{name: each[name] for name in fields} for each in found], "nextToken": token}


def delete(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteConsumableResource."""
    found = account.consumable(params["consumableResource"])
    del account.consumables[found["consumableResourceName"]]
    return {}


_NAMES = ("consumableResourceName", "consumableResourceArn")
