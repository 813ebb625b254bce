"""What AWS Batch refuses of a submission.

https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html
"""

from __future__ import annotations

import json
from typing import Any

from local.batch.api.account import Account, Resource
from local.batch.api.errors import client_error
from local.batch.api.submission import override
from local.batch.api.validation.checks import (
    check_consumables,
    check_overrides,
    check_priority,
    check_retry,
    check_tags,
    check_timeout,
    node_range,
)
from local.batch.api.validation.containers import check_one_instance_type
from local.batch.api.validation.fargate import check_cpus, check_fargate, check_old_fields, is_fargate
from local.batch.api.validation.names import check_name, check_share


def check_submission(account: Account, params: dict[str, Any]) -> None:
    """Refuse what is wrong whatever the queue and the job definition; ClientException names the field."""
    check_name("jobName", params["jobName"])
    _check_lacking(params)
    _check_sizes(account, params)


def check_fit(account: Account, queue: Resource, definition: Resource, params: dict[str, Any]) -> None:
    """Refuse what does not go with the queue and the job definition; ClientException names the field."""
    _check_kind(definition, params)
    # Before they are laid over the definition, which needs a name in each entry.
    check_overrides(params.get("containerOverrides", {}), "containerOverrides")
    _check_platform(account, queue, definition, params)
    _check_share(queue, params)
    _check_nodes(account, queue, definition, params)
    check_retry(account.limits, params.get("retryStrategy"))
    check_timeout(account.limits, params.get("timeout"))
    check_tags(account.limits, params.get("tags", {}))
    name = "consumableResourcePropertiesOverride"
    check_consumables(params.get(name, {}), name)
    _check_array(account, params)
    _check_dependencies(account, params)


def _check_lacking(params: dict[str, Any], of: str = "") -> None:
    """Overrides are of what the definition has: EKS's and ECS's properties are in no definition here."""
    for name in ("ecsPropertiesOverride", "eksPropertiesOverride"):
        if name in params:
            raise client_error(
                f"{of}{name} is not applicable to a job definition with containerProperties or"
                " nodeProperties: use containerOverrides or nodeOverrides."
            )
    if of and "consumableResourcePropertiesOverride" in params:
        raise client_error(
            f"{of}consumableResourcePropertiesOverride: this engine has consumable resources of whole jobs"
            " only."
        )


def _check_sizes(account: Account, params: dict[str, Any]) -> None:
    size = len(json.dumps(params, separators=(",", ":")).encode())
    if size > account.limits.submit_bytes:
        raise client_error(
            f"SubmitJob request is {size} bytes; at most {account.limits.submit_bytes} are allowed."
        )
    _check_overrides_size(account, params.get("containerOverrides", {}))


def _check_overrides_size(account: Account, overrides: dict[str, Any]) -> None:
    size = len(json.dumps(overrides, separators=(",", ":")).encode())
    if size > account.limits.container_overrides_bytes:
        raise client_error(
            f"Container Overrides length must be at most {account.limits.container_overrides_bytes}, but"
            f" containerOverrides has {size}."
        )


def _check_kind(definition: dict[str, Any], params: dict[str, Any]) -> None:
    multinode = definition["type"] == "multinode"
    if multinode and "containerOverrides" in params:
        raise client_error("containerOverrides is not applicable to a multinode job: use nodeOverrides.")
    if multinode and "arrayProperties" in params:
        raise client_error("arrayProperties is not applicable to a multinode job.")
    if not multinode and "nodeOverrides" in params:
        raise client_error("nodeOverrides is not applicable to a container job: use containerOverrides.")


def _check_platform(account: Account, queue: Resource, definition: Resource, params: dict[str, Any]) -> None:
    """A definition for Fargate needs a Fargate queue, and keeps to Fargate's sizes with its overrides."""
    if definition["type"] == "multinode":
        return
    environment = account.environment(queue["computeEnvironmentOrder"][0]["computeEnvironment"])
    platform = "FARGATE" if is_fargate(environment) else "EC2"
    capabilities = definition.get("platformCapabilities") or ["EC2"]
    if platform not in capabilities:
        raise client_error(
            f"jobDefinition has the platformCapabilities {', '.join(capabilities)}, but job queue "
            f"{queue['jobQueueName']} runs on {platform}."
        )
    overrides = params.get("containerOverrides", {})
    container = override(definition["containerProperties"], overrides)
    if platform == "FARGATE":
        check_old_fields(overrides, "containerOverrides")
        check_fargate(container, "containerOverrides")
    else:
        check_cpus(container, "containerOverrides")


def _check_share(queue: Resource, params: dict[str, Any]) -> None:
    """A share identifier where the queue has a scheduling policy, and only there.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html
    """
    fair = "schedulingPolicyArn" in queue
    if fair and not params.get("shareIdentifier"):
        raise client_error("shareIdentifier must be specified for a job queue with a scheduling policy.")
    if not fair and "shareIdentifier" in params:
        raise client_error(
            "shareIdentifier must not be specified for a job queue without a scheduling policy."
        )
    if "shareIdentifier" in params:
        check_share("shareIdentifier", params["shareIdentifier"])
    check_priority(params, "schedulingPriorityOverride")


def _check_nodes(account: Account, queue: Resource, definition: Resource, params: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/batch/latest/userguide/multi-node-parallel-jobs.html."""
    if definition["type"] != "multinode":
        return
    order = queue["computeEnvironmentOrder"]
    if not all(_takes_nodes(account.environment(each["computeEnvironment"])) for each in order):
        raise client_error("Multi-node parallel jobs need a job queue of managed EC2 compute environments.")
    groups = {
        each["targetNodes"]: each["container"] for each in definition["nodeProperties"]["nodeRangeProperties"]
    }
    changes = params.get("nodeOverrides", {})
    for change in changes.get("nodePropertyOverrides", []):
        _check_node_override(account, change, groups)
        target = change["targetNodes"]
        groups[target] = override(groups[target], change.get("containerOverrides", {}))
    check_one_instance_type(groups.values(), "nodeOverrides.nodePropertyOverrides.containerOverrides")
    if "numNodes" in changes:
        _check_node_count(account, definition["nodeProperties"], changes["numNodes"])


def _check_node_count(account: Account, nodes: dict[str, Any], count: int) -> None:
    """https://docs.aws.amazon.com/batch/latest/APIReference/API_NodeOverrides.html."""
    targets = [each["targetNodes"] for each in nodes["nodeRangeProperties"]]
    if not any(each.endswith(":") for each in targets):
        raise client_error(
            "nodeOverrides.numNodes needs a node range with an open upper boundary, such as 1:."
        )
    # Both have to be fewer than the number of nodes.
    first = max(node_range(each, account.limits.nodes_max).start for each in targets)
    least = max(nodes["mainNode"], first) + 1
    if not least <= count <= account.limits.nodes_max:
        raise client_error(
            f"nodeOverrides.numNodes must be between {least}, beyond the main node and the lower boundary of"
            f" each node range, and {account.limits.nodes_max}, but is {count}."
        )


def _takes_nodes(environment: Resource) -> bool:
    return environment["type"] == "MANAGED" and not is_fargate(environment)


def _check_node_override(account: Account, change: dict[str, Any], groups: dict[str, Any]) -> None:
    if change["targetNodes"] not in groups:
        # As AWS puts it: https://github.com/aws/aws-parallelcluster/pull/964
        raise client_error(
            "NodeOverride targets should match job definition. Non matching targets -"
            f" {change['targetNodes']}"
        )
    field = "nodeOverrides.nodePropertyOverrides"
    _check_lacking(change, field + ".")
    overrides = change.get("containerOverrides", {})
    _check_overrides_size(account, overrides)
    check_overrides(overrides, f"{field}.containerOverrides")
    check_cpus(override(groups[change["targetNodes"]], overrides), f"{field}.containerOverrides")


def _check_array(account: Account, params: dict[str, Any]) -> None:
    if "arrayProperties" not in params:
        return
    size, limits = params["arrayProperties"].get("size"), account.limits
    if size is None or not limits.array_min <= size <= limits.array_max:
        raise client_error(
            f"arrayProperties.size must be between {limits.array_min} and {limits.array_max}, but is {size}."
        )


def _check_dependencies(account: Account, params: dict[str, Any]) -> None:
    depends = params.get("dependsOn", [])
    if len(depends) > account.limits.dependencies:
        raise client_error(
            f"dependsOn has {len(depends)} jobs; at most {account.limits.dependencies} are allowed."
        )
    size = params.get("arrayProperties", {}).get("size")
    for each in depends:
        _check_dependency(account, each, size)


def _check_dependency(account: Account, dependency: dict[str, Any], size: int | None) -> None:
    kind, job_id = dependency.get("type"), dependency.get("jobId")
    if kind == "SEQUENTIAL":
        _check_sequential(job_id, size)
        return
    if job_id is None:
        raise client_error("dependsOn.jobId must be specified.")
    parent = account.scheduler.jobs.get(job_id)
    if parent is None:
        raise client_error(f"dependsOn.jobId {job_id} does not exist.")
    if kind == "N_TO_N":
        _check_pairs(job_id, parent.spec.size, size)


def _check_sequential(job_id: str | None, size: int | None) -> None:
    if job_id is not None or size is None:
        raise client_error(
            "dependsOn.type SEQUENTIAL orders an array's own children: expected an array, no jobId."
        )


def _check_pairs(job_id: str, parent_size: int | None, size: int | None) -> None:
    if size is None or parent_size != size:
        raise client_error(
            "dependsOn.type N_TO_N needs two arrays of the same size, but this job has "
            f"{size or 'no array'} and {job_id} has {parent_size or 'no array'}."
        )
