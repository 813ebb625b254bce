"""AWS clients for commands: of a local cloud, or of the account whose credentials the caller has."""

from __future__ import annotations

from typing import Any, Protocol

import botocore.session
from botocore.config import Config

from local.paths import LocalCloudPaths
from sluice.aws.clients import read_times_quickly
from sluice.operate.clients import Paginator

# A cloud on the same machine is reached without a proxy, whatever the environment names.
_DIRECT = Config(proxies={}, retries={"mode": "standard"}, connect_timeout=5, read_timeout=30)


def client_of(place: LocalCloudPaths, service: str) -> Any:
    """Return a client of the local cloud at ``place``, with its administrator's key."""
    environment = place.client_environment()
    session = botocore.session.Session(profile=None)
    session.set_config_variable("profile", None)
    read_times_quickly(session)
    return session.create_client(
        service,
        region_name=environment["AWS_REGION"],
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        config=_DIRECT,
    )


class StackPages(Protocol):
    """A client of CloudFormation that reads all pages of an operation."""

    def get_paginator(self, operation_name: str) -> Paginator:
        """Return what reads all pages."""
        ...


def outputs(cloudformation: StackPages) -> dict[str, str]:
    """Return the outputs of all stacks by their names: InboxBucket, ResultsBucket, LedgerTable, a queue's
    ARN, …
    """
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    stacks = [stack for page in pages for stack in page["Stacks"]]
    return {
        output["OutputKey"]: output["OutputValue"] for stack in stacks for output in stack.get("Outputs", [])
    }
