"""What AWS Batch takes of a change of a compute environment, and what it refuses.

https://docs.aws.amazon.com/batch/latest/userguide/updating-compute-environments.html
"""

from __future__ import annotations

from typing import Any, Final

from local.batch.api.account import Resource
from local.batch.api.errors import client_error
from local.batch.api.validation.environments import check_desired, check_environment, is_best_fit
from local.batch.api.validation.fargate import is_fargate

# What an update says of how it is done, and not of the environment.
_OF_THE_UPDATE: Final = ("updateToLatestImageVersion",)
_CHANGEABLE: Final = (
    "state",
    "unmanagedvCpus",
    "serviceRole",
    "updatePolicy",
    "context",
    "ecsSettings",
    "eksConfiguration",
)
# "Changing only these settings causes a scaling update"; another one replaces the instances.
_SCALING: Final = ("minvCpus", "maxvCpus", "desiredvCpus", "scalingPolicy")
# "To remove the Amazon EC2 key pair, set this value to an empty string":
# https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResourceUpdate.html
_REMOVED_BY_EMPTY: Final = ("ec2KeyPair", "imageId")


def changed_environment(environment: Resource, params: dict[str, Any]) -> Resource:
    """Return an environment as a request would change it; ClientException names the field that it may not
    change.
    """
    changes: dict[str, Any] = {name: params[name] for name in _CHANGEABLE if name in params}
    before: dict[str, Any] = environment.get("computeResources", {})
    asked = _asked(environment, params.get("computeResources", {}))
    if asked:
        _check_replacement(environment, asked)
        changes["computeResources"] = _without_removed({**before, **asked})
    changed = {**environment, **changes}
    check_environment(changed)
    check_desired(changed.get("computeResources", {}), asked, before.get("desiredvCpus", 0))
    _check_role(environment, params)
    return changed


def _asked(environment: Resource, resources: dict[str, Any]) -> dict[str, Any]:
    """The changes: on Fargate "providing an empty list will be handled as if this parameter wasn't
    specified".
    """
    asked = {name: value for name, value in resources.items() if name not in _OF_THE_UPDATE}
    if not is_fargate(environment):
        return asked
    return {name: value for name, value in asked.items() if value != []}


def _without_removed(resources: dict[str, Any]) -> dict[str, Any]:
    """A setting that is set to an empty text is gone."""
    kept = {name: value for name, value in resources.items() if value != "" or name not in _REMOVED_BY_EMPTY}
    template = kept.get("launchTemplate", {})
    if "" in (template.get("launchTemplateId"), template.get("launchTemplateName")):
        del kept["launchTemplate"]
    return kept


def _check_replacement(environment: Resource, asked: dict[str, Any]) -> None:
    """Instances are replaced under the service-linked role only, and not with BEST_FIT."""
    before = environment.get("computeResources", {})
    if environment["type"] == "UNMANAGED" or is_fargate(environment):
        return
    replacing = sorted(
        name for name, value in asked.items() if name not in _SCALING and value != before.get(name)
    )
    if replacing and is_best_fit(before):
        raise client_error(
            f"computeResources.{replacing[0]} cannot be changed with the allocationStrategy BEST_FIT, with"
            " which instances are not replaced: make another compute environment."
        )
    if replacing and not _is_service_linked(environment["serviceRole"]):
        raise client_error(
            f"computeResources.{replacing[0]} can be changed only where serviceRole is the service-linked"
            f" role AWSServiceRoleForBatch, but it is {environment['serviceRole']}."
        )


def _check_role(environment: Resource, params: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/batch/latest/APIReference/API_UpdateComputeEnvironment.html."""
    role = params.get("serviceRole")
    if role is not None and _is_service_linked(role) != _is_service_linked(environment["serviceRole"]):
        raise client_error(
            "serviceRole cannot be changed between the service-linked role and another one, but is"
            f" {environment['serviceRole']} and would be {role}."
        )


def _is_service_linked(role: str) -> bool:
    return "/aws-service-role/" in role or role == "AWSServiceRoleForBatch"
