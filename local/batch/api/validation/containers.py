"""What AWS Batch refuses of the parts of a container: its image, its volumes and what it has of Linux.

https://docs.aws.amazon.com/batch/latest/APIReference/API_ContainerProperties.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from local.batch.api.errors import client_error

# The documented characters, and the @ of "registry/repository[@digest]".
_IMAGE: Final = re.compile(r"[A-Za-z0-9_:./#@-]{1,255}")
# A dot is refused: https://github.com/Netflix/metaflow/pull/676
_VOLUME: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")
_DIRECTORY_MAX: Final = 4096
_PORT_MAX: Final = 65_535
_SWAPPINESS_MAX: Final = 100
# https://docs.aws.amazon.com/batch/latest/APIReference/API_Tmpfs.html
_MOUNT_OPTION: Final = re.compile(
    r"defaults|ro|rw|(no)?(suid|dev|exec|mand|atime|diratime|relatime|strictatime)|(a|dir)?sync|remount"
    r"|r?(bind|private|shared|slave)|r?unbindable|(mode|uid|gid|nr_inodes|nr_blocks|mpol)(=.*)?"
)


def check_parts(container: dict[str, Any], field: str) -> None:
    """Refuse an image, a volume, a mount point or a parameter of Linux that no container can have."""
    if not _IMAGE.fullmatch(container["image"]):
        raise client_error(
            f"{field}.image must be 1 to 255 letters, digits and characters of _:./#@-, but is"
            f" {container['image'][:80]!r}."
        )
    volumes = container.get("volumes", [])
    for volume in volumes:
        _check_volume(volume, f"{field}.volumes")
    _check_mounts(container, {each["name"] for each in volumes if "name" in each}, f"{field}.mountPoints")
    _check_linux(container.get("linuxParameters", {}), f"{field}.linuxParameters")


def check_one_instance_type(containers: Iterable[dict[str, Any]], field: str) -> None:
    """ "All node groups in a multi-node parallel job must use the same instance type"."""
    types = sorted({each["instanceType"] for each in containers if "instanceType" in each})
    if len(types) > 1:
        raise client_error(
            f"{field}.instanceType must be the same in all node ranges, but is {', '.join(types)}."
        )


def _check_volume(volume: dict[str, Any], field: str) -> None:
    """https://docs.aws.amazon.com/batch/latest/APIReference/API_Volume.html."""
    name = volume.get("name")
    if name is not None and not _VOLUME.fullmatch(name):
        raise client_error(
            f"{field}.name must be 1 to 255 letters, digits, hyphens and underscores, but is {name[:80]!r}."
        )
    if "efsVolumeConfiguration" in volume:
        _check_file_system(volume["efsVolumeConfiguration"], f"{field}.efsVolumeConfiguration")


def _check_file_system(system: dict[str, Any], field: str) -> None:
    """https://docs.aws.amazon.com/batch/latest/APIReference/API_EFSVolumeConfiguration.html."""
    access = system.get("authorizationConfig", {})
    directory, port = system.get("rootDirectory", "/"), system.get("transitEncryptionPort", 0)
    if access.get("accessPointId") and directory != "/":
        raise client_error(
            f"{field}.rootDirectory must be omitted or / with an access point, but is {directory[:80]!r}."
        )
    needs_encryption = access.get("accessPointId") or access.get("iam") == "ENABLED"
    if needs_encryption and system.get("transitEncryption") != "ENABLED":
        raise client_error(
            f"{field}.transitEncryption must be ENABLED with an access point or with authorizationConfig.iam."
        )
    if len(directory) > _DIRECTORY_MAX:
        raise client_error(
            f"{field}.rootDirectory must have at most {_DIRECTORY_MAX} characters, but has {len(directory)}."
        )
    if not 0 <= port <= _PORT_MAX:
        raise client_error(f"{field}.transitEncryptionPort must be between 0 and {_PORT_MAX}, but is {port}.")


def _check_mounts(container: dict[str, Any], volumes: set[str], field: str) -> None:
    """What is mounted is a volume of the container, as Amazon ECS has it, which runs it.

    "Unknown volume": https://github.com/ansible/ansible/issues/35751
    """
    for mount in container.get("mountPoints", []):
        if mount.get("sourceVolume") not in volumes:
            raise client_error(
                f"{field}.sourceVolume must be the name of one of the container's volumes, but is"
                f" {mount.get('sourceVolume')}."
            )
        if not mount.get("containerPath"):
            raise client_error(f"{field}: expected a containerPath in each entry, but got {mount}.")


def _check_linux(parameters: dict[str, Any], field: str) -> None:
    """https://docs.aws.amazon.com/batch/latest/APIReference/API_LinuxParameters.html."""
    if parameters.get("maxSwap", 0) < 0:
        raise client_error(f"{field}.maxSwap must be at least 0, but is {parameters['maxSwap']}.")
    swappiness = parameters.get("swappiness", 0)
    if not 0 <= swappiness <= _SWAPPINESS_MAX:
        raise client_error(
            f"{field}.swappiness must be between 0 and {_SWAPPINESS_MAX}, but is {swappiness}."
        )
    for mount in parameters.get("tmpfs", []):
        for option in mount.get("mountOptions", []):
            if not _MOUNT_OPTION.fullmatch(option):
                raise client_error(
                    f"{field}.tmpfs.mountOptions must be options of tmpfs, such as ro or noexec, but has"
                    f" {option[:80]!r}."
                )
