"""The calls of a low-level S3 client that manifests need."""
# ruff: noqa: N803 - botocore's names

from __future__ import annotations

from typing import Any, Protocol


class ObjectReader(Protocol):
    """The call of S3 that reads a manifest."""

    def get_object(self, *, Bucket: str, Key: str, Range: str) -> Any:
        """Read a range of an object."""
        ...


class ObjectLister(Protocol):
    """The call of S3 that finds a manifest."""

    def list_objects_v2(self, *, Bucket: str, Prefix: str) -> Any:
        """List the objects below a prefix."""
        ...
