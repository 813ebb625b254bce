"""A submitted job with everything that its definition, its overrides and its parameters come to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.batch.api.shapes import fit
from local.batch.api.validation.amounts import amount
from local.batch.api.validation.checks import node_range
from scheduler.spec import Dependency, JobSpec, Need, Retry, Rule

if TYPE_CHECKING:
    from local.batch.api.account import Resource


@dataclass(frozen=True, slots=True)
class Submission:
    """What DescribeJobs and the executor need to know of a job; carried as `JobSpec.info`.

    `containers` has one resolved container a node of a multi-node job, and one otherwise. Both fit the model,
    so that nothing of them has to be checked again for each event. `overridden` are the variables that the
    request has set.
    """

    queue_name: str
    definition_arn: str
    definition_name: str
    containers: tuple[dict[str, Any], ...]
    described: dict[str, Any]
    parameters: dict[str, str]
    overridden: frozenset[str] = frozenset()


def resolve(definition: Resource, queue: Resource, params: dict[str, Any]) -> JobSpec:
    """The job that a SubmitJob request describes, over its definition."""
    timeout = params.get("timeout") or definition.get("timeout")
    submission = _submission(definition, queue, params)
    needs = tuple(_need(each) for each in submission.containers)
    nodes = needs if definition["type"] == "multinode" else ()
    depends = params.get("dependsOn", [])
    return JobSpec(
        name=params["jobName"],
        queue=queue["jobQueueArn"],
        need=needs[0],
        size=params.get("arrayProperties", {}).get("size"),
        retry=_retry(params.get("retryStrategy") or definition.get("retryStrategy")),
        timeout_ms=int(timeout["attemptDurationSeconds"] * 1000) if timeout else None,
        depends_on=_dependencies(depends),
        sequential=any(each.get("type") == "SEQUENTIAL" for each in depends),
        nodes=nodes,
        main_node=definition["nodeProperties"]["mainNode"] if nodes else 0,
        resources=_resources(definition, params),
        share=params.get("shareIdentifier", ""),
        priority=_priority(definition, params),
        rejected=_rejection(definition, params),
        info=submission,
    )


def override(container: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A container with the overrides of a submission.

    A command replaces; variables and requirements replace those of the same name and add the others:
    https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerOverrides.html.
    """
    replaced: dict[str, Any] = {
        name: changes[name] for name in ("command", "instanceType") if name in changes
    }
    result: dict[str, Any] = {**container, **replaced}
    for field, key in (("environment", "name"), ("resourceRequirements", "type")):
        if field in changes:
            merged = {each[key]: each for each in [*container.get(field, []), *changes[field]]}
            result[field] = list(merged.values())
    # "doesn't override any vCPU requirement specified in the resourceRequirements structure".
    result.update({old: changes[old] for old in ("vcpus", "memory") if old in changes and old in container})
    return result


def _submission(definition: Resource, queue: Resource, params: dict[str, Any]) -> Submission:
    parameters = {**definition.get("parameters", {}), **params.get("parameters", {})}
    return Submission(
        queue_name=queue["jobQueueName"],
        definition_arn=definition["jobDefinitionArn"],
        definition_name=definition["jobDefinitionName"],
        containers=tuple(fit("ContainerDetail", each) for each in _containers(definition, params)),
        parameters=parameters,
        described=fit("JobDetail", _described(definition, params, parameters)),
        overridden=frozenset(_overridden(params)),
    )


def _overridden(params: dict[str, Any]) -> Iterator[str]:
    nodes = params.get("nodeOverrides", {}).get("nodePropertyOverrides", [])
    for each in [params, *nodes]:
        for variable in each.get("containerOverrides", {}).get("environment", []):
            yield variable["name"]


def _dependencies(depends: list[dict[str, Any]]) -> tuple[Dependency, ...]:
    named = (each for each in depends if "jobId" in each)
    return tuple(Dependency(each["jobId"], each.get("type") == "N_TO_N") for each in named)


def _priority(definition: Resource, params: dict[str, Any]) -> int:
    chosen = params if "schedulingPriorityOverride" in params else definition
    return int(chosen.get("schedulingPriorityOverride", chosen.get("schedulingPriority", 0)))


def _containers(definition: Resource, params: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    if definition["type"] == "multinode":
        return _node_containers(definition["nodeProperties"], params.get("nodeOverrides", {}))
    return (override(definition["containerProperties"], params.get("containerOverrides", {})),)


def _node_containers(nodes: dict[str, Any], changes: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    count = changes.get("numNodes", nodes["numNodes"])
    containers: list[dict[str, Any]] = [{} for _ in range(count)]
    for group in _outer_first(nodes["nodeRangeProperties"], count):
        container = group["container"]
        for change in changes.get("nodePropertyOverrides", []):
            if change["targetNodes"] == group["targetNodes"]:
                container = override(container, change.get("containerOverrides", {}))
        for node in node_range(group["targetNodes"], count):
            if node < count:
                containers[node] = container
    return tuple(containers)


def _outer_first(groups: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Nested ranges after those around them, whose properties theirs override, wherever they stand.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_NodeRangeProperty.html
    """
    return sorted(groups, key=lambda group: -len(node_range(group["targetNodes"], count)))


def _need(container: dict[str, Any]) -> Need:
    return Need(
        milli_cpus=int((amount(container, "VCPU", "vcpus") or 1) * 1000),
        memory=int(amount(container, "MEMORY", "memory") or 4),
        gpus=int(amount(container, "GPU", "") or 0),
    )


def _retry(strategy: dict[str, Any] | None) -> Retry:
    if strategy is None:
        return Retry()
    rules = tuple(
        Rule(each["action"].upper(), each.get("onExitCode"), each.get("onReason"), each.get("onStatusReason"))
        for each in strategy.get("evaluateOnExit", [])
    )
    return Retry(strategy.get("attempts", 1), rules)


def _resources(definition: Resource, params: dict[str, Any]) -> tuple[tuple[str, int], ...]:
    chosen = (
        params.get("consumableResourcePropertiesOverride")
        or definition.get("consumableResourceProperties")
        or {}
    )
    return tuple(
        (each["consumableResource"], each.get("quantity", 1))
        for each in chosen.get("consumableResourceList", [])
    )


def _described(definition: Resource, params: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
    """The part of a JobDetail that never changes."""
    retry = params.get("retryStrategy") or definition.get("retryStrategy")
    propagate = params.get("propagateTags", definition.get("propagateTags", False))
    return {
        "retryStrategy": {"attempts": 1, "evaluateOnExit": [], **(retry or {})},
        "dependsOn": params.get("dependsOn", []),
        "jobDefinition": definition["jobDefinitionArn"],
        "parameters": parameters,
        "timeout": params.get("timeout") or definition.get("timeout"),
        "tags": params.get("tags", {}),
        "propagateTags": propagate,
        "platformCapabilities": definition.get("platformCapabilities", []),
        "shareIdentifier": params.get("shareIdentifier"),
        "schedulingPriority": params.get("schedulingPriorityOverride", definition.get("schedulingPriority")),
        "nodeProperties": _described_nodes(definition, params),
        "consumableResourceProperties": params.get("consumableResourcePropertiesOverride")
        or definition.get("consumableResourceProperties"),
    }


def _described_nodes(definition: Resource, params: dict[str, Any]) -> dict[str, Any] | None:
    nodes: dict[str, Any] | None = definition.get("nodeProperties")
    changes = params.get("nodeOverrides", {})
    return {**nodes, "numNodes": changes["numNodes"]} if nodes and "numNodes" in changes else nodes


def _rejection(definition: Resource, params: dict[str, Any]) -> str | None:
    """Why a job fails as soon as it is submitted.

    "If the total number of combined tags from the job and job definition is over 50, the job is moved to the
    FAILED state": https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html.
    """
    propagated = params.get("propagateTags", definition.get("propagateTags", False))
    tags = {**definition.get("tags", {}), **params.get("tags", {})}
    if propagated and len(tags) > 50:
        return f"{len(tags)} tags of job and job definition are more than the 50 that can be propagated"
    return None
