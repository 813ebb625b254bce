"""The calls of AWS clients that reading and changing runs needs; low-level clients of botocore have them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from sluice.aws.batch_jobs import BatchReader, BatchTerminator

Answer = Mapping[str, Any]


class Paginator(Protocol):
    """Reads all pages of an operation."""

    def paginate(self, **request: Any) -> Iterable[Answer]:
        """Yield the pages."""
        ...


class StackReader(Protocol):
    """A client of CloudFormation."""

    def describe_stacks(self, **request: Any) -> Answer:
        """Return stacks with their outputs."""
        ...


class RunTable(Protocol):
    """A client of DynamoDB that reads the ledger."""

    def get_item(self, **request: Any) -> Answer:
        """Return an item by its key."""
        ...

    def batch_get_item(self, **request: Any) -> Answer:
        """Return up to 100 items by their keys."""
        ...

    def get_paginator(self, operation_name: str) -> Paginator:
        """Return what reads all pages of a Query or a Scan."""
        ...


class RunTableWriter(RunTable, Protocol):
    """A client of DynamoDB that reads the ledger, and writes how its runs are listed."""

    def put_item(self, **request: Any) -> Answer:
        """Write an item."""
        ...

    def update_item(self, **request: Any) -> Answer:
        """Change an item."""
        ...


class BatchCanceller(BatchReader, BatchTerminator, Protocol):
    """A client of AWS Batch that reads jobs and ends them."""


class LogReader(Protocol):
    """A client of CloudWatch Logs."""

    def get_log_events(self, **request: Any) -> Answer:
        """Return a page of a log stream."""
        ...


class EventBus(Protocol):
    """A client of EventBridge."""

    def put_events(self, **request: Any) -> Answer:
        """Send up to ten events."""
        ...


class MessageSender(Protocol):
    """A client of SQS."""

    def send_message(self, **request: Any) -> Answer:
        """Put a message into a queue."""
        ...


class ObjectLister(Protocol):
    """A client of S3 that lists objects."""

    def get_paginator(self, operation_name: str) -> Paginator:
        """Return what reads all pages of a listing."""
        ...


def keys_below(s3: ObjectLister, bucket: str, prefix: str) -> Iterator[str]:
    """Yield the keys below a prefix, in order, a thousand a call."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from (stored["Key"] for stored in page.get("Contents", ()))


class ObjectReader(ObjectLister, Protocol):
    """A client of S3 that reads objects."""

    def get_object(self, **request: Any) -> Answer:
        """Return an object."""
        ...


class ObjectWriter(Protocol):
    """A client of S3 that stores objects. An upload in parts makes further calls: ``s3transfer`` names
    them.
    """

    def put_object(self, **request: Any) -> Answer:
        """Store an object in one piece."""
        ...

    def head_object(self, **request: Any) -> Answer:
        """Return the size, the ETag and the version of an object."""
        ...
