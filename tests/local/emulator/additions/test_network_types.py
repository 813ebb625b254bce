"""What CloudFormation makes of a network with NAT, through the cloud's own API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.emulator.additions.network_types import handlers
from local.errors import LocalCloudError
from local.paths import LocalCloudPaths
from tests.local.server.test_cloud import client

VPC = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}
SUBNET = {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/20"}}
GROUP = {
    "Type": "AWS::EC2::SecurityGroup",
    "Properties": {"VpcId": {"Ref": "Vpc"}, "GroupDescription": "nodes"},
}
GATEWAY = {"SubnetId": {"Ref": "Subnet"}, "AllocationId": {"Fn::GetAtt": ["Address", "AllocationId"]}}
RULE = {"GroupId": {"Ref": "Group"}, "IpProtocol": "-1", "SourceSecurityGroupId": {"Ref": "Group"}}
RESOURCES = {
    "Vpc": VPC,
    "Subnet": SUBNET,
    "Group": GROUP,
    "Address": {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc"}},
    "Gateway": {"Type": "AWS::EC2::NatGateway", "Properties": GATEWAY},
    "Rule": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": RULE},
}


def test_a_network_with_nat_comes_and_goes(cloud: LocalCloudPaths) -> None:
    """EC2 has the address, the gateway and the group's rule for itself, until the stack is deleted."""
    cloudformation, ec2 = client(cloud, "cloudformation"), client(cloud, "ec2")
    addresses = len(ec2.describe_addresses()["Addresses"])
    cloudformation.create_stack(StackName="nat", TemplateBody=json.dumps({"Resources": RESOURCES}))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="nat", WaiterConfig={"Delay": 0.1, "MaxAttempts": 100}
    )
    found: dict[str, Any] = {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for one in cloudformation.describe_stack_resources(StackName="nat")["StackResources"]
    }
    (gateway,) = ec2.describe_nat_gateways(NatGatewayIds=[found["Gateway"]])["NatGateways"]
    assert (gateway["SubnetId"], gateway["State"]) == (found["Subnet"], "available")
    assert len(ec2.describe_addresses()["Addresses"]) == addresses + 1
    (group,) = ec2.describe_security_groups(GroupIds=[found["Group"]])["SecurityGroups"]
    assert [[pair["GroupId"] for pair in rule["UserIdGroupPairs"]] for rule in group["IpPermissions"]] == [
        [found["Group"]]
    ]
    cloudformation.delete_stack(StackName="nat")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="nat", WaiterConfig={"Delay": 0.1, "MaxAttempts": 100}
    )
    assert len(ec2.describe_addresses()["Addresses"]) == addresses
    assert [one for one in ec2.describe_nat_gateways()["NatGateways"] if one["State"] == "available"] == []


def test_an_answer_without_an_id_is_an_error() -> None:
    """Not a resource without a name."""
    with pytest.raises(LocalCloudError, match="Expected natGatewayId in EC2's answer"):
        handlers(lambda action, parameters: b"<Error/>")["AWS::EC2::NatGateway"]["create"](
            "Gateway", {}, "stack"
        )
