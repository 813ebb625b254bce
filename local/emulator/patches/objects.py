"""Mended: versions of S3's objects, which ministack leaves out of events and never reads in parts."""

import json
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from ministack.services import (
    eventbridge,
    s3,
)


def name_versions() -> None:
    """Let S3's events on EventBridge carry the object's `version-id`, as AWS's do for a bucket with versions.

    ministack knows the version where it builds the event and leaves it out.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event
    version: ContextVar[str | None] = ContextVar("version", default=None)

    def fire_s3_event(*event: Any, version_id: str | None = None, **named: Any) -> None:
        token = version.set(version_id)
        try:
            fire(*event, version_id=version_id, **named)
        finally:
            version.reset(token)

    def dispatch_event(event: dict[str, Any], *more: Any, **named: Any) -> Any:
        detail = json.loads(event["Detail"]) if event.get("Source") == "aws.s3" and version.get() else None
        if detail is not None:
            detail["object"]["version-id"] = version.get()
            event = {**event, "Detail": json.dumps(detail)}
        return dispatch(event, *more, **named)

    s3._fire_s3_event, eventbridge._dispatch_event = fire_s3_event, dispatch_event


def read_ranges_of_versions() -> None:
    """Let S3's GetObject heed Range when it names a version too, as AWS does.

    ministack answers with the whole version, so that each child of an array would read the whole file.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    get = s3._get_object

    def get_object(bucket: str, key: str, headers: Mapping[str, str], query: Any = None) -> Any:
        wanted = headers.get("range") if "versionId" in (query or {}) else None
        # A checksum of the whole version would not fit a part of it.
        asked = {
            name: value for name, value in headers.items() if not wanted or name != "x-amz-checksum-mode"
        }
        status, answer, body = get(bucket, key, asked, query)
        if not wanted or status != 200:
            return status, answer, body
        found = s3._parse_range(wanted, len(body))
        if found is None:
            return 416, {"Content-Type": "application/xml"}, s3._xml_body(s3._range_error_xml(bucket, key))
        start, end = found
        part = {"Content-Length": str(end + 1 - start), "Content-Range": f"bytes {start}-{end}/{len(body)}"}
        return 206, {**answer, **part}, body[start : end + 1]

    s3._get_object = get_object
