"""What must hold for the job definitions of multi-node jobs."""

from __future__ import annotations

from pathlib import Path

from scheduler.reasons import EXITED
from scheduler.retry import Outcome, is_retried
from scheduler.spec import Retry
from sluice.runtime.exit_codes import TRY_AGAIN
from tests.stacks.blocks.jobs.definitions import rule_of
from tests.stacks.nodes import GROUPS, composed, definition, project
from tests.stacks.templates import Template


def test_a_multi_node_job_defines_all_its_nodes(with_nat: dict[str, Template]) -> None:
    """One range from the main node to the last, as the submission's overrides name it."""
    ring = definition(with_nat["Pipelines"], "sluice-ring-ring-")
    assert ring["Type"] == "multinode"
    assert "ContainerProperties" not in ring
    nodes = ring["NodeProperties"]
    assert (nodes["MainNode"], nodes["NumNodes"]) == (0, 4)
    (only,) = nodes["NodeRangeProperties"]
    assert only["TargetNodes"] == "0:3"
    assert only["Container"]["Command"] == ["containers.ring.steps:ring"]
    assert {"Name", "Value"} == set(only["Container"]["Environment"][0])


def test_a_lost_machine_or_an_unnamed_job_is_tried_again(with_nat: dict[str, Template]) -> None:
    """The rules are those of every job; AWS Batch applies them to the main node."""
    rules = definition(with_nat["Pipelines"], "sluice-ring-ring-")["RetryStrategy"]["EvaluateOnExit"]
    retry = Retry(2, tuple(rule_of(one) for one in rules))
    assert is_retried(retry, 1, Outcome(int(TRY_AGAIN), None, EXITED))
    assert is_retried(retry, 1, Outcome(None, None, "Host EC2 (instance i-0) terminated."))
    assert not is_retried(retry, 1, Outcome(1, None, EXITED))


def test_each_group_runs_its_own_program(tmp_path: Path) -> None:
    """Image, command and environment are the group's, sizes and instance type are the step's."""
    root = project(tmp_path, groups=GROUPS)
    templates = composed(root, SLUICE_NAT="true", SLUICE_INSTANCE_TYPES="m7i,c7i")
    train = definition(templates["Pipelines"], "sluice-groups-train-")
    ranges = train["NodeProperties"]["NodeRangeProperties"]
    assert [(one["TargetNodes"], one["Container"]["Image"]) for one in ranges] == [
        ("0:0", "lead:1"),
        ("1:3", "follow:1"),
    ]
    assert [one["InstanceTypes"] for one in ranges] == [["c7i.large"]] * 2
    variables = [{each["Name"]: each["Value"] for each in one["Container"]["Environment"]} for one in ranges]
    assert [one.get("ROLE") for one in variables] == ["lead", None]
    assert [one["SEED"] for one in variables] == ["7", "7"]
    assert all({"Type": "VCPU", "Value": "2"} in one["Container"]["ResourceRequirements"] for one in ranges)
    images = list(templates["Pipelines"].properties("AWS::Batch::JobDefinition"))
    assert len(images) == 3, "no image of the pipeline's own is needed, and none is built"
