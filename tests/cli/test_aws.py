"""Clients of a local cloud, and the outputs of its stacks."""

from __future__ import annotations

from typing import Any

from cli.aws import client_of, outputs
from local.paths import LocalCloudPaths


def test_a_client_of_a_local_cloud() -> None:
    """It has the cloud's endpoint, whatever the environment names."""
    place = LocalCloudPaths.of(4599)
    client = client_of(place, "batch")
    assert (client.meta.endpoint_url, client.meta.region_name) == (place.endpoint, "us-east-1")


class Stacks:
    """A client of CloudFormation with two pages of stacks."""

    def get_paginator(self, operation_name: str) -> Stacks:
        """Return itself."""
        assert operation_name == "describe_stacks"
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        """Return the pages; a stack may have no outputs."""
        first = {"Outputs": [{"OutputKey": "InboxBucket", "OutputValue": "inbox"}]}
        return [{"Stacks": [first, {}]}, {"Stacks": [{"Outputs": [{"OutputKey": "A", "OutputValue": "b"}]}]}]


def test_outputs_of_all_stacks() -> None:
    """By their names."""
    assert outputs(Stacks()) == {"InboxBucket": "inbox", "A": "b"}
