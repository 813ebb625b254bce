"""Lacking: types of CloudFormation for parts of a network with NAT that ministack's EC2 has: addresses,
gateways, rules of security groups.
"""

from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

from local.errors import LocalCloudError

Ec2 = Callable[[str, Mapping[str, str]], bytes]
"""Calls an action of EC2 and returns the XML of its answer."""
Properties = Mapping[str, Any]
Result = tuple[str, dict[str, Any]]


def handlers(ec2: Ec2) -> dict[str, dict[str, Any]]:
    """Return create, update and delete of each type, over an EC2; an update changes nothing, tags are not
    kept.
    """
    address, gateway, rule = _Address(ec2), _Gateway(ec2), _Rule(ec2)
    return {
        "AWS::EC2::SecurityGroupIngress": {
            "create": rule.create,
            "update": _unchanged,
            "delete": rule.delete,
        },
        "AWS::EC2::EIP": {"create": address.create, "update": _unchanged, "delete": address.delete},
        "AWS::EC2::NatGateway": {"create": gateway.create, "update": _unchanged, "delete": gateway.delete},
    }


class _Address:
    """`Ref` is the public address:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-eip.html.
    """

    def __init__(self, ec2: Ec2) -> None:
        self._ec2 = ec2
        self._ids: dict[str, str] = {}

    def create(self, _logical_id: str, _properties: Properties, _stack: str) -> Result:
        answer = self._ec2("AllocateAddress", {"Domain": "vpc"})
        address, allocation = _text(answer, "publicIp"), _text(answer, "allocationId")
        self._ids[address] = allocation
        return address, {"AllocationId": allocation, "PublicIp": address}

    def delete(self, physical_id: str, _properties: Properties) -> None:
        self._ec2("ReleaseAddress", {"AllocationId": self._ids.pop(physical_id, "")})


class _Gateway:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-natgateway.html."""

    def __init__(self, ec2: Ec2) -> None:
        self._ec2 = ec2

    def create(self, _logical_id: str, properties: Properties, _stack: str) -> Result:
        answer = self._ec2(
            "CreateNatGateway",
            {name: str(properties[name]) for name in ("SubnetId", "AllocationId") if name in properties},
        )
        gateway = _text(answer, "natGatewayId")
        return gateway, {"NatGatewayId": gateway}

    def delete(self, physical_id: str, _properties: Properties) -> None:
        self._ec2("DeleteNatGateway", {"NatGatewayId": physical_id})


class _Rule:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroupingress.html."""

    def __init__(self, ec2: Ec2) -> None:
        self._ec2 = ec2

    def create(self, logical_id: str, properties: Properties, stack: str) -> Result:
        self._ec2("AuthorizeSecurityGroupIngress", _permission(properties))
        rule = f"{stack}-{logical_id}"
        return rule, {"Id": rule}

    def delete(self, _physical_id: str, properties: Properties) -> None:
        self._ec2("RevokeSecurityGroupIngress", _permission(properties))


def _permission(properties: Properties) -> dict[str, str]:
    """Return a rule's properties as the parameters of EC2's Query API."""
    names = {
        "GroupId": "GroupId",
        "IpProtocol": "IpPermissions.1.IpProtocol",
        "FromPort": "IpPermissions.1.FromPort",
        "ToPort": "IpPermissions.1.ToPort",
        "SourceSecurityGroupId": "IpPermissions.1.Groups.1.GroupId",
        "CidrIp": "IpPermissions.1.IpRanges.1.CidrIp",
    }
    return {parameter: str(properties[name]) for name, parameter in names.items() if name in properties}


def _unchanged(physical_id: str, _old: Properties, _new: Properties, _stack: str) -> Result:
    return physical_id, {}


def _text(answer: bytes, name: str) -> str:
    found = ET.fromstring(answer).find(f".//{{*}}{name}")  # noqa: S314 - ministack's own
    if found is None or not found.text:
        message = f"Expected {name} in EC2's answer, found {answer[:300]!r}."
        raise LocalCloudError(message)
    return found.text
