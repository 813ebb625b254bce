"""The service-linked roles that AWS Batch, and what it uses, act under.

The services make them when they are first used, and what needs a role a moment later may not find it yet. So
they are made before the stacks are. Source:
https://docs.aws.amazon.com/batch/latest/userguide/using-service-linked-roles.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from botocore.exceptions import ClientError

ROLES = {
    "AWSServiceRoleForBatch": "batch.amazonaws.com",
    "AWSServiceRoleForECS": "ecs.amazonaws.com",
    "AWSServiceRoleForAutoScaling": "autoscaling.amazonaws.com",
    "AWSServiceRoleForEC2Spot": "spot.amazonaws.com",
    "AWSServiceRoleForEC2Fleet": "ec2fleet.amazonaws.com",
}
"""The services by the names of their roles."""


class Iam(Protocol):
    """The client of IAM."""

    def create_service_linked_role(self, **parameters: Any) -> Any:
        """Create a service-linked role."""
        ...


def create_service_linked_roles(iam: Iam, report: Callable[[str], None]) -> None:
    """Create the roles that are not there; report which were, and which the caller may not create."""
    for service in ROLES.values():
        try:
            iam.create_service_linked_role(AWSServiceName=service)
        except ClientError as error:
            # What exists is "has been taken in this account".
            if error.response["Error"]["Code"] != "InvalidInput":
                report(
                    f"The service-linked role of {service} could not be made ({error}). If the deploy fails"
                    f" for want of it: aws iam create-service-linked-role --aws-service-name {service}"
                )
        else:
            report(f"Made the service-linked role of {service}.")
