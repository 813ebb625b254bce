"""What started a run, as it is stored with the run and handed to a plan's function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sluice.errors import MalformedMessageError
from sluice.messages import Triggered


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Object:
    """One version of an uploaded object; ``size`` in bytes. ``version_id`` is empty in a bucket without versions."""

    bucket: str
    key: str
    version_id: str
    etag: str
    size: int

    @property
    def uri(self) -> str:
        """Return the address that people and the AWS CLI use."""
        return f"s3://{self.bucket}/{self.key}"

    def identity(self) -> dict[str, str]:
        """Return what makes this upload unique: the same version of the same object is the same upload, however often it is told."""
        return {"bucket": self.bucket, "key": self.key, "version": self.version_id or self.etag}

    def to_dict(self) -> dict[str, Any]:
        """Return the form that the ledger keeps."""
        return {"kind": "s3-upload", **asdict(self)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> S3Object:
        """Return what ``to_dict`` stored."""
        return cls(**{name: stored[name] for name in cls.__slots__})


def uploaded_object(message: Triggered) -> S3Object | None:
    """Return the object that an upload event tells of; None for the empty object that stands for a folder.

    Raises MalformedMessageError. Keys in EventBridge's S3 events are not URL-encoded, in S3's own notifications they are:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    try:
        bucket, stored = message.detail["bucket"]["name"], message.detail["object"]
        upload = S3Object(
            bucket=bucket,
            key=stored["key"],
            version_id=stored.get("version-id", ""),
            etag=stored.get("etag", ""),
            size=stored.get("size", 0),
        )
        texts = (upload.bucket, upload.key, upload.version_id, upload.etag)
        if not all(isinstance(text, str) for text in texts) or type(upload.size) is not int:
            raise TypeError(texts)
    except (KeyError, TypeError, AttributeError) as error:
        raise MalformedMessageError(f"Expected the detail of an S3 'Object Created' event, found {str(message.detail)[:200]}.") from error
    return None if upload.key.endswith("/") and upload.size == 0 else upload
