"""The calls of AWS clients that removing a Sluice needs; low-level clients of botocore have them."""

from __future__ import annotations

from typing import Any, Protocol

from sluice.operate.clients import Answer, Paginator


class Waiter(Protocol):
    """Waits until something has become so."""

    def wait(self, **request: Any) -> None:
        """Wait; raises WaiterError."""
        ...


class Stacks(Protocol):
    """A client of CloudFormation."""

    def delete_stack(self, **request: Any) -> Answer:
        """Begin to delete a stack."""
        ...

    def get_template(self, **request: Any) -> Answer:
        """Return a stack's template."""
        ...

    def get_waiter(self, waiter_name: str) -> Waiter:
        """Return what waits for a state of a stack."""
        ...

    def get_paginator(self, operation_name: str) -> Paginator:
        """Return what reads all pages of an operation."""
        ...


class Definitions(Protocol):
    """A client of AWS Batch."""

    def deregister_job_definition(self, **request: Any) -> Answer:
        """Make a job definition INACTIVE."""
        ...

    def delete_consumable_resource(self, **request: Any) -> Answer:
        """Delete a consumable resource."""
        ...

    def get_paginator(self, operation_name: str) -> Paginator:
        """Return what reads all pages of an operation."""
        ...


class Buckets(Protocol):
    """A client of S3."""

    def list_object_versions(self, **request: Any) -> Answer:
        """Return a page of the versions and delete markers of a bucket."""
        ...

    def delete_objects(self, **request: Any) -> Answer:
        """Delete up to 1,000 versions of objects."""
        ...

    def delete_bucket(self, **request: Any) -> Answer:
        """Delete an empty bucket."""
        ...

    def get_paginator(self, operation_name: str) -> Paginator:
        """Return what reads all pages of a listing."""
        ...


class Tables(Protocol):
    """A client of DynamoDB."""

    def delete_table(self, **request: Any) -> Answer:
        """Delete a table."""
        ...


class Images(Protocol):
    """A client of ECR."""

    def batch_delete_image(self, **request: Any) -> Answer:
        """Delete up to 100 images."""
        ...

    def get_paginator(self, operation_name: str) -> Paginator:
        """Return what reads all pages of a listing."""
        ...
