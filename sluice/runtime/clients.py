"""The calls of AWS that jobs make: what the clients of a job must be able to do.

Clients are botocore's, or stand for them: parameters, answers and errors are those of botocore's low-level
clients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from sluice.aws.conditional_write import ObjectLooker
from sluice.aws.multipart import PartWriter

Call = Callable[..., Mapping[str, Any]]
"""A call of AWS: parameters by name, an answer."""


class Body(Protocol):
    """The content of an object, as a stream."""

    def read(self, amt: int | None = None) -> bytes:
        """Return at most so many of the next bytes; none at the end."""

    def close(self) -> None:
        """Close the connection."""


class Paginator(Protocol):
    """Reads a listing page by page."""

    @property
    def paginate(self) -> Callable[..., Iterable[Mapping[str, Any]]]:
        """Yield the pages."""


class ObjectReader(Protocol):
    """Reads objects of S3."""

    @property
    def get_object(self) -> Call:
        """Return an object, or a range of it."""


class ObjectWriter(Protocol):
    """Writes objects of S3."""

    @property
    def put_object(self) -> Call:
        """Write an object."""


class S3(ObjectReader, ObjectLooker, PartWriter, Protocol):
    """All that a job does with S3."""

    @property
    def get_paginator(self) -> Callable[[str], Paginator]:
        """Return what lists objects."""

    @property
    def delete_objects(self) -> Call:
        """Delete up to 1,000 objects."""


class Sns(Protocol):
    """Publishes messages to SNS."""

    @property
    def publish(self) -> Call:
        """Publish a message."""
