"""An unmanaged environment: jobs run on machines that the user launches from a launch template, with which
they join the environment.

See docs/unmanaged.md. Source:
https://docs.aws.amazon.com/batch/latest/userguide/unmanaged_compute_environments.html
"""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Fn, Stack
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.blocks.machines.ec2 import AGENT_SETTINGS, hardened, instance_role
from stacks.blocks.machines.network import Network
from stacks.configuration import Architecture
from stacks.reasons import accept

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html
_IMAGES = {
    Architecture.X86_64: "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
    Architecture.ARM64: "/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id",
}
# The environment's cluster is named by DescribeComputeEnvironments only, and the agent starts after this
# script: so the machine looks it up.
_JOIN = """#!/bin/bash
set -euo pipefail
command -v aws > /dev/null || dnf install --assumeyes awscli-2
cluster=$(aws batch describe-compute-environments --region ${AWS::Region} --compute-environments ${Environment} \\
  --query 'computeEnvironments[0].ecsClusterArn' --output text)
echo "ECS_CLUSTER=$cluster" >> /etc/ecs/ecs.config
"""  # noqa: E501 - a line of the script that machines have today


class OwnMachines(Construct):
    """The environment, and the launch template of a machine that joins it: role, image, security group and
    script.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        network: Network,
        architecture: Architecture,
        disk_gib: int,
        tags: Mapping[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        self._disk_gib, self._tags = disk_gib, tags
        self.environment = batch.CfnComputeEnvironment(
            self,
            "Environment",
            type="UNMANAGED",
            state="ENABLED",
            replace_compute_environment=False,
            # Batch takes its service-linked role for managed environments only:
            # https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateComputeEnvironment.html
            service_role=_service_role(self).role_arn,
        )
        role = instance_role(self)
        # No resource-level permissions:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbatch.html
        role.add_to_policy(
            iam.PolicyStatement(actions=["batch:DescribeComputeEnvironments"], resources=["*"])
        )
        profile = iam.CfnInstanceProfile(self, "InstanceProfile", roles=[role.role_name])
        self._template = self._launch_template(network, profile, architecture)

    @property
    def launch_template(self) -> str:
        """Return the id of the launch template."""
        return self._template.ref

    def _launch_template(
        self, network: Network, profile: iam.CfnInstanceProfile, architecture: Architecture
    ) -> ec2.CfnLaunchTemplate:
        settings = "".join(f'echo "{one}" >> /etc/ecs/ecs.config\n' for one in AGENT_SETTINGS)
        script = Fn.sub(_JOIN + settings, {"Environment": self.environment.attr_compute_environment_arn})
        data = hardened(
            disk_gib=self._disk_gib,
            tags=self._tags,
            image_id=f"resolve:ssm:{_IMAGES[architecture]}",
            iam_instance_profile=ec2.CfnLaunchTemplate.IamInstanceProfileProperty(arn=profile.attr_arn),
            security_group_ids=network.group_ids,
            user_data=Fn.base64(script),
        )
        return ec2.CfnLaunchTemplate(self, "LaunchTemplate", launch_template_data=data)


def _service_role(scope: Construct) -> iam.Role:
    """Return the role under which Batch manages the environment's cluster."""
    conditions = {"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}}
    role = iam.Role(
        scope,
        "ServiceRole",
        assumed_by=iam.ServicePrincipal("batch.amazonaws.com", conditions=conditions),
        managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AWSBatchServiceRole")],
    )
    accept(
        role,
        "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSBatchServiceRole]",
        "It is what Batch is documented to need where its service-linked role is not taken: "
        "https://docs.aws.amazon.com/batch/latest/userguide/service_IAM_role.html",
    )
    return role
