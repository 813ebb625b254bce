"""The volumes of a container, their mount points, and the permission to mount them."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_batch as batch
from aws_cdk import aws_iam as iam

from sluice.pipeline.mounts import EfsMount, Mount

_Definition = batch.CfnJobDefinition


def volumes(mounts: Sequence[Mount]) -> list[batch.CfnJobDefinition.VolumesProperty] | None:
    """Return a volume for each mount, None for none."""
    return [_volume(f"mount-{number}", mount) for number, mount in enumerate(mounts)] or None


def mount_points(mounts: Sequence[Mount]) -> list[batch.CfnJobDefinition.MountPointsProperty] | None:
    """Return where the volumes are mounted, None for none."""
    return [
        _Definition.MountPointsProperty(
            source_volume=f"mount-{number}", container_path=mount.path, read_only=mount.read_only
        )
        for number, mount in enumerate(mounts)
    ] or None


def _volume(name: str, mount: Mount) -> batch.CfnJobDefinition.VolumesProperty:
    if not isinstance(mount, EfsMount):
        return _Definition.VolumesProperty(
            name=name, host=_Definition.VolumesHostProperty(source_path=mount.source)
        )
    return _Definition.VolumesProperty(
        name=name,
        efs_volume_configuration=_Definition.EfsVolumeConfigurationProperty(
            file_system_id=mount.file_system,
            # The path of an access point is its own.
            root_directory=None if mount.access_point else mount.root,
            # IAM authorization requires it:
            # https://docs.aws.amazon.com/batch/latest/APIReference/API_EFSAuthorizationConfig.html
            transit_encryption="ENABLED",
            authorization_config=_Definition.AuthorizationConfigProperty(
                access_point_id=mount.access_point, iam="ENABLED"
            ),
        ),
    )


def allow_mount(role: iam.Role, mounts: Sequence[Mount]) -> None:
    """Allow a role to mount these file systems, through their access points where they are named.

    Source: https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html
    """
    stack = Stack.of(role)
    for mount in dict.fromkeys(one for one in mounts if isinstance(one, EfsMount)):
        actions = [
            "elasticfilesystem:ClientMount",
            *([] if mount.read_only else ["elasticfilesystem:ClientWrite"]),
        ]
        system = stack.format_arn(
            service="elasticfilesystem", resource="file-system", resource_name=mount.file_system
        )
        point = stack.format_arn(
            service="elasticfilesystem", resource="access-point", resource_name=mount.access_point or ""
        )
        conditions = (
            {"StringEquals": {"elasticfilesystem:AccessPointArn": point}} if mount.access_point else None
        )
        role.add_to_policy(iam.PolicyStatement(actions=actions, resources=[system], conditions=conditions))
