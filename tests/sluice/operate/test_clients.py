"""Clients of botocore have the calls that the Protocols name."""

from __future__ import annotations

import botocore.session
import pytest

from sluice.operate import clients

SERVICES: dict[str, type] = {
    "cloudformation": clients.StackReader,
    "dynamodb": clients.RunTable,
    "batch": clients.BatchCanceller,
    "logs": clients.LogReader,
    "events": clients.EventBus,
    "sqs": clients.MessageSender,
}


@pytest.mark.parametrize("service", SERVICES)
def test_a_client_has_the_calls(service: str) -> None:
    """A Protocol with a call that botocore does not have would be met by fakes alone."""
    client = botocore.session.get_session().create_client(service, region_name="us-east-1")
    calls = [name for name in dir(SERVICES[service]) if not name.startswith("_")]
    assert calls
    assert [name for name in calls if not hasattr(client, name)] == []


def test_a_client_of_s3_has_the_calls() -> None:
    """Of reading and of writing."""
    client = botocore.session.get_session().create_client("s3", region_name="us-east-1")
    calls = {name for one in (clients.ObjectReader, clients.ObjectWriter) for name in dir(one)}
    assert [name for name in calls if not name.startswith("_") and not hasattr(client, name)] == []
