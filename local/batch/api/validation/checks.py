"""Rules that job definitions and submissions share."""

from __future__ import annotations

import re
from typing import Any

from local.batch.api.errors import client_error
from local.batch.api.limits import Limits
from local.batch.api.validation.amounts import amount
from local.batch.api.validation.containers import check_one_instance_type, check_parts

# What a pattern may hold: https://docs.aws.amazon.com/batch/latest/APIReference/API_EvaluateOnExit.html
_EXIT_CODE = re.compile(r"[0-9]*\*?")
_REASON = re.compile(r"[A-Za-z0-9.:\s]*\*?")
_REASON_MAX, _PRIORITY_MAX = 1024, 9999
_NODES = re.compile(r"([0-9]{0,4})(:?)([0-9]{0,4})")


def check_retry(limits: Limits, strategy: dict[str, Any] | None) -> None:
    """1 to 10 attempts and at most 5 rules, each with a condition.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_RetryStrategy.html
    """
    if strategy is None:
        return
    attempts = strategy.get("attempts", 1)
    if not 1 <= attempts <= limits.attempts_max:
        raise client_error(
            f"retryStrategy.attempts must be between 1 and {limits.attempts_max}, but is {attempts}."
        )
    rules = strategy.get("evaluateOnExit", [])
    if len(rules) > limits.exit_rules_max:
        raise client_error(
            f"retryStrategy.evaluateOnExit has {len(rules)} rules; at most {limits.exit_rules_max} are"
            " allowed."
        )
    if rules and "attempts" not in strategy:
        raise client_error(
            "retryStrategy.attempts must be specified together with retryStrategy.evaluateOnExit."
        )
    for rule in rules:
        _check_rule(rule)


def _check_rule(rule: dict[str, Any]) -> None:
    if not {"onExitCode", "onReason", "onStatusReason"} & set(rule):
        raise client_error(
            "retryStrategy.evaluateOnExit: expected onExitCode, onReason or onStatusReason in each rule."
        )
    for name, pattern in rule.items():
        if name == "action":
            continue
        allowed = _EXIT_CODE if name == "onExitCode" else _REASON
        if len(pattern) > 512 or not allowed.fullmatch(pattern):
            kind = "digits" if name == "onExitCode" else "letters, digits, periods, colons and white spaces"
            raise client_error(
                f"retryStrategy.evaluateOnExit.{name} {pattern!r} is not valid: expected at most 512 {kind},"
                " and an asterisk at the end only."
            )


def check_timeout(limits: Limits, timeout: dict[str, Any] | None) -> None:
    """At least 60 seconds: https://docs.aws.amazon.com/batch/latest/userguide/job_timeouts.html."""
    if timeout is None:
        return
    seconds = timeout.get("attemptDurationSeconds")
    if seconds is None or seconds < limits.timeout_min_seconds:
        raise client_error(
            f"timeout.attemptDurationSeconds must be at least {limits.timeout_min_seconds:g}, but is"
            f" {seconds}."
        )


def check_tags(limits: Limits, tags: dict[str, str]) -> None:
    """At most 50 tags: https://docs.aws.amazon.com/batch/latest/userguide/using-tags.html."""
    if len(tags) > limits.tags:
        raise client_error(f"tags has {len(tags)} tags; at most {limits.tags} are allowed.")
    for name in tags:
        # "reserved for AWS use": https://docs.aws.amazon.com/batch/latest/userguide/tag-basics.html
        if name.lower().startswith("aws:"):
            raise client_error(f"tags: names must not start with aws:, which is reserved, but got {name}.")


def check_reason(params: dict[str, Any]) -> None:
    """At most 1,024 characters: https://docs.aws.amazon.com/batch/latest/APIReference/API_CancelJob.html."""
    if len(params["reason"]) > _REASON_MAX:
        raise client_error(
            f"reason must have at most {_REASON_MAX} characters, but has {len(params['reason'])}."
        )


def check_priority(params: dict[str, Any], field: str) -> None:
    """0 to 9999: https://docs.aws.amazon.com/batch/latest/APIReference/API_RegisterJobDefinition.html."""
    priority = params.get(field, 0)
    if not 0 <= priority <= _PRIORITY_MAX:
        raise client_error(f"{field} must be between 0 and {_PRIORITY_MAX}, but is {priority}.")


def check_consumables(properties: dict[str, Any], field: str) -> None:
    """Each consumable resource has a name, and a quantity that is not negative.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_ConsumableResourceRequirement.html
    """
    for wanted in properties.get("consumableResourceList", []):
        if not wanted.get("consumableResource"):
            raise client_error(f"{field}: expected a consumableResource in each entry, but got {wanted}.")
        if wanted.get("quantity", 1) < 0:
            raise client_error(f"{field}: quantity must be at least 0, but is {wanted['quantity']}.")


def check_overrides(overrides: dict[str, Any], field: str) -> None:
    """What a container's requirements must be, and a command without empty strings.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerOverrides.html
    """
    check_requirements(overrides, field)
    if "" in overrides.get("command", []):
        raise client_error(f"{field}.command must not have an empty string, but is {overrides['command']}.")


def check_container(container: dict[str, Any], field: str) -> None:
    """An image, at least 4 MiB, and requirements that are numbers."""
    if not container.get("image"):
        raise client_error(f"{field}.image must be specified.")
    check_parts(container, field)
    check_requirements(container, field)
    if amount(container, "VCPU", "vcpus") is None or amount(container, "MEMORY", "memory") is None:
        raise client_error(f"{field}.resourceRequirements must have VCPU and MEMORY.")


def check_requirements(container: dict[str, Any], field: str) -> None:
    """Requirements that are numbers: vCPUs above 0, memory of at least 4 MiB, no reserved variable."""
    cpus, memory = amount(container, "VCPU", "vcpus"), amount(container, "MEMORY", "memory")
    if cpus is not None and cpus <= 0:
        raise client_error(f"{field}.resourceRequirements VCPU must be above 0, but is {cpus:g}.")
    # https://docs.aws.amazon.com/batch/latest/APIReference/API_ResourceRequirement.html
    if memory is not None and memory < 4:
        raise client_error(
            f"{field}.resourceRequirements MEMORY must be at least 4 (MiB), but is {memory:g}."
        )
    for variable in container.get("environment", []):
        if not variable.get("name"):
            raise client_error(f"{field}.environment: expected a name in each entry, but got {variable}.")
        # https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html
        if variable["name"].startswith("AWS_BATCH"):
            raise client_error(
                f"{field}.environment: names must not start with AWS_BATCH, which is reserved, but got"
                f" {variable['name']}."
            )


def check_nodes(limits: Limits, params: dict[str, Any]) -> None:
    """Nodes that are all covered by their groups, and a main node that is one of them."""
    nodes = params.get("nodeProperties")
    if nodes is None:
        raise client_error("nodeProperties must be specified for a job definition of type multinode.")
    count, main, groups = nodes["numNodes"], nodes["mainNode"], nodes["nodeRangeProperties"]
    if not 1 <= count <= limits.nodes_max:
        raise client_error(
            f"nodeProperties.numNodes must be between 1 and {limits.nodes_max}, but is {count}."
        )
    if not 0 <= main < count:
        raise client_error(f"nodeProperties.mainNode must be between 0 and {count - 1}, but is {main}.")
    if not 1 <= len(groups) <= limits.node_groups_max:
        raise client_error(
            f"nodeProperties.nodeRangeProperties must have 1 to {limits.node_groups_max} groups, but has"
            f" {len(groups)}."
        )
    covered: set[int] = set()
    field = "nodeProperties.nodeRangeProperties.container"
    for group in groups:
        check_container(group.get("container", {}), field)
        covered.update(node_range(group["targetNodes"], count))
    check_one_instance_type((group["container"] for group in groups), field)
    if covered != set(range(count)):
        raise client_error(f"nodeProperties.nodeRangeProperties must cover the nodes 0 to {count - 1}.")


def node_range(target: str, count: int) -> range:
    """The nodes of `0:3`, `4:` or `2`:
    https://docs.aws.amazon.com/batch/latest/APIReference/API_NodeRangeProperty.html.
    """
    found = _NODES.fullmatch(target)
    if not found or target == "":
        raise client_error(
            f"targetNodes {target!r} is not valid: expected a range such as 0:3, 4:, :3, : or 2."
        )
    first, colon, last = found.groups()
    start = int(first or 0)
    if not colon:
        return range(start, start + 1)
    if last and int(last) < start:
        raise client_error(f"targetNodes {target!r} is not valid: expected a range that does not end first.")
    return range(start, int(last) + 1 if last else count)
