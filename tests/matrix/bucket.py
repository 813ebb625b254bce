"""S3 in memory, with versions in one bucket."""

# ruff: noqa: N803 - the parameters have botocore's names

from __future__ import annotations

import hashlib
import io
import re
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable
from itertools import islice, takewhile
from typing import Any

from tests.matrix.errors import refusal

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class Buckets:
    """The calls of a low-level client; ``stored`` is called with every object that is written."""

    def __init__(
        self, versioned: str, stored: Callable[[str, str, bytes], None] = lambda bucket, key, body: None
    ) -> None:
        """Hold nothing; one bucket keeps every version."""
        self._versioned = versioned
        self.objects: dict[str, dict[str, bytes]] = {}
        self._keys: dict[str, list[str]] = {}
        self._written: Counter[str] = Counter()
        self._versions: dict[tuple[str, str, str], bytes] = {}
        self._stored = stored

    def put_object(
        self, *, Bucket: str, Key: str, Body: Any = b"", IfNoneMatch: str = "", **_: Any
    ) -> dict[str, Any]:
        """Store an object; refused with ``IfNoneMatch="*"`` where there is one."""
        objects = self.objects.setdefault(Bucket, {})
        if IfNoneMatch == "*" and Key in objects:
            raise refusal("PreconditionFailed", "PutObject", status=412)
        if Key not in objects:
            insort(self._keys.setdefault(Bucket, []), Key)
        objects[Key] = body = Body.encode() if isinstance(Body, str) else bytes(Body)
        version = ""
        if Bucket == self._versioned:
            self._written[Key] += 1
            version = f"v{self._written[Key]}"
            self._versions[Bucket, Key, version] = body
        self._stored(Bucket, Key, body)
        return {"ETag": _etag(body), "VersionId": version}

    def get_object(
        self,
        *,
        Bucket: str,
        Key: str,
        Range: str = "",
        VersionId: str = "",
        IfMatch: str = "",
    ) -> dict[str, Any]:
        """Return an object, or a range of it."""
        body = self._found(Bucket, Key, VersionId, "GetObject")
        if IfMatch and IfMatch.strip('"') != _etag(body).strip('"'):
            raise refusal("PreconditionFailed", "GetObject", status=412)
        if Range:
            wanted = _RANGE.fullmatch(Range)
            assert wanted, Range
            if int(wanted[1]) >= len(body):
                raise refusal("InvalidRange", "GetObject", status=416)
            body = body[int(wanted[1]) : int(wanted[2]) + 1 if wanted[2] else None]
        return {"Body": io.BytesIO(body), "ContentLength": len(body)}

    def head_object(self, *, Bucket: str, Key: str, VersionId: str = "") -> dict[str, Any]:
        """Return what is known of an object."""
        body = self._found(Bucket, Key, VersionId, "HeadObject")
        return {"ContentLength": len(body), "ETag": _etag(body)}

    def list_objects_v2(
        self,
        *,
        Bucket: str,
        Prefix: str = "",
        MaxKeys: int = 1000,
        ContinuationToken: str = "",
        StartAfter: str = "",
    ) -> dict[str, Any]:
        """Return keys in order."""
        behind = ContinuationToken or StartAfter
        every = self._keys.get(Bucket, [])
        first = max(bisect_left(every, Prefix), bisect_right(every, behind))
        keys = list(
            islice(takewhile(lambda key: key.startswith(Prefix), islice(every, first, None)), MaxKeys + 1)
        )
        page = keys[:MaxKeys]
        contents = [
            {"Key": key, "Size": len(self.objects[Bucket][key]), "ETag": _etag(self.objects[Bucket][key])}
            for key in page
        ]
        more = (
            {"IsTruncated": True, "NextContinuationToken": page[-1]}
            if len(keys) > len(page)
            else {"IsTruncated": False}
        )
        return {"KeyCount": len(page), **more, **({"Contents": contents} if contents else {})}

    def delete_objects(self, *, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:
        """Remove objects, if they are there."""
        for each in Delete["Objects"]:
            if self.objects.get(Bucket, {}).pop(each["Key"], None) is not None:
                self._keys[Bucket].remove(each["Key"])
        return {}

    def _found(self, bucket: str, key: str, version: str, operation: str) -> bytes:
        body = (
            self._versions.get((bucket, key, version)) if version else self.objects.get(bucket, {}).get(key)
        )
        if body is None:
            raise refusal("NoSuchVersion" if version else "NoSuchKey", operation, status=404)
        return body


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
