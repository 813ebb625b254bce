"""Subnets and their routes."""

from __future__ import annotations

import pytest

from cli.commands.doctor.account import Check
from cli.commands.doctor.checks.network import subnets
from cli.commands.doctor.finding import Level
from tests.cli.commands.doctor.fake_account import (
    SUBNET,
    TABLE,
    Answers,
    assert_problem,
)

PROBLEMS: dict[str, tuple[Check, Answers, Level, str]] = {
    "a subnet that is gone": (
        subnets.subnets,
        {"DescribeSubnets": {"Subnets": []}},
        Level.ERROR,
        "subnet-1 of a",
    ),
    "a subnet without addresses": (
        subnets.subnets,
        {"DescribeSubnets": {"Subnets": [SUBNET | {"AvailableIpAddressCount": 3}]}},
        Level.WARNING,
        "3 free addresses",
    ),
    "no route out": (
        subnets.subnets,
        {"DescribeRouteTables": {"RouteTables": [TABLE | {"Routes": []}]}},
        Level.WARNING,
        "no route out",
    ),
    "no public address": (
        subnets.subnets,
        {"DescribeSubnets": {"Subnets": [SUBNET | {"MapPublicIpOnLaunch": False}]}},
        Level.ERROR,
        "get no public address",
    ),
    "a route to nowhere": (
        subnets.subnets,
        {
            "DescribeRouteTables": {
                "RouteTables": [
                    TABLE
                    | {
                        "Routes": [
                            {
                                "DestinationCidrBlock": "0.0.0.0/0",
                                "NatGatewayId": "nat-1",
                                "State": "blackhole",
                            }
                        ]
                    }
                ]
            }
        },
        Level.ERROR,
        "leads nowhere",
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_problem_is_a_finding_with_its_fix(name: str) -> None:
    """At its level."""
    assert_problem(*PROBLEMS[name])
