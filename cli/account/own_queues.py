"""The queues of one Sluice in AWS Batch, and their environments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

Resource = Mapping[str, Any]


class Pages(Protocol):
    """What reads all pages of an operation."""

    def paginate(self, **parameters: Any) -> Iterable[Resource]:
        """Read them."""
        ...


class Listing(Protocol):
    """A client of AWS Batch that reads all pages."""

    def get_paginator(self, operation_name: str) -> Pages:
        """Return what reads all pages of an operation."""
        ...


def queues_of(batch: Listing, beginning: str) -> list[Resource]:
    """Return the queues whose names begin so."""
    pages = batch.get_paginator("describe_job_queues").paginate()
    listed = [queue for page in pages for queue in page["jobQueues"]]
    return [queue for queue in listed if queue["jobQueueName"].startswith(beginning)]


def environments_of(batch: Listing, queues: Sequence[Resource]) -> list[Resource]:
    """Return the environments of these queues."""
    used = {one["computeEnvironment"] for queue in queues for one in queue["computeEnvironmentOrder"]}
    pages = batch.get_paginator("describe_compute_environments").paginate()
    listed = [one for page in pages for one in page["computeEnvironments"]]
    return [one for one in listed if one["computeEnvironmentArn"] in used]
