"""S3 in memory, whose inbox can be listed with its versions and with the times of the virtual clock."""

# ruff: noqa: N803 - the parameters have botocore's names

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sluice.testing.memory.buckets import Buckets


class ListedBuckets(Buckets):
    """Knows when each object was stored last, by ``now``."""

    def __init__(
        self, versioned: str, stored: Callable[[str, str, bytes], None], now: Callable[[], datetime]
    ) -> None:
        """Hold nothing; one bucket keeps every version."""
        super().__init__(versioned, stored)
        self._now = now
        self._newest: dict[tuple[str, str], dict[str, Any]] = {}

    def put_object(self, *, Bucket: str, Key: str, **request: Any) -> dict[str, Any]:
        """Store an object, as S3 does with the time to a second."""
        answer = super().put_object(Bucket=Bucket, Key=Key, **request)
        at = self._now().replace(microsecond=0)
        self._newest[Bucket, Key] = {"VersionId": answer["VersionId"], "LastModified": at, "IsLatest": True}
        return answer

    def get_bucket_versioning(self, *, Bucket: str) -> dict[str, Any]:
        """Return that the bucket keeps versions: the inbox alone is listed so."""
        return {"Status": "Enabled"}

    def list_objects_v2(self, *, Bucket: str, Delimiter: str = "", **request: Any) -> dict[str, Any]:
        """Return keys in order; with a delimiter what they begin with, on one page."""
        page = super().list_objects_v2(Bucket=Bucket, **request)
        if not Delimiter:
            return page
        prefix = str(request.get("Prefix", ""))
        rest = [str(one["Key"]).removeprefix(prefix) for one in page.get("Contents", ())]
        folders = {one.partition(Delimiter)[0] for one in rest if Delimiter in one}
        return {**page, "CommonPrefixes": [{"Prefix": f"{prefix}{one}/"} for one in sorted(folders)]}

    def list_object_versions(
        self, *, Bucket: str, Prefix: str = "", KeyMarker: str = "", MaxKeys: int = 1000, **_: Any
    ) -> dict[str, Any]:
        """Return the newest version of each key, in order."""
        page = self.list_objects_v2(Bucket=Bucket, Prefix=Prefix, StartAfter=KeyMarker, MaxKeys=MaxKeys)
        found = [{**one, **self._newest[Bucket, one["Key"]]} for one in page.get("Contents", ())]
        more = {"NextKeyMarker": found[-1]["Key"], "NextVersionIdMarker": "-"} if page["IsTruncated"] else {}
        return {"Versions": found, "IsTruncated": page["IsTruncated"], **more}
