"""The calls of AWS clients that the checks make; low-level clients of botocore have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from sluice.aws.table import DynamoDB
from sluice.operate.clients import Paginator, RunTableWriter

Answer = Mapping[str, Any]


class Identity(Protocol):
    """A client of STS; its ``meta`` has the Region and the endpoint."""

    meta: Any

    def get_caller_identity(self) -> Answer:
        """Return who calls."""
        ...


class Parameters(Protocol):
    """A client of Systems Manager."""

    def get_parameter(self, **request: Any) -> Answer:
        """Return a parameter."""
        ...


class LedgerReader(RunTableWriter, DynamoDB, Protocol):
    """A client of DynamoDB that lists the ledger's runs and reads its other items."""


class Schedules(Protocol):
    """A client of EventBridge Scheduler."""

    def get_schedule(self, **request: Any) -> Answer:
        """Return a schedule."""
        ...


class Roles(Protocol):
    """A client of IAM."""

    def get_role(self, **request: Any) -> Answer:
        """Return a role."""
        ...

    def get_instance_profile(self, **request: Any) -> Answer:
        """Return an instance profile with its roles."""
        ...


class Quotas(Protocol):
    """A client of Service Quotas."""

    def get_service_quota(self, **request: Any) -> Answer:
        """Return the quota of this account."""
        ...


class Functions(Protocol):
    """A client of Lambda."""

    def get_account_settings(self) -> Answer:
        """Return how many functions may run concurrently."""
        ...

    def get_function_concurrency(self, **request: Any) -> Answer:
        """Return what a function reserves."""
        ...

    def get_event_source_mapping(self, **request: Any) -> Answer:
        """Return how a function reads a queue."""
        ...


class Stacks(Protocol):
    """A client of CloudFormation."""

    def describe_stacks(self, **request: Any) -> Answer:
        """Return stacks with their status."""
        ...

    def describe_type(self, **request: Any) -> Answer:
        """Return a resource type that the Region has."""
        ...

    def get_paginator(self, operation_name: str) -> Paginator:
        """Return what reads all pages of a stack's resources."""
        ...


class Batch(Protocol):
    """A client of AWS Batch."""

    def describe_compute_environments(self, **request: Any) -> Answer:
        """Return compute environments."""
        ...

    def describe_job_queues(self, **request: Any) -> Answer:
        """Return job queues."""
        ...

    def list_jobs(self, **request: Any) -> Answer:
        """Return a page of the jobs of a queue."""
        ...


class Networks(Protocol):
    """A client of EC2."""

    def describe_subnets(self, **request: Any) -> Answer:
        """Return subnets."""
        ...

    def describe_route_tables(self, **request: Any) -> Answer:
        """Return route tables with their associations."""
        ...


class Topics(Protocol):
    """A client of SNS."""

    def get_sms_attributes(self) -> Answer:
        """Return the account's settings for text messages."""
        ...

    def get_sms_sandbox_account_status(self) -> Answer:
        """Return whether the account is in the sandbox for text messages."""
        ...

    def get_paginator(self, operation_name: str) -> Paginator:
        """Return what reads all pages of a topic's subscriptions."""
        ...


class Queues(Protocol):
    """A client of SQS."""

    def get_queue_attributes(self, **request: Any) -> Answer:
        """Return attributes of a queue, such as how many messages it has."""
        ...
