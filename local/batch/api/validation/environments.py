"""What AWS Batch refuses of a compute environment, made or changed.

https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResource.html
"""

from __future__ import annotations

from typing import Any

from local.batch.api.errors import client_error
from local.batch.api.validation.instance_types import check_instance_type

_NEEDED_ON_EC2 = ("instanceTypes", "instanceRole", "subnets")
_NEEDED_ON_FARGATE = ("subnets", "securityGroupIds")
_REFUSED_ON_FARGATE = (
    "instanceTypes",
    "instanceRole",
    "imageId",
    "ec2KeyPair",
    "allocationStrategy",
    "bidPercentage",
)


def check_environment(params: dict[str, Any]) -> None:
    """Refuse an environment as it was asked for, or as a change would make it; ClientException names the
    field.
    """
    resources = params.get("computeResources")
    if "eksConfiguration" in params or (resources or {}).get("type") == "ECS_MANAGED_INSTANCES":
        raise client_error(
            "This engine has EC2 and Fargate compute environments only, none on EKS or ECS Managed Instances."
        )
    if params["type"] == "UNMANAGED":
        _check_unmanaged(params)
        return
    if resources is None:
        raise client_error("computeResources must be specified for a MANAGED compute environment.")
    _check_platform(resources)
    _check_sizes(resources)
    for name in resources.get("instanceTypes", []):
        check_instance_type(name)
    if resources["type"] == "SPOT" and is_best_fit(resources) and not resources.get("spotIamFleetRole"):
        raise client_error(
            "computeResources.spotIamFleetRole must be specified for type SPOT with the allocationStrategy"
            " BEST_FIT, which is the default."
        )


def is_best_fit(resources: dict[str, Any]) -> bool:
    """Whether the smallest instance that fits is launched, which is the default."""
    return bool(resources.get("allocationStrategy", "BEST_FIT") == "BEST_FIT")


def _check_platform(resources: dict[str, Any]) -> None:
    """What EC2 needs, what Fargate needs, and what Fargate does not take."""
    fargate = resources["type"].startswith("FARGATE")
    needed = _NEEDED_ON_FARGATE if fargate else _NEEDED_ON_EC2
    refused = _REFUSED_ON_FARGATE if fargate else ()
    for field in needed:
        if not resources.get(field):
            raise client_error(f"computeResources.{field} must be specified for type {resources['type']}.")
    for field in refused:
        if field in resources:
            raise client_error(f"computeResources.{field} is not applicable to type {resources['type']}.")


def _check_unmanaged(params: dict[str, Any]) -> None:
    """Batch takes its service-linked role for managed environments only; an unmanaged one's instances are not
    Batch's to describe.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateComputeEnvironment.html
    """
    if not params.get("serviceRole"):
        raise client_error("serviceRole must be specified for an UNMANAGED compute environment.")
    if params.get("computeResources"):
        raise client_error("computeResources is not applicable to an UNMANAGED compute environment.")


def _check_sizes(resources: dict[str, Any]) -> None:
    minimum, maximum = resources.get("minvCpus", 0), resources["maxvCpus"]
    if maximum < 1 or minimum < 0 or minimum > maximum:
        raise client_error(
            "computeResources: expected 0 <= minvCpus <= maxvCpus and maxvCpus >= 1, but got minvCpus"
            f" {minimum} and maxvCpus {maximum}."
        )
