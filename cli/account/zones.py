"""The zones of a Region, in each of which Sluice's network has a subnet: more of them have more machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from cli.account.errors import AccountError
from stacks.configuration import MAX_ZONES, Configuration, variable

ZONES = "zones"
"""The setting that is looked up."""


class Ec2(Protocol):
    """The client of EC2."""

    def describe_availability_zones(self, **parameters: Any) -> Mapping[str, Any]:
        """Describe zones."""
        ...

    def describe_subnets(self, **parameters: Any) -> Mapping[str, Any]:
        """Describe subnets."""
        ...


def zones_of_region(ec2: Ec2, configuration: Configuration, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the setting that names all zones of the Region, and none where the network is not Sluice's own
    or a person has said how many.

    Raises AccountError when they cannot be looked up: with fewer zones than the last deploy had, this one
    would take subnets away in which jobs run. Also when a person has said more than a template can name:
    CloudFormation would say no more than that an index does not exist.
    """
    name = variable(ZONES)
    if configuration.vpc_id:
        return {}
    said = bool(environment.get(name, "").strip())
    try:
        found = _zones_of_templates(ec2)
    except (BotoCoreError, ClientError) as error:
        if said:
            return {}
        raise AccountError(
            f"Expected to look up the zones of this region, found: {error}. Allow"
            f" ec2:DescribeAvailabilityZones and ec2:DescribeSubnets, or set {name}, and keep it."
        ) from error
    if not said:
        return {name: str(min(len(found), MAX_ZONES))}
    if configuration.zones > len(found):
        raise AccountError(
            f"Expected at most {len(found)} in {name}, because templates can name the zones"
            f" {', '.join(found)} of this region and no others, found {configuration.zones}. Set {name} to"
            f" {len(found)}, or leave it out; a zone without a default subnet can be named again once"
            " `aws ec2 create-default-subnet --availability-zone NAME` has made one."
        )
    return {}


def _zones_of_templates(ec2: Ec2) -> list[str]:
    """Return the zones that Fn::GetAZs names: those with a default subnet, unless there is none.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-getavailabilityzones.html
    """
    zones = ec2.describe_availability_zones(Filters=[{"Name": "zone-type", "Values": ["availability-zone"]}])
    subnets = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    names = sorted(one["ZoneName"] for one in zones["AvailabilityZones"])
    with_default = {one["AvailabilityZone"] for one in subnets}
    return [name for name in names if name in with_default] or names
