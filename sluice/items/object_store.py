"""The calls of a low-level S3 client that manifests need."""
# ruff: noqa: N803 - botocore's names

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol


class ObjectReader(Protocol):
    """The call of S3 that reads a manifest."""

    def get_object(self, *, Bucket: str, Key: str, Range: str) -> Any:
        """Read a range of an object."""
        ...


class ObjectLister(Protocol):
    """The call of S3 that lists objects."""

    def list_objects_v2(self, *, Bucket: str, Prefix: str, ContinuationToken: str = ...) -> Any:
        """List the objects below a prefix."""
        ...


def list_keys(s3: ObjectLister, bucket: str, prefix: str) -> Iterator[str]:
    """Yield the keys below a prefix, in order, a thousand a call."""
    more: dict[str, str] = {}
    while True:
        page = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, **more)
        yield from (one["Key"] for one in page.get("Contents", ()))
        if not page.get("NextContinuationToken"):
            return
        more = {"ContinuationToken": page["NextContinuationToken"]}
