"""Which cloud a command uses: AWS, or a local cloud, by the caller's environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from cli.aws import client_of
from cli.console import print_note
from cli.options import suggestion
from cli.project import configuration
from local.paths import DEFAULT_PORT, LocalCloudPaths
from local.server.running import running_ports
from sluice.aws.clients import read_times_quickly
from sluice.ledger.ledger import Ledger
from sluice.operate.again.definitions import DeployedDefinitions
from sluice.operate.deployment import PREFIX, Deployment
from sluice.operate.errors import OperationError

# Any of these says that the caller means a cloud of their own choice.
# https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html
CHOICES = (
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_RETRIES: Any = {"mode": "standard", "total_max_attempts": 5}


class Cloud:
    """A cloud with Sluice deployed; ``client`` returns a low-level client of a service, ``where`` names the
    cloud in messages, ``prefix`` begins the names of the stacks.
    """

    def __init__(self, client: Callable[[str], Any], where: str, prefix: str = PREFIX) -> None:
        self.client: Callable[[str], Any] = cache(client)
        self._where = where
        self.prefix = prefix

    @cached_property
    def deployment(self) -> Deployment:
        """The names of what is deployed."""
        return Deployment(self.client("cloudformation"), self._where, self.prefix)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger."""
        return Ledger(self.client("dynamodb"), self.deployment.table)


def about_pipeline(cloud: Cloud, name: str | None) -> str:
    """Return a sentence about a name that no deployed pipeline has, with the nearest one that one has; empty
    for any other, and where the caller may not read what is deployed.

    Runs of pipelines that are deployed no more are listed, so a name is looked up only where there is none.
    """
    if name is None:
        return ""
    try:
        names = DeployedDefinitions(cloud.client("s3"), *cloud.deployment.definitions).names
    except (ClientError, OperationError):
        return ""
    return "" if name in names else f" {name!r} is no deployed pipeline.{suggestion(name, names)}"


def cloud_of(environment: Mapping[str, str] = os.environ) -> Cloud:
    """Return the cloud that the environment names; when it names none, the local cloud on port 4566 or the
    only one that runs, and print so.
    """
    prefix = configuration(environment).stack_prefix
    place = None if any(environment.get(name) for name in CHOICES) else _local()
    if place is not None:
        print_note(f"The environment names no AWS account: this is the local cloud at {place.endpoint}.")
        return Cloud(
            lambda service: client_of(place, service), f"the local cloud at {place.endpoint}", prefix
        )
    return Cloud(*_chosen(environment), prefix)


def _local() -> LocalCloudPaths | None:
    ports = running_ports()
    if DEFAULT_PORT in ports:
        return LocalCloudPaths.of(DEFAULT_PORT)
    return LocalCloudPaths.of(ports[0]) if len(ports) == 1 else None


def _chosen(environment: Mapping[str, str]) -> tuple[Callable[[str], Any], str]:
    session = botocore.session.get_session()
    read_times_quickly(session)
    # The CDK and the AWS CLI read AWS_REGION, botocore does not.
    region = environment.get("AWS_REGION") or session.get_config_variable("region")
    endpoint = environment.get("AWS_ENDPOINT_URL", "")
    # A cloud on the same machine is reached without a proxy, whatever the environment names.
    here = urlsplit(endpoint).hostname in ("127.0.0.1", "localhost", "::1")
    config = Config(retries=_RETRIES, connect_timeout=5, read_timeout=30, proxies={} if here else None)
    where = f"the cloud at {endpoint}" if endpoint else f"the region {region}"
    return lambda service: session.create_client(service, region_name=region, config=config), where
