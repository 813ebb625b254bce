"""Writes an object of S3 in the place of an older one, never in the place of a newer one.

S3 has no lock: two that write one key are told apart by conditional requests. The first one asks that there
is no object; where there is one, its metadata says who wrote it, and it is replaced only while it is still
that one: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

from botocore.exceptions import ClientError

from sluice.aws.retrying import Backoff, retry

_TAKEN = ("PreconditionFailed", "NoSuchKey")
_BUSY = "ConditionalRequestConflict"
"""Another write of the same key is under way, and may yet fail: S3 says that one is to repeat the request."""
_NOT_FOUND = ("404", "NoSuchKey")
_BUSY_ATTEMPTS, _BUSY_SECONDS = 8, 0.1
_LOOKS = 8
"""How often others may write the key between a look and the write before it is given up."""
_WRITE = "sluice-write"

Put = Callable[..., Any]
"""Makes the object; the condition comes as parameters of the request."""
Metadata = Mapping[str, str]


class NewerObjectError(Exception):
    """What was to be written is older than the object that is there, which stays."""

    def __init__(self, bucket: str, key: str) -> None:
        super().__init__(
            f"Expected nothing newer at s3://{bucket}/{key}, found a file that a later attempt published:"
            " AWS Batch took this attempt for lost, and its file is not published."
        )


class ObjectLooker(Protocol):
    """Looks at an object of S3."""

    @property
    def head_object(self) -> Callable[..., Mapping[str, Any]]:
        """Call HeadObject."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one object is to be written; ``is_newer`` says by the metadata of the object that is there
    whether it stays.
    """

    s3: ObjectLooker
    bucket: str
    key: str
    is_newer: Callable[[Metadata], bool]
    _write: str = field(default_factory=lambda: uuid4().hex)

    @property
    def metadata(self) -> dict[str, str]:
        """Return what the object's metadata must have: it tells this write, whose answer may be lost, from
        others.
        """
        return {_WRITE: self._write}

    def write(self, put: Put) -> None:
        """Make the object: one request where there was none, else a look (s3:GetObject) and another.

        Raises NewerObjectError where a newer one is there, and ClientError.
        """
        condition = {"IfNoneMatch": "*"}
        for _ in range(_LOOKS):
            if _is_written(put, condition):
                return
            found = self._condition()
            if found is None:
                return
            condition = found
        put(**condition)

    def _condition(self) -> dict[str, str] | None:
        """Return the condition under which this write may be made, or None where it was."""
        try:
            found = self.s3.head_object(Bucket=self.bucket, Key=self.key)
        except ClientError as error:
            if _code(error) not in _NOT_FOUND:
                raise
            return {"IfNoneMatch": "*"}
        metadata = found.get("Metadata", {})
        if metadata.get(_WRITE) == self._write:
            return None
        if self.is_newer(metadata):
            raise NewerObjectError(self.bucket, self.key)
        return {"IfMatch": found["ETag"]}


def write_if_absent(put: Put) -> bool:
    """Make an object unless there is one; return whether it was made."""
    return _is_written(put, {"IfNoneMatch": "*"})


def _is_written(put: Put, condition: Mapping[str, str]) -> bool:
    try:
        retry(lambda: put(**condition), Backoff(attempts=_BUSY_ATTEMPTS, base=_BUSY_SECONDS), when=_is_busy)
    except ClientError as error:
        if _code(error) not in _TAKEN:
            raise
        return False
    return True


def _is_busy(error: Exception) -> bool:
    return isinstance(error, ClientError) and _code(error) == _BUSY


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
