"""A deploy takes no subnet away in which jobs run."""

from __future__ import annotations

from typing import Any

import pytest

from cli.account.errors import AccountError
from cli.account.networks import check_no_subnet_is_needed
from stacks.configuration import Configuration

OUTPUTS = {"JobsVpc": "vpc-1", "JobsSubnets": "subnet-1,subnet-2"}
NAMED = Configuration(vpc_id="vpc-0123456789abcdef0", subnet_ids=("subnet-0123456789abcdef0",))
MACHINE, GATEWAY = {"InterfaceType": "interface"}, {"InterfaceType": "nat_gateway"}


class Ec2:
    """Two subnets with some interfaces in them."""

    def __init__(
        self, *interfaces: dict[str, str], private: bool = True, ours: bool = True, mask: int = 20
    ) -> None:
        self.interfaces, self.private, self.ours, self.mask = interfaces, private, ours, mask

    def describe_subnets(self, **parameters: Any) -> dict[str, Any]:
        """Describe them."""
        tags = [{"Key": "aws:cloudformation:stack-name", "Value": "SluiceCompute"}] if self.ours else []
        made = {"MapPublicIpOnLaunch": not self.private, "Tags": tags}
        return {
            "Subnets": [
                {**made, "CidrBlock": f"10.0.{64 * number}.0/{self.mask}"}
                for number, _ in enumerate(parameters["SubnetIds"])
            ]
        }

    def describe_network_interfaces(self, **parameters: Any) -> dict[str, Any]:
        """Describe what is in them."""
        assert parameters["Filters"] == [{"Name": "subnet-id", "Values": ["subnet-1", "subnet-2"]}]
        return {"NetworkInterfaces": list(self.interfaces)}


@pytest.mark.parametrize("configuration", [Configuration(), NAMED], ids=["NAT off", "another VPC"])
def test_a_network_with_machines_in_it_is_not_left(configuration: Configuration) -> None:
    """CloudFormation would leave subnets, VPC and NAT gateway behind, or take the way out from the jobs."""
    with pytest.raises(AccountError, match=r"subnet-1, subnet-2.*found 2 network interfaces.*cancel"):
        check_no_subnet_is_needed(Ec2(MACHINE, MACHINE, GATEWAY), OUTPUTS, configuration)


@pytest.mark.parametrize(
    ("ec2", "configuration"),
    [
        (Ec2(GATEWAY), Configuration()),
        (Ec2(MACHINE), Configuration(nat=True)),
        (Ec2(MACHINE, private=False), Configuration()),
        (Ec2(MACHINE, private=False), Configuration(nat=True)),
        (Ec2(MACHINE, ours=False), Configuration()),
    ],
    ids=["empty", "NAT stays", "never NAT", "NAT on", "a network of yours"],
)
def test_otherwise_the_deploy_goes_on(ec2: Ec2, configuration: Configuration) -> None:
    """Nothing is taken away that is used: public subnets stay when NAT is turned on."""
    check_no_subnet_is_needed(ec2, OUTPUTS, configuration)


def test_subnets_of_a_version_before_are_refused_with_the_way() -> None:
    """EC2 would refuse the new ones in the middle of the deploy, because the old ones are still there."""
    with pytest.raises(AccountError, match=r"10\.0\.0\.0/18, 10\.0\.64\.0/18.*SLUICE_NAT=false") as refused:
        check_no_subnet_is_needed(Ec2(GATEWAY, mask=18), OUTPUTS, Configuration(nat=True))
    assert "again with it on" in str(refused.value)


@pytest.mark.parametrize(
    ("ec2", "configuration"),
    [
        (Ec2(GATEWAY, mask=18), Configuration()),
        (Ec2(GATEWAY, mask=18), NAMED),
        (Ec2(mask=18, private=False), Configuration(nat=True)),
        (Ec2(mask=18, ours=False), Configuration(nat=True)),
    ],
    ids=["the first deploy of that way", "another VPC", "never NAT", "a network of yours"],
)
def test_no_other_size_is_refused(ec2: Ec2, configuration: Configuration) -> None:
    """They go, or they never were."""
    check_no_subnet_is_needed(ec2, OUTPUTS, configuration)


def test_a_first_deploy_asks_nothing() -> None:
    """There is no network yet."""
    check_no_subnet_is_needed(Ec2(), {}, Configuration())
