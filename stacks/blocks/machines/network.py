"""The network of the machines: nothing can reach them, and reaching S3 and DynamoDB costs nothing. Or the
network that a company has.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from aws_cdk import Fn
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from stacks.configuration import MAX_ZONES, SUBNET_MASK, Configuration
from stacks.reasons import accept


class Network(Construct):
    """Public subnets with public addresses and no ingress, or with NAT private subnets behind one NAT
    gateway; or the VPC, subnets and security groups that the configuration names.

    A NAT gateway costs by the hour, also while nothing runs, so it is only for multi-node jobs, or for one
    outgoing address.
    """

    def __init__(self, scope: Construct, construct_id: str, *, configuration: Configuration) -> None:
        super().__init__(scope, construct_id)
        if configuration.vpc_id:
            self.vpc: ec2.IVpc = _existing(self, configuration)
            self.subnet_ids = list(configuration.subnet_ids)
        else:
            own = _own(self, configuration)
            self.vpc = own
            subnets = own.private_subnets if configuration.nat else own.public_subnets
            self.subnet_ids = [subnet.subnet_id for subnet in subnets]
        self._named = configuration.security_group_ids
        self.group_ids = list(self._named) or [self._no_ingress.security_group_id]

    @property
    def node_group_ids(self) -> Sequence[str]:
        """Return the groups of machines whose jobs reach each other; named ones have to let them."""
        return self.group_ids if self._named else [*self.group_ids, self._nodes.security_group_id]

    @cached_property
    def _no_ingress(self) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self,
            "NoWayIn",
            vpc=self.vpc,
            description="Sluice jobs: everything out, nothing in",
            allow_all_outbound=True,
        )

    @cached_property
    def _nodes(self) -> ec2.SecurityGroup:
        """Return a group whose members reach each other on every port; nothing else reaches them.

        Nodes get network interfaces of their own, with the groups of their environment; their program chooses
        protocol and ports: https://docs.aws.amazon.com/batch/latest/userguide/mnp-ce.html
        """
        group = ec2.SecurityGroup(
            self,
            "Nodes",
            vpc=self.vpc,
            description="Sluice nodes: in from one another",
            allow_all_outbound=True,
        )
        group.connections.allow_internally(ec2.Port.all_traffic(), "The nodes of multi-node jobs")
        return group


def _existing(scope: Construct, configuration: Configuration) -> ec2.IVpc:
    """Return a company's VPC; the zones, which nothing here asks for, are those of its subnets."""
    zones = [Fn.select(0, Fn.get_azs())]
    return ec2.Vpc.from_vpc_attributes(
        scope, "Vpc", vpc_id=str(configuration.vpc_id), availability_zones=zones
    )


def _own(scope: Construct, configuration: Configuration) -> ec2.Vpc:
    """Return a VPC with a subnet of each kind in each zone.

    The addresses of the zones that a Region does not have, or not yet, stay free: a subnet keeps its own when
    there are more zones, or NAT, at a later deploy.
    """
    kinds = [ec2.SubnetConfiguration(name="Public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=SUBNET_MASK)]
    if configuration.nat:
        kinds.append(
            ec2.SubnetConfiguration(
                name="Private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=SUBNET_MASK
            )
        )
    vpc = ec2.Vpc(
        scope,
        "Vpc",
        # By number: which they are only CloudFormation knows.
        availability_zones=[Fn.select(number, Fn.get_azs()) for number in range(configuration.zones)],
        reserved_azs=MAX_ZONES - configuration.zones,
        nat_gateways=1 if configuration.nat else 0,
        subnet_configuration=kinds,
        # That would need a Lambda of its own, and no machine of ours is ever in the default group.
        restrict_default_security_group=False,
        gateway_endpoints={
            "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
            "DynamoDb": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
        },
    )
    accept(
        vpc,
        "AwsSolutions-VPC7",
        "Nothing listens here and nothing may come in; flow logs would cost with every byte that a job"
        " moves. A user who must keep them adds a flow log to the VPC.",
    )
    return vpc
