"""Which cloud a command looks at: AWS, or a local cloud, by the caller's environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache, cached_property
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from cli.aws import client_of
from cli.console import note
from cli.failures import CommandError
from local.paths import DEFAULT_PORT, LocalCloudPaths
from local.server.lock import holder
from sluice.ledger.ledger import Ledger
from stacks.configuration import Configuration

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
    """A cloud with Sluice deployed; ``client`` returns a low-level client of a service."""

    def __init__(self, client: Callable[[str], Any], where: str, prefix: str = "Sluice") -> None:
        self.client: Callable[[str], Any] = cache(client)
        self._where = where
        self._prefix = prefix

    @cached_property
    def table(self) -> str:
        """The name of the ledger's table."""
        return self._output("Storage", "LedgerTable")

    @cached_property
    def inbox(self) -> str:
        """The name of the bucket that files are uploaded to."""
        return self._output("Storage", "InboxBucket")

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger."""
        return Ledger(self.client("dynamodb"), self.table)

    @cached_property
    def queues(self) -> dict[str, str]:
        """The ARN of each job queue that is deployed by its key, as compiled steps have it; an underscore
        stands before it in the name.
        """
        outputs = self._outputs(f"{self._prefix}Compute")
        return {arn.rpartition("_")[2]: arn for name, arn in outputs.items() if name.endswith("Queue")}

    @property
    def track_queue(self) -> str:
        """The URL of the queue in which a run is asked to be looked at."""
        return self._output("Control", "TrackQueue")

    @property
    def work_retention(self) -> timedelta:
        """How long what a run leaves in the work bucket stays there."""
        return timedelta(days=int(self._output("Storage", "WorkRetentionDays")))

    def _output(self, stack: str, name: str) -> str:
        """Return an output; raises CommandError when the stack is not there: another account or region, or
        never deployed.
        """
        outputs = self._outputs(self._prefix + stack)
        if name not in outputs:
            raise CommandError(
                f"Expected the stack {self._prefix}{stack} in {self._where} to have the output {name}, found"
                " none. Deploy again."
            )
        return outputs[name]

    def _outputs(self, stack: str) -> dict[str, str]:
        try:
            found = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        except ClientError as error:
            # What CloudFormation answers for a stack that there is not.
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise CommandError(
                f"Expected Sluice in {self._where}, found no stack {stack}. Deploy it with `make deploy`,"
                " start a local one with `sluice local up`, or choose another AWS_PROFILE or AWS_REGION."
            ) from error
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def cloud_of(environment: Mapping[str, str] = os.environ) -> Cloud:
    """Return the cloud that the environment names; when it names none and a local cloud runs on port 4566,
    that one, and say so.
    """
    prefix = Configuration.read(lambda _: None, environment).stack_prefix
    place = LocalCloudPaths.of(DEFAULT_PORT)
    if not any(environment.get(name) for name in CHOICES) and holder(place.pid_file):
        note(f"The environment names no AWS account: this is the local cloud at {place.endpoint}.")
        return Cloud(
            lambda service: client_of(place, service), f"the local cloud at {place.endpoint}", prefix
        )
    return Cloud(*_chosen(environment), prefix)


def _chosen(environment: Mapping[str, str]) -> tuple[Callable[[str], Any], str]:
    session = botocore.session.get_session()
    # The CDK and the AWS CLI read AWS_REGION, botocore does not.
    region = environment.get("AWS_REGION") or session.get_config_variable("region")
    endpoint = environment.get("AWS_ENDPOINT_URL", "")
    # No proxy stands between a command and a cloud on the same machine, whatever the environment names.
    here = urlsplit(endpoint).hostname in ("127.0.0.1", "localhost", "::1")
    config = Config(retries=_RETRIES, connect_timeout=5, read_timeout=30, proxies={} if here else None)
    where = f"the cloud at {endpoint}" if endpoint else f"the region {region}"
    return lambda service: session.create_client(service, region_name=region, config=config), where
