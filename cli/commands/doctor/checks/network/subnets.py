"""The network: can a machine in each subnet reach AWS's services and the registries of images?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cli.commands.doctor.account import Account, not_deployed
from cli.commands.doctor.checks.machines.compute import compute_environments
from cli.commands.doctor.finding import Finding, error, ok, warning

_FEW_ADDRESSES = 16
_ANYWHERE = "0.0.0.0/0"
_NEEDS = (
    "Add a route to an internet gateway or a NAT gateway, "
    "or VPC endpoints for ecr.api, ecr.dkr, ecs, ecs-agent, ecs-telemetry, logs and s3."
)

Subnet = Mapping[str, Any]
Table = Mapping[str, Any]


def subnets(account: Account) -> Iterator[Finding]:
    """Check the subnets of the compute environments, their free addresses and their routes."""
    environments = compute_environments(account)
    if environments is None:
        yield not_deployed(account, "Compute")
        return
    wanted = _subnet_ids(environments)
    if not wanted:
        return
    answer = account.ec2.describe_subnets(Filters=[{"Name": "subnet-id", "Values": wanted}])
    found: list[Subnet] = answer["Subnets"]
    for subnet_id in sorted(set(wanted) - {subnet["SubnetId"] for subnet in found}):
        yield error(
            f"The subnet {subnet_id} of a compute environment is gone.", "Deploy the compute stack again."
        )
    tables = _route_tables(account, found)
    for subnet in found:
        yield from _subnet(subnet, tables)


def _subnet_ids(environments: Iterable[Mapping[str, Any]]) -> list[str]:
    resources = (one.get("computeResources") or {} for one in environments)
    return sorted({subnet for one in resources for subnet in one.get("subnets", ())})


def _route_tables(account: Account, subnets: Iterable[Subnet]) -> Sequence[Table]:
    vpcs = sorted({subnet["VpcId"] for subnet in subnets})
    if not vpcs:
        return []
    answer = account.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": vpcs}])
    tables: Sequence[Table] = answer["RouteTables"]
    return tables


def _subnet(subnet: Subnet, tables: Sequence[Table]) -> Iterator[Finding]:
    name, free = subnet["SubnetId"], subnet.get("AvailableIpAddressCount", _FEW_ADDRESSES)
    if free < _FEW_ADDRESSES:
        yield warning(
            f"The subnet {name} has {free} free addresses; each machine takes one or more.",
            "Use a larger subnet.",
        )
    table = _table_of(subnet, tables)
    route = next(
        (one for one in (table or {}).get("Routes", ()) if one.get("DestinationCidrBlock") == _ANYWHERE), None
    )
    yield _routed(name, route, public=bool(subnet.get("MapPublicIpOnLaunch")))


def _routed(name: str, route: Mapping[str, Any] | None, *, public: bool) -> Finding:
    if route is None:
        return warning(
            f"The subnet {name} has no route out: without VPC endpoints no machine can join and no image can"
            " be pulled.",
            _NEEDS,
        )
    if route.get("State") == "blackhole":
        return error(
            f"The route out of the subnet {name} leads nowhere: its gateway is gone.",
            "Deploy the compute stack again.",
        )
    if str(route.get("GatewayId", "")).startswith("igw-") and not public:
        return error(
            f"Machines in the subnet {name} get no public address, and its route leads to an internet"
            " gateway.",
            _NEEDS,
        )
    return ok(f"The subnet {name} has a way out.")


def _table_of(subnet: Subnet, tables: Sequence[Table]) -> Table | None:
    """Return the subnet's own route table, or its VPC's main one.

    https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html
    """
    mine = [
        table
        for table in tables
        if any(one.get("SubnetId") == subnet["SubnetId"] for one in table.get("Associations", ()))
    ]
    main = [
        table
        for table in tables
        if table.get("VpcId") == subnet["VpcId"] and any(one.get("Main") for one in table["Associations"])
    ]
    return next(iter([*mine, *main]), None)
