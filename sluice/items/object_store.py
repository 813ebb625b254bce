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


class ManifestWriter(Protocol):
    """The calls of S3 that write a manifest."""

    def put_object(self, *, Bucket: str, Key: str, Body: Any) -> Any:
        """Write an object."""
        ...

    def create_multipart_upload(self, *, Bucket: str, Key: str) -> Any:
        """Begin an upload in parts."""
        ...

    def upload_part(self, *, Bucket: str, Key: str, UploadId: str, PartNumber: int, Body: Any) -> Any:
        """Send a part."""
        ...

    def complete_multipart_upload(self, *, Bucket: str, Key: str, UploadId: str, MultipartUpload: Any) -> Any:
        """Make one object of the parts."""
        ...

    def abort_multipart_upload(self, *, Bucket: str, Key: str, UploadId: str) -> Any:
        """Drop the parts."""
        ...
