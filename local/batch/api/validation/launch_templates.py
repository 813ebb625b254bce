"""What AWS Batch refuses of the launch template of a compute environment, and of its overrides.

https://docs.aws.amazon.com/batch/latest/APIReference/API_LaunchTemplateSpecificationOverride.html
"""

from __future__ import annotations

from itertools import combinations
from typing import Any, Final

from local.batch.api.errors import client_error
from local.batch.api.validation.instance_types import BUNDLES, check_instance_type

_FIELD: Final = "computeResources.launchTemplate"
_OVERRIDES_MAX: Final = 10


def check_launch_template(resources: dict[str, Any]) -> None:
    """By id or by name; where there is none, security groups have to be named."""
    template = resources.get("launchTemplate")
    if template is None:
        if not resources.get("securityGroupIds"):
            raise client_error(
                "computeResources.securityGroupIds must be specified where no launchTemplate brings security"
                " groups."
            )
        return
    _check_named_once(template, _FIELD)
    _check_overrides(template.get("overrides", []), resources.get("instanceTypes", []))


def _check_named_once(template: dict[str, Any], field: str) -> None:
    if bool(template.get("launchTemplateId")) == bool(template.get("launchTemplateName")):
        raise client_error(f"{field} must have a launchTemplateId or a launchTemplateName, and not both.")


def _check_overrides(overrides: list[dict[str, Any]], instance_types: list[str]) -> None:
    """Up to ten, each for instance types or families of the environment that no other one is for."""
    if len(overrides) > _OVERRIDES_MAX:
        raise client_error(
            f"{_FIELD}.overrides has {len(overrides)} entries; at most {_OVERRIDES_MAX} are allowed."
        )
    field = f"{_FIELD}.overrides.targetInstanceTypes"
    targets: list[str] = []
    for each in overrides:
        _check_named_once(each, f"{_FIELD}.overrides")
        if not each.get("targetInstanceTypes"):
            raise client_error(f"{field} must be specified in each entry.")
        targets += each["targetInstanceTypes"]
    for target in targets:
        _check_target(target, instance_types, field)
    for one, other in combinations(targets, 2):
        if _covers(one, other) or _covers(other, one):
            raise client_error(f"{field} must not overlap, but has {one} and {other}.")


def _check_target(target: str, instance_types: list[str], field: str) -> None:
    if target in BUNDLES:
        raise client_error(f"{field} must be instance types or families, but has {target}.")
    check_instance_type(target)
    # Which families a bundle stands for changes with time.
    if not any(each in BUNDLES or _covers(each, target) for each in instance_types):
        raise client_error(
            f"{field} must be included in computeResources.instanceTypes, which {target} is not."
        )


def _covers(name: str, other: str) -> bool:
    """Whether a name is the other one, or the family of that type."""
    return other == name or other.partition(".")[0] == name
