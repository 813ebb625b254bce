"""A deploy takes all zones of the Region."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.account.errors import AccountError
from cli.account.zones import zones_of_region
from stacks.configuration import Configuration


class Ec2:
    """A Region with some zones, or one that does not say; default subnets are in those of these names."""

    def __init__(self, zones: int | None, *defaults: str) -> None:
        self.zones, self.defaults = zones, defaults

    def describe_availability_zones(self, **parameters: Any) -> dict[str, Any]:
        """Describe the zones, without local ones."""
        assert parameters == {"Filters": [{"Name": "zone-type", "Values": ["availability-zone"]}]}
        if self.zones is None:
            raise ClientError({"Error": {"Code": "UnauthorizedOperation"}}, "DescribeAvailabilityZones")
        return {"AvailabilityZones": [{"ZoneName": f"z{number}"} for number in range(self.zones)]}

    def describe_subnets(self, **parameters: Any) -> dict[str, Any]:
        """Describe the default subnets."""
        assert parameters == {"Filters": [{"Name": "default-for-az", "Values": ["true"]}]}
        return {"Subnets": [{"AvailabilityZone": zone} for zone in self.defaults]}


@pytest.mark.parametrize(("zones", "said"), [(2, "2"), (3, "3"), (6, "6"), (7, "6")])
def test_all_zones_are_taken_as_far_as_there_are_addresses(zones: int, said: str) -> None:
    """Six of them."""
    assert zones_of_region(Ec2(zones), Configuration(), {}) == {"SLUICE_ZONES": said}


@pytest.mark.parametrize(
    ("defaults", "said"), [((), "4"), (("z0", "z2"), "2"), (("z0", "z1", "z2", "z3"), "4"), (("local",), "4")]
)
def test_zones_are_those_that_a_template_can_name(defaults: tuple[str, ...], said: str) -> None:
    """Fn::GetAZs leaves out zones without a default subnet, unless no zone has one."""
    assert zones_of_region(Ec2(4, *defaults), Configuration(), {}) == {"SLUICE_ZONES": said}


def test_more_zones_than_there_are_are_refused() -> None:
    """By name: CloudFormation would only say that an index does not exist, in the middle of a deploy."""
    three = Configuration(zones=3)
    assert zones_of_region(Ec2(3), three, {"SLUICE_ZONES": "3"}) == {}
    for ec2 in (Ec2(2), Ec2(3, "z0", "z1")):
        with pytest.raises(AccountError, match=r"at most 2 in SLUICE_ZONES, because .* z0, z1 .* found 3"):
            zones_of_region(ec2, three, {"SLUICE_ZONES": "3"})


def test_what_a_person_says_stays() -> None:
    """And in a network of theirs there is nothing to ask."""
    assert zones_of_region(Ec2(None), Configuration(zones=2), {"SLUICE_ZONES": "2"}) == {}
    named = Configuration(vpc_id="vpc-0123456789abcdef0", subnet_ids=("subnet-0123456789abcdef0",))
    assert zones_of_region(Ec2(None), named, {}) == {}


def test_a_deploy_that_does_not_know_takes_no_subnet_away() -> None:
    """With the two of a default it could remove some in which jobs run."""
    with pytest.raises(AccountError, match="Allow ec2:DescribeAvailabilityZones and ec2:DescribeSubnets, or"):
        zones_of_region(Ec2(None), Configuration(), {})
