"""Managed EC2 environments, empty while idle. They differ in their instance types and in how the machines are
bought.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import CfnTag, Fn, Stack
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.blocks.machines.network import Network

_JOBS_GET_MINUTES = 7_200
# One type for Intel, AMD and Graviton, another with the drivers of GPUs; Amazon Linux 2 has reached its end:
# https://docs.aws.amazon.com/batch/latest/APIReference/API_Ec2Configuration.html
IMAGE, GPU_IMAGE = "ECS_AL2023", "ECS_AL2023_NVIDIA"


# An image that is named by its digest, as ours and well-kept ones are, never changes.
AGENT_SETTINGS = (
    "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION=1m",
    "ECS_IMAGE_PULL_BEHAVIOR=once",
    "ECS_ENABLE_SPOT_INSTANCE_DRAINING=true",
)
_AGENT_SETTINGS = """MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="==SLUICE=="

--==SLUICE==
Content-Type: text/x-shellscript; charset="us-ascii"

#!/bin/bash
{}
--==SLUICE==--
""".format("\n".join(f'echo "{one}" >> /etc/ecs/ecs.config' for one in AGENT_SETTINGS))


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

    def __init__(
        self,
        scope: Construct,
        *,
        network: Network,
        disk_gib: int,
        tags: Mapping[str, str],
        scale_down_delay: int | None,
    ) -> None:
        self._scope = scope
        self._network = network
        self._scale_down_delay = scale_down_delay
        self._template = ec2.CfnLaunchTemplate(
            scope,
            "LaunchTemplate",
            launch_template_data=hardened(disk_gib=disk_gib, tags=tags, user_data=agent_settings()),
        )
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
            groups=self._network.group_ids,
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
            groups=self._network.node_group_ids if connect_nodes else self._network.group_ids,
            instance_types=instance_types,
            max_vcpus=max_vcpus,
        )

    def _environment(
        self,
        construct_id: str,
        purchase: _Purchase,
        *,
        image_type: str,
        groups: Sequence[str],
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
            # A new image or template reaches new machines; running jobs get five more days, which is the
            # maximum: https://docs.aws.amazon.com/batch/latest/APIReference/API_UpdatePolicy.html
            update_policy=batch.CfnComputeEnvironment.UpdatePolicyProperty(
                terminate_jobs_on_update=False, job_execution_timeout_minutes=_JOBS_GET_MINUTES
            ),
            compute_resources=batch.CfnComputeEnvironment.ComputeResourcesProperty(
                type=purchase.type,
                allocation_strategy=purchase.allocation_strategy,
                instance_types=list(instance_types),
                minv_cpus=0,
                maxv_cpus=max_vcpus,
                instance_role=self._profile.attr_arn,
                subnets=list(self._network.subnet_ids),
                security_group_ids=list(groups),
                ec2_configuration=[
                    batch.CfnComputeEnvironment.Ec2ConfigurationObjectProperty(image_type=image_type)
                ],
                # By number, not `$Latest`: only then does an environment notice a changed template.
                launch_template=batch.CfnComputeEnvironment.LaunchTemplateSpecificationProperty(
                    launch_template_id=self._template.ref, version=self._template.attr_latest_version_number
                ),
                scaling_policy=self._scaling(),
                update_to_latest_image_version=True,
            ),
        )

    def _scaling(self) -> batch.CfnComputeEnvironment.ComputeScalingPolicyProperty | None:
        if self._scale_down_delay is None:
            return None
        return batch.CfnComputeEnvironment.ComputeScalingPolicyProperty(
            min_scale_down_delay_minutes=self._scale_down_delay
        )


def hardened(
    *,
    disk_gib: int,
    tags: Mapping[str, str],
    image_id: str | None = None,
    iam_instance_profile: ec2.CfnLaunchTemplate.IamInstanceProfileProperty | None = None,
    security_group_ids: Sequence[str] | None = None,
    user_data: str | None = None,
) -> ec2.CfnLaunchTemplate.LaunchTemplateDataProperty:
    """Return what every machine is launched with: metadata by session token only, disks encrypted, and the
    tags of machine and disk. The other keywords are what only some machines have.

    AWS Batch hands the tags of an environment to none of its machines, but takes those of a template:
    https://docs.aws.amazon.com/batch/latest/userguide/launch-templates.html

    Jobs get their own role's credentials from the ECS agent (169.254.170.2). The hop limit of one keeps
    containers with a network of their own from the instance's metadata, and so from the instance's role: the
    nodes of multi-node jobs. It keeps no other job from it: they use the host's network. So the role is small
    (``instance_role``), and what must be kept apart runs on Fargate or with ``machines="own"``.
    https://docs.aws.amazon.com/batch/latest/userguide/networking-modes-jobs.html
    """
    disk = ec2.CfnLaunchTemplate.BlockDeviceMappingProperty(
        device_name="/dev/xvda",
        ebs=ec2.CfnLaunchTemplate.EbsProperty(
            encrypted=True, volume_type="gp3", volume_size=disk_gib, delete_on_termination=True
        ),
    )
    metadata = ec2.CfnLaunchTemplate.MetadataOptionsProperty(
        http_tokens="required", http_put_response_hop_limit=1, http_endpoint="enabled"
    )
    return ec2.CfnLaunchTemplate.LaunchTemplateDataProperty(
        metadata_options=metadata,
        block_device_mappings=[disk],
        tag_specifications=[
            ec2.CfnLaunchTemplate.TagSpecificationProperty(
                resource_type=kind, tags=[CfnTag(key=key, value=value) for key, value in tags.items()]
            )
            for kind in ("instance", "volume")
        ],
        image_id=image_id,
        iam_instance_profile=iam_instance_profile,
        security_group_ids=security_group_ids,
        user_data=user_data,
    )


def agent_settings() -> str:
    """Return the script that tells the ECS agent to pull an image once a machine and to remove what has ended
    after a minute: by default stopped containers stay for three hours, and fill the disk.

    AWS Batch takes a script as MIME parts alone, and adds its own:
    https://docs.aws.amazon.com/batch/latest/userguide/launch-templates.html. The settings:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    return Fn.base64(_AGENT_SETTINGS)


def _instance_profile(scope: Construct) -> iam.CfnInstanceProfile:
    """Return the instance profile of the machines."""
    return iam.CfnInstanceProfile(scope, "InstanceProfile", roles=[instance_role(scope).role_name])


def instance_role(scope: Construct) -> iam.Role:
    """Return a role for instances. It has what the ECS agent calls, and nothing for the jobs, which have
    roles of their own.

    It cannot pull images or write logs, which AWS's managed policy lets it: the agent does both under the
    execution role, which every definition of ours names. Jobs that share a machine could take this role
    from its metadata.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html and
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
    """
    role = iam.Role(scope, "InstanceRole", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    for actions, resources in _agent_calls(scope):
        role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources))
    return role


def _agent_calls(scope: Construct) -> list[tuple[list[str], list[str]]]:
    """Return what the ECS agent calls, with the resources: AWS Batch chooses the names of its clusters."""
    stack = Stack.of(scope)
    clusters = stack.format_arn(service="ecs", resource="cluster", resource_name="*")
    machines = stack.format_arn(service="ecs", resource="container-instance", resource_name="*")
    register = ["ecs:RegisterContainerInstance", "ecs:DeregisterContainerInstance"]
    report = [
        "ecs:SubmitTaskStateChange",
        "ecs:SubmitContainerStateChange",
        "ecs:SubmitAttachmentStateChanges",
    ]
    return [
        # It has no resource-level permissions.
        (["ecs:DiscoverPollEndpoint"], ["*"]),
        ([*register, *report], [clusters]),
        # The last is how it drains a spot machine that is taken back.
        (["ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"], [machines]),
    ]
