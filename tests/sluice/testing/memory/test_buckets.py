"""S3 in memory: objects in parts, their types, and listings of many pages; what else there is, the matrix
holds to moto (tests/matrix/test_harness.py).
"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from sluice.aws.multipart import MultipartWriter
from sluice.testing.memory.buckets import Buckets


def test_an_object_in_parts_appears_at_its_end() -> None:
    """Whole, with its type."""
    s3 = Buckets("inbox")
    writer = MultipartWriter(s3, "results", "a.csv", part_bytes=4, options={"ContentType": "text/csv"})
    writer.write(b"one,two")
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="results", Key="a.csv")
    writer.write(b",three")
    writer.write(b",4")
    writer.close()
    assert s3.objects["results"]["a.csv"] == b"one,two,three,4"
    assert s3.types["results", "a.csv"] == "text/csv"


def test_an_aborted_object_never_appears() -> None:
    """Nor does its key."""
    s3 = Buckets("inbox")
    writer = MultipartWriter(s3, "results", "a.csv", part_bytes=4)
    writer.write(b"one,two")
    writer.abort(ValueError())
    assert s3.list_objects_v2(Bucket="results")["KeyCount"] == 0


def test_a_listing_is_read_to_its_end() -> None:
    """A thousand keys a page, in order."""
    s3 = Buckets("inbox")
    for number in reversed(range(2_500)):
        s3.put_object(Bucket="work", Key=f"a/{number:05d}")
    s3.put_object(Bucket="work", Key="b")
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="work", Prefix="a/"))
    keys = [one["Key"] for page in pages for one in page["Contents"]]
    assert (len(pages), keys) == (3, [f"a/{number:05d}" for number in range(2_500)])
