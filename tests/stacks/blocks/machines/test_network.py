"""What can reach the machines, and what they reach without a fee."""

from __future__ import annotations

import ipaddress
import itertools
import re
from pathlib import Path

from stacks.configuration import Configuration
from tests.stacks.blocks.machines.compute_stack import synthesised
from tests.stacks.nodes import GROUPS, composed, project
from tests.stacks.templates import Template, text


def test_nothing_can_come_in(compute: Template) -> None:
    """The machines' security group has no rule for incoming traffic."""
    (group,) = compute.properties("AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in group
    assert compute.of_type("AWS::EC2::SecurityGroupIngress") == {}


def test_s3_and_the_ledger_are_reached_without_a_fee(compute: Template) -> None:
    """S3 and DynamoDB have gateway endpoints in the route tables of the machines' subnets."""
    endpoints = compute.properties("AWS::EC2::VPCEndpoint")
    assert sorted(text(one["ServiceName"]).rsplit(".", 1)[1] for one in endpoints) == ["dynamodb", "s3"]
    assert all(one["RouteTableIds"] for one in endpoints)


def test_nat_moves_the_machines_into_private_subnets() -> None:
    """With NAT there is one gateway, and the environments use the private subnets."""
    template = synthesised(Configuration(nat=True))
    assert len(template.of_type("AWS::EC2::NatGateway")) == 1
    for environment in template.properties("AWS::Batch::ComputeEnvironment"):
        assert all("PrivateSubnet" in text(one) for one in environment["ComputeResources"]["Subnets"])


def test_nodes_reach_each_other_and_nothing_else_reaches_them(with_nat: dict[str, Template]) -> None:
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
    """On-demand Arm machines can be nodes' machines too."""
    arm = 'Job("b", image="busybox", command=["true"], compute="arm")'
    both = GROUPS.replace("steps=[train]", f"steps=[train, {arm}]").replace("MultiNode,", "MultiNode, Job,")
    compute = composed(project(tmp_path, groups=both), SLUICE_NAT="true", SLUICE_INSTANCE_TYPES="c7i")[
        "Compute"
    ]
    assert len(compute.of_type("AWS::EC2::SecurityGroupIngress")) == 1
    bought = [one["ComputeResources"]["Type"] for one in compute.properties("AWS::Batch::ComputeEnvironment")]
    assert bought.count("EC2") == 2


def test_without_a_multi_node_step_no_machine_reaches_another(tmp_path: Path) -> None:
    """NAT alone opens nothing."""
    plain = GROUPS.replace("steps=[train]", 'steps=[Job("a", image="busybox", command=["true"])]').replace(
        "MultiNode,", "MultiNode, Job,"
    )
    compute = composed(project(tmp_path, groups=plain), SLUICE_NAT="true")["Compute"]
    assert compute.of_type("AWS::EC2::NatGateway")
    assert compute.of_type("AWS::EC2::SecurityGroupIngress") == {}


def cidrs(template: Template) -> dict[str, str]:
    """Return the addresses of each subnet by its name."""
    found = template.of_type("AWS::EC2::Subnet")
    return {
        re.sub(r"Subnet[0-9A-F]{8}$", "", name): one["Properties"]["CidrBlock"] for name, one in found.items()
    }


def test_there_is_a_subnet_in_each_zone() -> None:
    """As many as the configuration says, and environments use them all."""
    for zones in range(1, 7):
        template = synthesised(Configuration(zones=zones))
        zone_of = [text(one["AvailabilityZone"]) for one in template.properties("AWS::EC2::Subnet")]
        assert len(set(zone_of)) == zones
        for environment in template.properties("AWS::Batch::ComputeEnvironment"):
            assert len(environment["ComputeResources"]["Subnets"]) == zones


def test_a_subnet_keeps_its_addresses_when_there_are_more_zones_or_nat() -> None:
    """A later deploy adds subnets beside those in which jobs run; none overlap."""
    few, many = cidrs(synthesised(Configuration())), cidrs(synthesised(Configuration(zones=6, nat=True)))
    nat = cidrs(synthesised(Configuration(zones=3, nat=True)))
    for found in (few, nat):
        assert found.items() <= many.items()
    networks = [ipaddress.ip_network(one) for one in many.values()]
    assert len(networks) == 12
    assert not [1 for one, other in itertools.combinations(networks, 2) if one.overlaps(other)]
