"""The account that the checks read, and what of Sluice is deployed in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from cli.commands.doctor import clients
from cli.commands.doctor.finding import Finding, not_checked
from cli.deploying.docker_program import DockerProgram
from sluice.operate.buckets.event_switch import NotifyingBucket
from stacks.configuration import Configuration

_HERE = ("127.0.0.1", "localhost", "::1")
_STAGES = ("Control", "Pipelines")
"""The stacks whose functions read queues: the second has those that gather uploads."""


class Account:
    """An account with the stacks of Sluice, if they are deployed; ``client`` returns botocore's client of a
    service, ``docker`` is what builds images on this machine.
    """

    def __init__(
        self,
        client: Callable[[str], Any],
        configuration: Configuration,
        docker: DockerProgram | None = None,
    ) -> None:
        self._client = client
        self.docker = docker or DockerProgram()
        self.configuration = configuration
        self._resources: dict[str, list[dict[str, str]] | None] = {}

    @cached_property
    def local(self) -> bool:
        """Whether this is a local cloud, which lacks what an account has."""
        return urlsplit(str(self.sts.meta.endpoint_url)).hostname in _HERE

    def stack(self, name: str) -> str:
        """Return the whole name of a stack."""
        return self.configuration.stack_prefix + name

    def resources(self, stack: str, kind: str, within: str = "") -> list[str] | None:
        """Return the physical ids of a stack's resources of a type, with some letters in their logical ids;
        None without the stack.
        """
        if stack not in self._resources:
            self._resources[stack] = self._listed(self.stack(stack))
        listed = self._resources[stack]
        if listed is None:
            return None
        return [
            one["PhysicalResourceId"]
            for one in listed
            if one["ResourceType"] == kind and within in one["LogicalResourceId"]
        ]

    def of_stages(self, kind: str, within: str = "") -> list[str] | None:
        """Return the same of all stacks whose functions read queues; None without any of them."""
        found = [self.resources(stack, kind, within) for stack in _STAGES]
        listed = [one for one in found if one is not None]
        return [resource for one in listed for resource in one] if listed else None

    def _listed(self, stack: str) -> list[dict[str, str]] | None:
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
        try:
            return [
                one
                for page in pages
                for one in page["StackResourceSummaries"]
                if one.get("PhysicalResourceId")
            ]
        except ClientError as error:
            # What CloudFormation answers for a stack that does not exist.
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            return None

    @cached_property
    def sts(self) -> clients.Identity:
        """A client of STS."""
        found: clients.Identity = self._client("sts")
        return found

    @cached_property
    def ssm(self) -> clients.Parameters:
        """A client of Systems Manager."""
        found: clients.Parameters = self._client("ssm")
        return found

    @cached_property
    def iam(self) -> clients.Roles:
        """A client of IAM."""
        found: clients.Roles = self._client("iam")
        return found

    @cached_property
    def quotas(self) -> clients.Quotas:
        """A client of Service Quotas."""
        found: clients.Quotas = self._client("service-quotas")
        return found

    @cached_property
    def lambdas(self) -> clients.Functions:
        """A client of Lambda."""
        found: clients.Functions = self._client("lambda")
        return found

    @cached_property
    def cloudformation(self) -> clients.Stacks:
        """A client of CloudFormation."""
        found: clients.Stacks = self._client("cloudformation")
        return found

    @cached_property
    def batch(self) -> clients.Batch:
        """A client of AWS Batch."""
        found: clients.Batch = self._client("batch")
        return found

    @cached_property
    def ec2(self) -> clients.Networks:
        """A client of EC2."""
        found: clients.Networks = self._client("ec2")
        return found

    @cached_property
    def sns(self) -> clients.Topics:
        """A client of SNS."""
        found: clients.Topics = self._client("sns")
        return found

    @cached_property
    def region(self) -> str:
        """The Region that is checked."""
        return str(self.sts.meta.region_name)

    @cached_property
    def s3(self) -> NotifyingBucket:
        """A client of S3."""
        found: NotifyingBucket = self._client("s3")
        return found

    @cached_property
    def dynamodb(self) -> clients.LedgerReader:
        """A client of DynamoDB."""
        found: clients.LedgerReader = self._client("dynamodb")
        return found

    @cached_property
    def scheduler(self) -> clients.Schedules:
        """A client of EventBridge Scheduler."""
        found: clients.Schedules = self._client("scheduler")
        return found

    @cached_property
    def sqs(self) -> clients.Queues:
        """A client of SQS."""
        found: clients.Queues = self._client("sqs")
        return found


Check = Callable[[Account], Iterator[Finding]]


def not_deployed(account: Account, stack: str) -> Finding:
    """Return the finding that a check needs a stack which is not deployed."""
    return not_checked(
        f"The stack {account.stack(stack)} is not deployed.",
        "Deploy it with `make deploy`, then check again.",
    )
