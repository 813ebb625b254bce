"""The network of the machines: nothing can reach them, and reaching S3 and DynamoDB costs nothing."""

from __future__ import annotations

from functools import cached_property

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from stacks.reasons import accept


class Network(Construct):
    """Public subnets with public addresses and no ingress, or with ``nat`` private subnets behind one NAT
    gateway.

    A NAT gateway costs by the hour, also while nothing runs, so it is only for multi-node jobs, or for one
    outgoing address.
    """

    def __init__(self, scope: Construct, construct_id: str, *, nat: bool) -> None:
        super().__init__(scope, construct_id)
        kinds = [ec2.SubnetConfiguration(name="Public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=20)]
        if nat:
            kinds.append(
                ec2.SubnetConfiguration(
                    name="Private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=18
                )
            )
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=2,
            nat_gateways=1 if nat else 0,
            subnet_configuration=kinds,
            # That would need a Lambda of its own, and no machine of ours is ever in the default group.
            restrict_default_security_group=False,
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "DynamoDb": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            },
        )
        self.subnet_ids = [
            subnet.subnet_id for subnet in (self.vpc.private_subnets if nat else self.vpc.public_subnets)
        ]
        self.no_ingress = ec2.SecurityGroup(
            self,
            "NoWayIn",
            vpc=self.vpc,
            description="Sluice jobs: everything out, nothing in",
            allow_all_outbound=True,
        )
        accept(
            self.vpc,
            "AwsSolutions-VPC7",
            "Nothing listens here and nothing may come in; flow logs would cost with every byte that a job"
            " moves. A user who must keep them adds a flow log to the VPC.",
        )

    @cached_property
    def nodes(self) -> ec2.SecurityGroup:
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
