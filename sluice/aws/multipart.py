"""Writes an object of S3 piece by piece: it appears whole, or not at all.

A small one is a plain PutObject, a larger one an upload in parts, which S3 joins at the end:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

PART_BYTES = 16 * 1024 * 1024
MAX_PARTS = 10_000
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html."""
_PARTS_OF_A_SIZE = MAX_PARTS // 4
"""After so many parts the next ones are twice as large: 586 GiB in all, of which 128 MiB are in memory."""

Call = Callable[..., Mapping[str, Any]]


class PartWriter(Protocol):
    """The calls of a low-level S3 client that write an object in one piece or in parts."""

    @property
    def put_object(self) -> Call:
        """Call PutObject."""

    @property
    def create_multipart_upload(self) -> Call:
        """Call CreateMultipartUpload."""

    @property
    def upload_part(self) -> Call:
        """Call UploadPart."""

    @property
    def complete_multipart_upload(self) -> Call:
        """Call CompleteMultipartUpload."""

    @property
    def abort_multipart_upload(self) -> Call:
        """Call AbortMultipartUpload."""


@dataclass(slots=True)
class MultipartWriter:
    """An object that is being written; ``options`` are further members of the request, such as ContentType,
    and ``commit`` makes the last request, under its conditions: as it comes where it is not given.

    Memory: one part. Until ``close`` there is no object, and what was there before stays.
    """

    s3: PartWriter
    bucket: str
    key: str
    part_bytes: int = PART_BYTES
    options: Mapping[str, Any] = field(default_factory=dict)
    commit: Callable[[Call], object] = field(default=lambda call: call())
    size: int = 0
    _buffer: bytearray = field(default_factory=bytearray)
    _id: str | None = None
    _parts: list[dict[str, Any]] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        """Append data."""
        self._buffer += data
        self.size += len(data)
        if len(self._buffer) >= self._limit():
            self._send()

    def close(self) -> None:
        """Make the object of what was written."""
        named = {"Bucket": self.bucket, "Key": self.key}
        if self._id is None:
            self.commit(partial(self.s3.put_object, **named, Body=self._buffer, **self.options))
            return
        if self._buffer:
            self._send()
        joined = {"UploadId": self._id, "MultipartUpload": {"Parts": self._parts}}
        self.commit(partial(self.s3.complete_multipart_upload, **named, **joined))

    def abort(self, reason: BaseException) -> None:
        """Drop the parts that were sent; when that fails too, a note on the reason says so, and the bucket's
        lifecycle drops them.
        """
        if self._id is None:
            return
        try:
            self.s3.abort_multipart_upload(Bucket=self.bucket, Key=self.key, UploadId=self._id)
        except (ClientError, BotoCoreError) as error:
            reason.add_note(
                f"The parts of s3://{self.bucket}/{self.key} could not be dropped either: {error}"
            )

    def _limit(self) -> int:
        return self.part_bytes << (len(self._parts) // _PARTS_OF_A_SIZE)

    def _send(self) -> None:
        named = {"Bucket": self.bucket, "Key": self.key}
        if self._id is None:
            self._id = str(self.s3.create_multipart_upload(**named, **self.options)["UploadId"])
        number = len(self._parts) + 1
        answer = self.s3.upload_part(**named, UploadId=self._id, PartNumber=number, Body=self._buffer)
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})
        self._buffer = bytearray()
