"""Job definitions and their revisions: register, describe, deregister."""

from __future__ import annotations

import json
from typing import Any

from local.batch.api.account import Account, Resource
from local.batch.api.errors import client_error
from local.batch.api.pages import page
from local.batch.api.validation.amounts import whole_number
from local.batch.api.validation.checks import (
    check_consumables,
    check_container,
    check_nodes,
    check_priority,
    check_retry,
    check_tags,
    check_timeout,
)
from local.batch.api.validation.fargate import check_cpus_of_definition, check_ec2, check_fargate
from local.batch.api.validation.names import check_name

_PROPERTIES = ("containerProperties", "nodeProperties", "ecsProperties", "eksProperties")
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
        **_nodes(params),
        "jobDefinitionArn": account.arn("job-definition", f"{name}:{revision}"),
        "revision": revision,
        "status": "ACTIVE",
        "parameters": params.get("parameters", {}),
        "tags": params.get("tags", {}),
        "containerOrchestrationType": "ECS",
    }
    if "containerProperties" in params:
        definition["containerProperties"] = full_container(params["containerProperties"])
        if "FARGATE" in params.get("platformCapabilities", []):
            # "If one isn't specified, the LATEST platform version is used by default":
            # https://docs.aws.amazon.com/batch/latest/APIReference/API_FargatePlatformConfiguration.html
            platform = {"platformVersion": "LATEST"}
            definition["containerProperties"].setdefault("fargatePlatformConfiguration", platform)
    revisions[revision] = definition
    return {
        "jobDefinitionName": name,
        "jobDefinitionArn": definition["jobDefinitionArn"],
        "revision": revision,
    }


def full_container(container: dict[str, Any]) -> dict[str, Any]:
    """Container properties with the empty lists that AWS answers for what was left out."""
    return {"command": [], **{name: [] for name in _EMPTY_LISTS}, **_without_empty_variables(container)}


def _nodes(params: dict[str, Any]) -> dict[str, Any]:
    """Return the nodes of a multi-node job, each range's container in full, nothing for another job."""
    if "nodeProperties" not in params:
        return {}
    nodes = params["nodeProperties"]
    ranges = [
        {**each, "container": full_container(each["container"])} if "container" in each else each
        for each in nodes["nodeRangeProperties"]
    ]
    return {"nodeProperties": {**nodes, "nodeRangeProperties": ranges}}


def _without_empty_variables(container: dict[str, Any]) -> dict[str, Any]:
    """Return container properties without variables of an empty value: AWS takes such a definition, and has
    and describes it without them.

    As Terraform's maintainers found: https://github.com/hashicorp/terraform-provider-aws/pull/29820
    """
    if "environment" not in container:
        return container
    return {**container, "environment": [one for one in container["environment"] if one.get("value")]}


def describe(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeJobDefinitions: by name and revision or ARN, or all revisions of a name, or of a status."""
    _check_description(account, params)
    revisions = (each for by_number in account.definitions.values() for each in by_number.values())
    named = {
        account.name_in("job-definition", each, "jobDefinitions") for each in params.get("jobDefinitions", [])
    }
    found = [each for each in revisions if _is_asked_for(each, named, params)]
    definitions, token = page(found, params)
    return {"jobDefinitions": definitions, "nextToken": token}


def _check_description(account: Account, params: dict[str, Any]) -> None:
    """Up to 100 ids, which "can't be used with other parameters".

    https://docs.aws.amazon.com/batch/latest/APIReference/API_DescribeJobDefinitions.html
    """
    named = params.get("jobDefinitions", [])
    others = sorted({"jobDefinitionName", "status", "maxResults", "nextToken"} & params.keys())
    if named and others:
        raise client_error(f"jobDefinitions must not be used with other parameters, but got {others}.")
    if len(named) > account.limits.described_definitions:
        raise client_error(
            f"jobDefinitions has {len(named)} ids; at most {account.limits.described_definitions} are"
            " allowed."
        )


def deregister(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """DeregisterJobDefinition: the revision stays describable and takes no new jobs."""
    called = account.name_in("job-definition", params["jobDefinition"], "jobDefinition")
    name, _, revision = called.partition(":")
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
    called = account.name_in("job-definition", name_or_arn, "jobDefinition")
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


def _is_asked_for(definition: Resource, named: set[str], params: dict[str, Any]) -> bool:
    name, revision = definition["jobDefinitionName"], definition["revision"]
    if named and not named & {name, f"{name}:{revision}"}:
        return False
    exact = {name: params[name] for name in ("jobDefinitionName", "status") if name in params}
    return all(definition[name] == value for name, value in exact.items())


def _check(account: Account, params: dict[str, Any]) -> None:
    size = len(json.dumps(params, separators=(",", ":")).encode())
    if size > account.limits.definition_bytes:
        raise client_error(
            f"Job definition is {size} bytes; at most {account.limits.definition_bytes} are allowed."
        )
    check_retry(account.limits, params.get("retryStrategy"))
    check_timeout(account.limits, params.get("timeout"))
    check_tags(account.limits, params.get("tags", {}))
    check_priority(params, "schedulingPriority")
    check_consumables(params.get("consumableResourceProperties", {}), "consumableResourceProperties")
    _check_kind(params)
    if "ecsProperties" in params or "eksProperties" in params:
        raise client_error(
            "This engine runs containerProperties and nodeProperties only, no ecsProperties or eksProperties."
        )
    capabilities = params.get("platformCapabilities", [])
    if "MANAGED_INSTANCES" in capabilities:
        raise client_error(
            "platformCapabilities MANAGED_INSTANCES needs ecsProperties, which this engine does not have."
        )
    if params["type"] == "multinode":
        _check_multinode(account, params, capabilities)
    elif "containerProperties" in params:
        check_container(params["containerProperties"], "containerProperties")
        if capabilities == ["FARGATE"]:
            check_fargate(params["containerProperties"], "containerProperties")
        else:
            check_ec2(params["containerProperties"], "containerProperties")
    else:
        raise client_error("containerProperties must be specified for a job definition of type container.")


def _check_kind(params: dict[str, Any]) -> None:
    """ "When containerProperties is used in the job definition, it can't be used in addition to" others.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_JobDefinition.html
    """
    found = [name for name in _PROPERTIES if name in params]
    if len(found) > 1:
        raise client_error(f"{found[0]} cannot be used in addition to {found[1]}.")


def _check_multinode(account: Account, params: dict[str, Any], capabilities: list[str]) -> None:
    """ "If the job is run on Fargate resources, then multinode isn't supported".

    https://docs.aws.amazon.com/batch/latest/APIReference/API_RegisterJobDefinition.html
    """
    if "FARGATE" in capabilities:
        raise client_error("type multinode is not applicable to the platformCapabilities FARGATE.")
    check_nodes(account.limits, params)
    for group in params["nodeProperties"]["nodeRangeProperties"]:
        check_cpus_of_definition(group["container"], "nodeProperties.nodeRangeProperties.container")
