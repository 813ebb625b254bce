"""What AWS Batch refuses of a compute environment, made or changed.

https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResource.html
"""

from __future__ import annotations

from typing import Any

from local.batch.api.errors import client_error
from local.batch.api.validation.instance_types import architectures, check_instance_type
from local.batch.api.validation.launch_templates import check_launch_template

_NEEDED_ON_EC2 = ("instanceTypes", "instanceRole", "subnets")
_NEEDED_ON_FARGATE = ("subnets", "securityGroupIds")
# https://docs.aws.amazon.com/batch/latest/userguide/fargate-compute-environments.html
_REFUSED_ON_FARGATE = (
    "allocationStrategy",
    "bidPercentage",
    "desiredvCpus",
    "ec2Configuration",
    "ec2KeyPair",
    "imageId",
    "instanceRole",
    "instanceTypes",
    "launchTemplate",
    "minvCpus",
    "placementGroup",
    "scalingPolicy",
    "spotIamFleetRole",
    "tags",
)
_MOST_ON_FARGATE = {"subnets": 16, "securityGroupIds": 5}
_OF_MANAGED_INSTANCES = ("managedInstancesProvider", "capacityTags")
# "Only available for" these: https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResource.html
_TYPE_OF_STRATEGY = {
    "BEST_FIT_PROGRESSIVE_ORDERED": "EC2",
    "SPOT_CAPACITY_OPTIMIZED": "SPOT",
    "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED": "SPOT",
    "SPOT_PRICE_CAPACITY_OPTIMIZED": "SPOT",
}
_IMAGES_MAX = 2


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
    if "unmanagedvCpus" in params:
        raise client_error("unmanagedvCpus is not applicable to a MANAGED compute environment.")
    _check_platform(resources)
    check_launch_template(resources)
    _check_sizes(resources)
    _check_instance_types(resources.get("instanceTypes", []))
    if resources["type"] == "SPOT" and is_best_fit(resources) and not resources.get("spotIamFleetRole"):
        raise client_error(
            "computeResources.spotIamFleetRole must be specified for type SPOT with the allocationStrategy"
            " BEST_FIT, which is the default."
        )


def _check_instance_types(names: list[str]) -> None:
    """Types that EC2 has, which "must share the same architecture"."""
    for name in names:
        check_instance_type(name)
    if len(architectures(names)) > 1:
        raise client_error(
            f"computeResources.instanceTypes must share one architecture, but {', '.join(names)} are of"
            " x86_64 and arm64."
        )


def is_best_fit(resources: dict[str, Any]) -> bool:
    """Whether the smallest instance that fits is launched, which is the default."""
    return bool(resources.get("allocationStrategy", "BEST_FIT") == "BEST_FIT")


def _check_platform(resources: dict[str, Any]) -> None:
    """What EC2 needs, what Fargate needs, and what Fargate does not take."""
    fargate = resources["type"].startswith("FARGATE")
    for field in _NEEDED_ON_FARGATE if fargate else _NEEDED_ON_EC2:
        if not resources.get(field):
            raise client_error(f"computeResources.{field} must be specified for type {resources['type']}.")
    for field in _OF_MANAGED_INSTANCES:
        if field in resources:
            raise client_error(
                f"computeResources.{field} is not applicable to type {resources['type']}, but to"
                " ECS_MANAGED_INSTANCES."
            )
    if fargate:
        _check_fargate(resources)
    else:
        _check_machines(resources)


def _check_machines(resources: dict[str, Any]) -> None:
    """A strategy that the type has, and the images of at most two kinds of instances."""
    strategy = resources.get("allocationStrategy", "")
    if _TYPE_OF_STRATEGY.get(strategy, resources["type"]) != resources["type"]:
        raise client_error(
            f"computeResources.allocationStrategy {strategy} is not applicable to type {resources['type']}."
        )
    # "One or two values can be provided".
    images = resources.get("ec2Configuration", [])
    if len(images) > _IMAGES_MAX:
        raise client_error(
            f"computeResources.ec2Configuration has {len(images)} entries; at most {_IMAGES_MAX} are allowed."
        )


def _check_fargate(resources: dict[str, Any]) -> None:
    for field in _REFUSED_ON_FARGATE:
        if field in resources:
            raise client_error(f"computeResources.{field} is not applicable to type {resources['type']}.")
    for field, most in _MOST_ON_FARGATE.items():
        if len(resources[field]) > most:
            raise client_error(
                f"computeResources.{field} must have at most {most} entries for type {resources['type']}, but"
                f" has {len(resources[field])}."
            )


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
    # https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeScalingPolicy.html
    delay = resources.get("scalingPolicy", {}).get("minScaleDownDelayMinutes", 0)
    if delay != 0 and not 20 <= delay <= 10_080:
        raise client_error(
            "computeResources.scalingPolicy.minScaleDownDelayMinutes must be 0 or 20 to 10080, but is"
            f" {delay}."
        )


def check_desired(resources: dict[str, Any], asked: dict[str, Any], least: int = 0) -> None:
    """The desired number of vCPUs that a request names: between the bounds, and never fewer than there are.

    https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResourceUpdate.html
    """
    desired = asked.get("desiredvCpus")
    least = max(least, resources.get("minvCpus", 0))
    if desired is not None and not least <= desired <= resources["maxvCpus"]:
        raise client_error(
            f"computeResources.desiredvCpus must be between {least} and the maxvCpus"
            f" {resources['maxvCpus']}, but is {desired}."
        )
