"""An S3 bucket in memory that counts the calls and the bytes that are read from it, and that fails where it
is reported to.
"""

from __future__ import annotations

import io
from collections import Counter
from typing import Any

from botocore.response import StreamingBody


class CountingRaw(io.BytesIO):
    """A response's body that says how much of it was read."""

    def __init__(self, data: bytes, bucket: Bucket) -> None:
        """Serve these bytes."""
        super().__init__(data)
        self._bucket = bucket

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, and count."""
        data = super().read(size)
        self._bucket.bytes_read += len(data)
        return data


class Bucket:
    """The calls of a low-level S3 client that a manifest needs."""

    def __init__(self, *, failing: str = "") -> None:
        """Hold nothing; the call named ``failing`` raises."""
        self.objects: dict[str, bytes] = {}
        self.types: dict[str, str] = {}
        self.calls: Counter[str] = Counter()
        self.bytes_read = 0
        self.uploads: dict[str, dict[int, bytes]] = {}
        self._failing = failing

    def put_object(  # botocore's names
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        Body: Any,  # noqa: N803
        ContentType: str = "",  # noqa: N803
        Metadata: Any = None,  # noqa: N803
        IfNoneMatch: str = "",  # noqa: N803
    ) -> dict[str, Any]:
        """Store an object; every condition holds."""
        self._count("put_object")
        self.objects[Key], self.types[Key] = bytes(Body), ContentType
        return {}

    def get_object(self, *, Bucket: str, Key: str, Range: str) -> dict[str, Any]:  # noqa: N803
        """Return a range of an object."""
        self._count("get_object")
        first, _, last = Range.removeprefix("bytes=").partition("-")
        data = self.objects[Key][int(first) : int(last) + 1 if last else None]
        return {"Body": StreamingBody(CountingRaw(data, self), len(data))}

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        """Return what is known of an object."""
        self._count("head_object")
        return {"ETag": "etag", "ContentLength": len(self.objects[Key])}

    def create_multipart_upload(
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        ContentType: str = "",  # noqa: N803
        Metadata: Any = None,  # noqa: N803
    ) -> dict[str, Any]:
        """Begin an upload in parts."""
        self._count("create_multipart_upload")
        self.types[Key] = ContentType
        self.uploads[Key] = {}
        return {"UploadId": Key}

    def upload_part(  # botocore's names
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        UploadId: str,  # noqa: N803
        PartNumber: int,  # noqa: N803
        Body: Any,  # noqa: N803
    ) -> dict[str, Any]:
        """Take a part."""
        self._count("upload_part")
        self.uploads[UploadId][PartNumber] = bytes(Body)
        return {"ETag": f"etag-{PartNumber}"}

    def complete_multipart_upload(  # botocore's names
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        UploadId: str,  # noqa: N803
        MultipartUpload: Any,  # noqa: N803
        IfNoneMatch: str = "",  # noqa: N803
    ) -> dict[str, Any]:
        """Join the parts that the caller lists; every condition holds."""
        self._count("complete_multipart_upload")
        parts = self.uploads.pop(UploadId)
        self.objects[Key] = b"".join(parts[part["PartNumber"]] for part in MultipartUpload["Parts"])
        return {}

    def abort_multipart_upload(self, *, Bucket: str, Key: str, UploadId: str) -> dict[str, Any]:  # noqa: N803
        """Forget the parts."""
        self._count("abort_multipart_upload")
        self.uploads.pop(UploadId)
        return {}

    def _count(self, call: str) -> None:
        self.calls[call] += 1
        if call == self._failing:
            raise ConnectionError(call)
