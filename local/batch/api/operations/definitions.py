"""Job definitions and their revisions: register, describe, deregister."""

from __future__ import annotations

import json
from typing import Any

from local.batch.api.account import Account, Resource
from local.batch.api.errors import client_error
from local.batch.api.pages import page
from local.batch.api.validation.amounts import whole_number
from local.batch.api.validation.checks import (
    check_container,
    check_nodes,
    check_retry,
    check_tags,
    check_timeout,
)
from local.batch.api.validation.fargate import check_ec2, check_fargate
from local.batch.api.validation.names import check_name

_EMPTY_LISTS = ("volumes", "environment", "mountPoints", "ulimits", "resourceRequirements", "secrets")


def register(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """RegisterJobDefinition: a new revision of a name, numbered from 1."""
    name = params["jobDefinitionName"]
    check_name("jobDefinitionName", name)
    _check(account, params)
    revisions = account.definitions.setdefault(name, {})
    revision = max(revisions, default=0) + 1
    definition: Resource = {
        **params,
        "jobDefinitionArn": account.arn("job-definition", f"{name}:{revision}"),
        "revision": revision,
        "status": "ACTIVE",
        "parameters": params.get("parameters", {}),
        "tags": params.get("tags", {}),
        "containerOrchestrationType": "ECS",
    }
    if "containerProperties" in params:
        definition["containerProperties"] = full_container(params["containerProperties"])
    revisions[revision] = definition
    return {
        "jobDefinitionName": name,
        "jobDefinitionArn": definition["jobDefinitionArn"],
        "revision": revision,
    }


def full_container(container: dict[str, Any]) -> dict[str, Any]:
    """Container properties with the empty lists that AWS answers for what was left out."""
    return {"command": [], **{name: [] for name in _EMPTY_LISTS}, **container}


def describe(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeJobDefinitions: by name and revision or ARN, or all revisions of a name, or of a status."""
    revisions = (each for by_number in account.definitions.values() for each in by_number.values())
    found = [each for each in revisions if _is_asked_for(each, params)]
    definitions, token = page(found, params)
    return {"jobDefinitions": definitions, "nextToken": token}


def deregister(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """DeregisterJobDefinition: the revision stays describable and takes no new jobs."""
    name, _, revision = params["jobDefinition"].rpartition("job-definition/")[2].partition(":")
    revisions = account.definitions.get(name, {})
    # AWS's own example names no revision; the newest one is meant.
    number = whole_number(revision) if revision else max(revisions, default=0)
    found = revisions.get(number or 0)
    if found is None:
        raise client_error(
            f"jobDefinition {params['jobDefinition']} does not exist: expected name:revision or an ARN."
        )
    found["status"] = "INACTIVE"
    return {}


def active(account: Account, name_or_arn: str) -> Resource:
    """The active definition of a name (its newest revision), of name:revision, or of an ARN;
    ClientException.
    """
    called = name_or_arn.rpartition("job-definition/")[2]
    name, _, revision = called.partition(":")
    revisions = account.definitions.get(name, {})
    usable = [
        each
        for number, each in revisions.items()
        if each["status"] == "ACTIVE" and (not revision or str(number) == revision)
    ]
    if not usable:
        raise client_error(f"JobDefinition {name_or_arn} not found: expected an ACTIVE one in jobDefinition.")
    return usable[-1]


def _is_asked_for(definition: Resource, params: dict[str, Any]) -> bool:
    if "jobDefinitions" in params and not _is_named(definition, params["jobDefinitions"]):
        return False
    exact = {name: params[name] for name in ("jobDefinitionName", "status") if name in params}
    return all(definition[name] == value for name, value in exact.items())


def _is_named(definition: Resource, names_or_arns: list[str]) -> bool:
    name = definition["jobDefinitionName"]
    wanted = {each.rpartition("job-definition/")[2] for each in names_or_arns}
    return name in wanted or f"{name}:{definition['revision']}" in wanted


def _check(account: Account, params: dict[str, Any]) -> None:
    size = len(json.dumps(params, separators=(",", ":")).encode())
    if size > account.limits.definition_bytes:
        raise client_error(
            f"Job definition is {size} bytes; at most {account.limits.definition_bytes} are allowed."
        )
    check_retry(account.limits, params.get("retryStrategy"))
    check_timeout(account.limits, params.get("timeout"))
    check_tags(account.limits, params.get("tags", {}))
    if "ecsProperties" in params or "eksProperties" in params:
        raise client_error(
            "This engine runs containerProperties and nodeProperties only, no ecsProperties or eksProperties."
        )
    if params["type"] == "multinode":
        check_nodes(account.limits, params)
    elif "containerProperties" in params:
        check_container(params["containerProperties"], "containerProperties")
        if params.get("platformCapabilities") == ["FARGATE"]:
            check_fargate(params["containerProperties"], "containerProperties")
        else:
            check_ec2(params["containerProperties"], "containerProperties")
    else:
        raise client_error("containerProperties must be specified for a job definition of type container.")
