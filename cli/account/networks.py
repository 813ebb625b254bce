"""Whether a deploy takes subnets away in which jobs run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from cli.account.errors import AccountError
from sluice.counted import counted
from stacks.configuration import SUBNET_MASK, Configuration


class Ec2(Protocol):
    """The client of EC2."""

    def describe_subnets(self, **parameters: Any) -> Mapping[str, Any]:
        """Describe subnets."""
        ...

    def describe_network_interfaces(self, **parameters: Any) -> Mapping[str, Any]:
        """Describe network interfaces."""
        ...


def check_no_subnet_is_needed(ec2: Ec2, outputs: Mapping[str, str], configuration: Configuration) -> None:
    """Raise AccountError when the deploy would take subnets away, such as those behind NAT, while machines or
    tasks are in them.

    CloudFormation cannot delete such a subnet. It gives up after the update, and leaves it with its VPC and
    the NAT gateway, which costs by the hour, or takes the gateway away from jobs that run. ``outputs`` are
    those of the compute stack, none before the first deploy.
    """
    subnets = [one for one in outputs.get("JobsSubnets", "").split(",") if one]
    ours = _ours(ec2, subnets) if subnets else []
    if not ours:
        return
    _check_sizes(ours, outputs["JobsVpc"], configuration)
    if not _leaves(ours, outputs["JobsVpc"], configuration):
        return
    found = ec2.describe_network_interfaces(Filters=[{"Name": "subnet-id", "Values": subnets}])
    of_jobs = [one for one in found["NetworkInterfaces"] if one.get("InterfaceType") != "nat_gateway"]
    if of_jobs:
        raise AccountError(
            f"Expected no machine in the subnets that this deploy takes away ({', '.join(subnets)}), found"
            f" {counted(len(of_jobs), 'network interface')}. Let the jobs end, or cancel"
            " their runs (`sluice runs`), wait some minutes for the machines to go, and deploy again; until"
            " then keep the settings of the network as they were."
        )


def _ours(ec2: Ec2, subnets: list[str]) -> list[Mapping[str, Any]]:
    """Return the subnets that are Sluice's own: it leaves yours alone."""
    described = ec2.describe_subnets(SubnetIds=subnets)["Subnets"]
    return [one for one in described if any(tag["Key"] == _MADE_BY for tag in one.get("Tags", []))]


def _leaves(ours: list[Mapping[str, Any]], vpc: str, configuration: Configuration) -> bool:
    """Return whether jobs are to be in other subnets."""
    if configuration.vpc_id:
        return configuration.vpc_id != vpc
    return _are_behind_nat(ours) and not configuration.nat


def _check_sizes(ours: list[Mapping[str, Any]], vpc: str, configuration: Configuration) -> None:
    """Raise AccountError where private subnets have the size of before and would get the one of now.

    A subnet's addresses cannot be changed. CloudFormation makes the new ones first, and EC2 refuses addresses
    that lie within those of the old: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
    """
    if not configuration.nat or configuration.vpc_id not in {None, vpc} or not _are_behind_nat(ours):
        return
    others = sorted({one["CidrBlock"] for one in ours if not one["CidrBlock"].endswith(f"/{SUBNET_MASK}")})
    if others:
        raise AccountError(
            f"Expected the private subnets of this network to be of the size /{SUBNET_MASK}, found"
            f" {', '.join(others)}, of a version before. EC2 refuses the new ones beside them: deploy once"
            " with SLUICE_NAT=false while nothing runs, which takes them away, and then again with it on."
            " Steps of several nodes wait for the second deploy."
        )


def _are_behind_nat(subnets: list[Mapping[str, Any]]) -> bool:
    return not any(one["MapPublicIpOnLaunch"] for one in subnets)


_MADE_BY = "aws:cloudformation:stack-name"
