"""What must hold for multi-node jobs, and for the network that their nodes talk over."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

import app as entry
from sluice.errors import PipelineError
from sluice.runtime.__main__ import TRY_AGAIN
from tests.stacks.conftest import context
from tests.stacks.templates import STACKS, Template, text
from tests.stacks.test_templates import lint

GROUPS = """
from sluice.pipeline.definition import Manual, MultiNode, NodeGroup, Pipeline

groups = [
    NodeGroup(nodes=1, image="lead:1", command=["lead"], environment={"ROLE": "lead"}),
    NodeGroup(nodes=3, image="follow:1", command=["follow"]),
]
train = MultiNode(
    "train", groups=groups, instance_type="c7i.large", environment={"SEED": "7"}, vcpus=2, attempts=2
)
pipeline = Pipeline(name="groups", triggers=[Manual()], steps=[train])
"""


def definition(template: Template, name: str) -> dict[str, Any]:
    """Return the properties of the job definition whose name begins so."""
    (found,) = [
        one
        for one in template.properties("AWS::Batch::JobDefinition")
        if one["JobDefinitionName"].startswith(name)
    ]
    return dict(found)


def project(root: Path, **files: str) -> Path:
    """Return a project with these pipelines and Sluice's own images."""
    shutil.copytree(
        entry.ROOT / "containers", root / "containers", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("sluice", "lambdas"):
        (root / name).symlink_to(entry.ROOT / name)
    (root / "pipelines").mkdir()
    for name, content in files.items():
        (root / "pipelines" / f"{name}.py").write_text(content)
    return root


def composed(root: Path, **settings: str) -> dict[str, Template]:
    """Return the templates of a project."""
    app = App(context=context())
    entry.compose(app, root=root, environment=settings)
    assembly = app.synth()
    return {name: Template(root, assembly.get_stack_by_name(f"Sluice{name}").template) for name in STACKS}


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
    assert {"OnExitCode": str(TRY_AGAIN), "Action": "RETRY"} in rules
    assert rules[-1] == {"OnReason": "*", "Action": "EXIT"}


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


def test_nodes_reach_each_other_and_nobody_else_reaches_them(with_nat: dict[str, Template]) -> None:
    """The one rule for incoming traffic is from the group to itself, and only on-demand machines are in
    it.
    """
    compute = with_nat["Compute"]
    (rule,) = compute.properties("AWS::EC2::SecurityGroupIngress")
    assert rule["IpProtocol"] == "-1"
    assert text(rule["GroupId"]) == text(rule["SourceSecurityGroupId"])
    assert not [one for one in compute.properties("AWS::EC2::SecurityGroup") if "SecurityGroupIngress" in one]
    groups = {
        one["ComputeResources"]["Type"]: [text(each) for each in one["ComputeResources"]["SecurityGroupIds"]]
        for one in compute.properties("AWS::Batch::ComputeEnvironment")
    }
    assert text(rule["GroupId"]) in groups["EC2"]
    assert len(groups["EC2"]) == 2
    assert len(groups["SPOT"]) == 1
    assert text(rule["GroupId"]) not in groups["SPOT"]


def test_nodes_beside_other_on_demand_machines_share_one_group(tmp_path: Path) -> None:
    """Arm machines that AWS never takes back are nodes' machines too."""
    arm = 'Job("b", image="busybox", command=["true"], compute="arm")'
    both = GROUPS.replace("steps=[train]", f"steps=[train, {arm}]").replace("MultiNode,", "MultiNode, Job,")
    compute = composed(project(tmp_path, groups=both), SLUICE_NAT="true", SLUICE_INSTANCE_TYPES="c7i")[
        "Compute"
    ]
    assert len(compute.of_type("AWS::EC2::SecurityGroupIngress")) == 1
    bought = [one["ComputeResources"]["Type"] for one in compute.properties("AWS::Batch::ComputeEnvironment")]
    assert bought.count("EC2") == 2


def test_without_a_multi_node_step_nobody_reaches_anybody(tmp_path: Path) -> None:
    """NAT alone opens nothing."""
    plain = GROUPS.replace("steps=[train]", 'steps=[Job("a", image="busybox", command=["true"])]').replace(
        "MultiNode,", "MultiNode, Job,"
    )
    compute = composed(project(tmp_path, groups=plain), SLUICE_NAT="true")["Compute"]
    assert compute.of_type("AWS::EC2::NatGateway")
    assert compute.of_type("AWS::EC2::SecurityGroupIngress") == {}


@pytest.mark.parametrize("stack", STACKS)
def test_cfn_lint_finds_nothing_with_nat(with_nat: dict[str, Template], stack: str) -> None:
    """CloudFormation's own schemas and rules accept the templates with nodes as well."""
    assert lint(with_nat[stack]) == []


def test_the_shipped_ring_is_left_out_without_nat(templates: dict[str, Template], assembly: Path) -> None:
    """Nobody pays for a NAT gateway by a first deploy, which says what is left out and how to have it."""
    assert "sluice-ring" not in json.dumps(templates["Pipelines"].document)
    said = (assembly / "SluicePipelines.metadata.json").read_text()
    assert "The pipeline ring is left out: it is deployed with SLUICE_NAT=true only." in said


def test_a_multi_node_step_without_nat_is_refused_with_the_setting(tmp_path: Path) -> None:
    """Together with what else is wrong, before anything is deployed."""
    root = project(tmp_path, groups=GROUPS, broken="pipeline = 1")
    with pytest.raises(PipelineError) as raised:
        composed(root)
    said = str(raised.value)
    assert (
        "pipelines/groups.py: steps['train']: expected private subnets with NAT for a MultiNode, found"
        " SLUICE_NAT=false" in said
    )
    assert "Deploy with SLUICE_NAT=true" in said
    assert "SLUICE_INSTANCE_TYPES=c7i.large" in said
    assert "pipelines/broken.py: file: expected a name `pipeline`" in said


def test_nodes_that_can_never_start_together_are_refused(tmp_path: Path) -> None:
    """Eight vCPUs do not fit into seven."""
    root = project(tmp_path, groups=GROUPS)
    with pytest.raises(PipelineError, match="SLUICE_MAX_VCPUS_ON_DEMAND=8 or more"):
        composed(root, SLUICE_NAT="true", SLUICE_MAX_VCPUS_ON_DEMAND="7", SLUICE_INSTANCE_TYPES="c7i")
