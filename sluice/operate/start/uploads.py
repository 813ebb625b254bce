"""Uploads files to the inbox, in parts when they are large."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from s3transfer.futures import TransferFuture
from s3transfer.manager import TransferConfig, TransferManager
from s3transfer.subscribers import BaseSubscriber

from sluice.operate.clients import ObjectWriter
from sluice.triggers.trigger_event import S3Object

_PART_BYTES = 8 * 1024 * 1024
_MAX_CONCURRENCY = 8
Progress = Callable[[int], None]
"""Receives how many more bytes have arrived."""


def upload_files(
    s3: ObjectWriter, bucket: str, files: Sequence[tuple[Path, str]], progress_of: Callable[[Path], Progress]
) -> list[S3Object]:
    """Upload files to these keys, several at a time: a burst of small ones is to be in one group."""
    with ThreadPoolExecutor(_MAX_CONCURRENCY) as threads:
        return list(
            threads.map(lambda one: upload_file(s3, bucket, one[0], one[1], progress_of(one[0])), files)
        )


def upload_file(s3: ObjectWriter, bucket: str, path: Path, key: str, progress: Progress) -> S3Object:
    """Upload a file, in parts when it is large, and return the version that is stored."""
    config = TransferConfig(multipart_threshold=_PART_BYTES, multipart_chunksize=_PART_BYTES)
    # s3transfer wants botocore's own class, of which it makes further calls for an upload in parts.
    botocore_client: Any = s3
    with TransferManager(botocore_client, config) as manager:
        manager.upload(str(path), bucket, key, subscribers=[_Subscriber(progress)]).result()
    # The version that stands there now; another one between these two calls would be another run, which is
    # followed instead.
    stored = s3.head_object(Bucket=bucket, Key=key)
    return S3Object(
        bucket=bucket,
        key=key,
        version_id=stored.get("VersionId", ""),
        etag=stored["ETag"].strip('"'),
        size=stored["ContentLength"],
    )


class _Subscriber(BaseSubscriber):
    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def on_progress(self, future: TransferFuture, bytes_transferred: int, **_: Any) -> None:
        self._progress(bytes_transferred)
