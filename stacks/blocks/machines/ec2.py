"""Managed EC2 environments, empty while idle. They differ in their instance types and in how the machines are
bought.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_batch as batch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.blocks.machines.network import Network
from stacks.reasons import accept

_ROOT_VOLUME_GIB = 50
# One type for Intel, AMD and Graviton, another with the drivers of GPUs; Amazon Linux 2 has reached its end:
# https://docs.aws.amazon.com/batch/latest/APIReference/API_Ec2Configuration.html
IMAGE, GPU_IMAGE = "ECS_AL2023", "ECS_AL2023_NVIDIA"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Purchase:
    """How the machines of an environment are bought."""

    type: str
    allocation_strategy: str


_SPOT = _Purchase(type="SPOT", allocation_strategy="SPOT_PRICE_CAPACITY_OPTIMIZED")
_ON_DEMAND = _Purchase(type="EC2", allocation_strategy="BEST_FIT_PROGRESSIVE")


class Machines:
    """What all EC2 environments share: the launch template, the role of the instances, the network. It adds
    them to ``scope``.
    """

    def __init__(self, scope: Construct, *, network: Network) -> None:
        self._scope = scope
        self._network = network
        self._template = ec2.CfnLaunchTemplate(scope, "LaunchTemplate", launch_template_data=hardened())
        self._profile = _instance_profile(scope)

    def spot(
        self, construct_id: str, *, instance_types: Sequence[str], max_vcpus: int, image_type: str = IMAGE
    ) -> batch.CfnComputeEnvironment:
        """Return an environment of spot machines, chosen where AWS is least likely to interrupt them, then by
        price.
        """
        return self._environment(
            construct_id,
            _SPOT,
            image_type=image_type,
            groups=[self._network.no_ingress],
            instance_types=instance_types,
            max_vcpus=max_vcpus,
        )

    def on_demand(
        self,
        construct_id: str,
        *,
        instance_types: Sequence[str],
        max_vcpus: int,
        image_type: str = IMAGE,
        connect_nodes: bool = False,
    ) -> batch.CfnComputeEnvironment:
        """Return an environment of on-demand machines; with ``connect_nodes`` they can reach each other."""
        return self._environment(
            construct_id,
            _ON_DEMAND,
            image_type=image_type,
            groups=[self._network.no_ingress, *([self._network.nodes] if connect_nodes else [])],
            instance_types=instance_types,
            max_vcpus=max_vcpus,
        )

    def _environment(
        self,
        construct_id: str,
        purchase: _Purchase,
        *,
        image_type: str,
        groups: Sequence[ec2.ISecurityGroup],
        instance_types: Sequence[str],
        max_vcpus: int,
    ) -> batch.CfnComputeEnvironment:
        """Return a managed environment that updates in place.

        That needs the service-linked role (no ``service_role``), no name of our own, and a strategy other
        than BEST_FIT: https://docs.aws.amazon.com/batch/latest/userguide/updating-compute-environments.html
        """
        return batch.CfnComputeEnvironment(
            self._scope,
            construct_id,
            type="MANAGED",
            state="ENABLED",
            # CloudFormation's own default is to replace:
            # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-batch-computeenvironment.html
            replace_compute_environment=False,
            # A new image or template reaches new machines; running jobs get six more hours, which is the
            # maximum.
            update_policy=batch.CfnComputeEnvironment.UpdatePolicyProperty(
                terminate_jobs_on_update=False, job_execution_timeout_minutes=360
            ),
            compute_resources=batch.CfnComputeEnvironment.ComputeResourcesProperty(
                type=purchase.type,
                allocation_strategy=purchase.allocation_strategy,
                instance_types=list(instance_types),
                minv_cpus=0,
                maxv_cpus=max_vcpus,
                instance_role=self._profile.attr_arn,
                subnets=self._network.subnet_ids,
                security_group_ids=[group.security_group_id for group in groups],
                ec2_configuration=[
                    batch.CfnComputeEnvironment.Ec2ConfigurationObjectProperty(image_type=image_type)
                ],
                # By number, not `$Latest`: only then does an environment notice a changed template.
                launch_template=batch.CfnComputeEnvironment.LaunchTemplateSpecificationProperty(
                    launch_template_id=self._template.ref, version=self._template.attr_latest_version_number
                ),
                update_to_latest_image_version=True,
            ),
        )


def hardened(
    *,
    image_id: str | None = None,
    iam_instance_profile: ec2.CfnLaunchTemplate.IamInstanceProfileProperty | None = None,
    security_group_ids: Sequence[str] | None = None,
    user_data: str | None = None,
) -> ec2.CfnLaunchTemplate.LaunchTemplateDataProperty:
    """Return what every machine is launched with: metadata by session token only, disks encrypted.
    The keywords are what only some machines have.

    Jobs get their own role's credentials from the ECS agent (169.254.170.2). The hop limit of one keeps
    containers with a network of their own from the instance's metadata, and so from the instance's role: the
    nodes of multi-node jobs. It keeps no other job from it: they use the host's network.
    https://docs.aws.amazon.com/batch/latest/userguide/networking-modes-jobs.html
    """
    disk = ec2.CfnLaunchTemplate.BlockDeviceMappingProperty(
        device_name="/dev/xvda",
        ebs=ec2.CfnLaunchTemplate.EbsProperty(
            encrypted=True, volume_type="gp3", volume_size=_ROOT_VOLUME_GIB, delete_on_termination=True
        ),
    )
    metadata = ec2.CfnLaunchTemplate.MetadataOptionsProperty(
        http_tokens="required", http_put_response_hop_limit=1, http_endpoint="enabled"
    )
    return ec2.CfnLaunchTemplate.LaunchTemplateDataProperty(
        metadata_options=metadata,
        block_device_mappings=[disk],
        image_id=image_id,
        iam_instance_profile=iam_instance_profile,
        security_group_ids=security_group_ids,
        user_data=user_data,
    )


def _instance_profile(scope: Construct) -> iam.CfnInstanceProfile:
    """Return the instance profile of the machines."""
    return iam.CfnInstanceProfile(scope, "InstanceProfile", roles=[instance_role(scope).role_name])


def instance_role(scope: Construct) -> iam.Role:
    """Return a role for instances. It has what the ECS agent needs, and nothing for the jobs, which have
    their own roles.
    """
    policy = iam.ManagedPolicy.from_aws_managed_policy_name(
        "service-role/AmazonEC2ContainerServiceforEC2Role"
    )
    role = iam.Role(
        scope, "InstanceRole", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"), managed_policies=[policy]
    )
    accept(
        role,
        "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role]",
        "It is what the ECS agent of a Batch instance is documented to need, and AWS extends it when the"
        " agent changes: https://docs.aws.amazon.com/batch/latest/userguide/instance_IAM_role.html",
    )
    return role
