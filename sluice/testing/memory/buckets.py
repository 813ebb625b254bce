"""S3 in memory, with versions in one bucket."""

# ruff: noqa: N803 - the parameters have botocore's names

from __future__ import annotations

import hashlib
import io
import re
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any

from sluice.testing.memory.refusals import refusal

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass(frozen=True, slots=True)
class Pages:
    """A listing, page by page; ``call`` reads one."""

    call: Callable[..., dict[str, Any]]

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        """Yield the pages."""
        token: dict[str, str] = {}
        while True:
            page = self.call(**request, **token)
            yield page
            if not page.get("NextContinuationToken"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}


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
        self.types: dict[tuple[str, str], str] = {}
        """The content type of each object, by bucket and key; empty where none was given."""
        self.metadata: dict[tuple[str, str], dict[str, str]] = {}
        self._uploads: dict[str, tuple[dict[str, Any], dict[int, bytes]]] = {}

    def put_object(
        self,
        *,
        Bucket: str,
        Key: str,
        Body: Any = b"",
        IfNoneMatch: str = "",
        IfMatch: str = "",
        ContentType: str = "",
        Metadata: dict[str, str] | None = None,
        **_: Any,
    ) -> dict[str, Any]:
        """Store an object; refused with ``IfNoneMatch="*"`` where there is one, and with ``IfMatch`` where it
        is another one or none.
        """
        objects = self.objects.setdefault(Bucket, {})
        _check(objects.get(Key), if_none_match=IfNoneMatch, if_match=IfMatch)
        if Key not in objects:
            insort(self._keys.setdefault(Bucket, []), Key)
        objects[Key] = body = Body.encode() if isinstance(Body, str) else bytes(Body)
        self.types[Bucket, Key], self.metadata[Bucket, Key] = ContentType, dict(Metadata or {})
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
            if wanted is None:
                raise ValueError(f"Expected a range such as bytes=0-9, found {Range!r}.")
            if int(wanted[1]) >= len(body):
                raise refusal("InvalidRange", "GetObject", status=416)
            body = body[int(wanted[1]) : int(wanted[2]) + 1 if wanted[2] else None]
        metadata = self.metadata.get((Bucket, Key), {})
        return {"Body": io.BytesIO(body), "ContentLength": len(body), "Metadata": metadata}

    def head_object(self, *, Bucket: str, Key: str, VersionId: str = "") -> dict[str, Any]:
        """Return what is known of an object."""
        body = self._found(Bucket, Key, VersionId, "HeadObject")
        metadata = self.metadata.get((Bucket, Key), {})
        return {"ContentLength": len(body), "ETag": _etag(body), "Metadata": metadata}

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

    def remove(self, bucket: str, prefix: str) -> None:
        """Delete all objects below a prefix."""
        for key in [one for one in self.objects.get(bucket, {}) if one.startswith(prefix)]:
            self.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}]})

    def create_multipart_upload(self, *, Bucket: str, Key: str, **options: Any) -> dict[str, Any]:
        """Begin an object in parts."""
        upload = f"upload-{len(self._uploads) + 1}"
        self._uploads[upload] = options, {}
        return {"UploadId": upload}

    def upload_part(
        self, *, Bucket: str, Key: str, UploadId: str, PartNumber: int, Body: Any
    ) -> dict[str, Any]:
        """Keep a part."""
        body = self._uploads[UploadId][1][PartNumber] = bytes(Body)
        return {"ETag": _etag(body)}

    def complete_multipart_upload(
        self, *, Bucket: str, Key: str, UploadId: str, MultipartUpload: Any, **condition: Any
    ) -> dict[str, Any]:
        """Make the object of the parts that are listed."""
        options, parts = self._uploads[UploadId]
        body = b"".join(parts[part["PartNumber"]] for part in MultipartUpload["Parts"])
        return self.put_object(Bucket=Bucket, Key=Key, Body=body, **options, **condition)

    def abort_multipart_upload(self, *, Bucket: str, Key: str, UploadId: str) -> dict[str, Any]:
        """Forget the parts."""
        self._uploads[UploadId] = {}, {}
        return {}

    def get_paginator(self, name: str) -> Pages:
        """Return what reads a listing page by page."""
        return Pages(getattr(self, name))

    def _found(self, bucket: str, key: str, version: str, operation: str) -> bytes:
        body = (
            self._versions.get((bucket, key, version)) if version else self.objects.get(bucket, {}).get(key)
        )
        if body is None:
            raise refusal("NoSuchVersion" if version else "NoSuchKey", operation, status=404)
        return body


def _check(there: bytes | None, *, if_none_match: str, if_match: str) -> None:
    """Raise what S3 raises where the condition of a write does not hold for what is there."""
    if if_match and there is None:
        raise refusal("NoSuchKey", "PutObject", status=404)
    is_other = there is not None and if_match not in ("", _etag(there))
    if is_other or (if_none_match == "*" and there is not None):
        raise refusal("PreconditionFailed", "PutObject", status=412)


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
