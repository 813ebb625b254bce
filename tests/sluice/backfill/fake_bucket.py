"""A bucket with many objects, whose listing has pages of 1,000, and begins behind any key."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

START = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = 1000


class Bucket:
    """Objects stored a second apart; with ``versions`` each has one, and an older one, and ``deleted`` are
    keys of which delete markers are left.
    """

    def __init__(
        self, keys: Sequence[str], *, versions: bool = False, deleted: Sequence[str] = (), page: int = PAGE
    ) -> None:
        """Have objects under these keys, in their order."""
        self.versions, self.calls, self.page = versions, Counter[str](), page
        self.found = [
            {"Key": key, "Size": 5, "ETag": f'"e{number}"', "LastModified": START + timedelta(seconds=number)}
            for number, key in enumerate(sorted(keys))
        ]
        every = [
            {**one, "VersionId": version, "IsLatest": version != "old"}
            for number, one in enumerate(self.found)
            for version in ("null" if number == 0 else f"v{number}", "old")
        ]
        markers = [{"Key": key, "VersionId": "gone", "IsLatest": True, "Deleted": True} for key in deleted]
        self.every = sorted([*every, *markers], key=lambda one: str(one["Key"]))
        self._keys = [str(one["Key"]) for one in self.found]
        self._every_key = [str(one["Key"]) for one in self.every]
        self._lock = Lock()

    def get_bucket_versioning(self, **request: Any) -> dict[str, Any]:
        """Return whether it keeps versions."""
        return {"Status": "Enabled"} if self.versions else {}

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        """Return a page."""
        self._count()
        after = request.get("ContinuationToken") or request.get("StartAfter", "")
        found, more = self._page(self.found, self._keys, request, bisect_right(self._keys, after))
        token = {"NextContinuationToken": found[-1]["Key"]} if more else {}
        return {"Contents": found, "IsTruncated": more, **token}

    def list_object_versions(self, **request: Any) -> dict[str, Any]:
        """Return a page of versions: the newest of a key comes first."""
        self._count()
        key, version = request.get("KeyMarker", ""), request.get("VersionIdMarker")
        first = bisect_right(self._every_key, key)
        if version:
            first = bisect_left(self._every_key, key)
            while self.every[first]["VersionId"] != version:
                first += 1
            first += 1
        found, more = self._page(self.every, self._every_key, request, first)
        last = found[-1] if found else {}
        token = {"NextKeyMarker": last["Key"], "NextVersionIdMarker": last["VersionId"]} if more else {}
        return {
            "Versions": [one for one in found if "Deleted" not in one],
            "DeleteMarkers": [one for one in found if "Deleted" in one],
            "IsTruncated": more,
            **token,
        }

    def _count(self) -> None:
        with self._lock:
            self.calls["list"] += 1

    def _page(
        self, every: list[Any], keys: list[str], request: dict[str, Any], first: int
    ) -> tuple[list[Any], bool]:
        prefix = request.get("Prefix", "")
        first = max(first, bisect_left(keys, prefix))
        found = [one for one in every[first : first + self.page + 1] if one["Key"].startswith(prefix)]
        return found[: self.page], len(found) > self.page
