"""Reads of S3 what the wholeness of a set asks for, with the caller's own permissions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sluice.aws.stored_checksums import stored_sha256
from sluice.items.object_store import list_keys
from sluice.triggers.trigger_event import S3Object


@dataclass(frozen=True, slots=True)
class S3Inbox:
    """Reads objects. ``s3`` returns a client, ``threaded`` one that serves several threads; neither is made
    before something is read: most sets have no marker.
    """

    s3: Callable[[], Any]
    threaded: Callable[[], Any]

    def keys(self, bucket: str, prefix: str) -> Iterator[str]:
        """Return the keys under a prefix; one call for each 1,000."""
        return list_keys(self.s3(), bucket, prefix)

    def read(self, file: S3Object) -> bytes:
        """Return the content of a manifest, in the version whose event came."""
        body: bytes = self.s3().get_object(**_version(file))["Body"].read()
        return body

    def checksums(self, files: Sequence[S3Object]) -> list[str]:
        """Return the SHA-256 of each object, eight calls at a time: a set may have thousands."""
        return stored_sha256(self.threaded(), [_version(file) for file in files])


def _version(file: S3Object) -> dict[str, str]:
    version = {"VersionId": file.version_id} if file.version_id else {}
    return {"Bucket": file.bucket, "Key": file.key, **version}
