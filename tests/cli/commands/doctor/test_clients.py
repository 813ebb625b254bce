"""Clients of botocore have the calls that the checks' Protocols name."""

from __future__ import annotations

import pytest

from cli.commands.doctor import clients
from tests.cli.commands.doctor.fake_account import SESSION

SERVICES: dict[str, type] = {
    "sts": clients.Identity,
    "ssm": clients.Parameters,
    "iam": clients.Roles,
    "service-quotas": clients.Quotas,
    "lambda": clients.Functions,
    "cloudformation": clients.Stacks,
    "batch": clients.Batch,
    "ec2": clients.Networks,
    "sns": clients.Topics,
    "sqs": clients.Queues,
}


@pytest.mark.parametrize("service", SERVICES)
def test_a_client_has_the_calls(service: str) -> None:
    """A Protocol with a call that botocore does not have would be met by fakes alone."""
    client = SESSION.create_client(service, region_name="us-east-1")
    calls = [name for name in dir(SERVICES[service]) if not name.startswith("_")]
    assert [name for name in calls if not hasattr(client, name)] == []
