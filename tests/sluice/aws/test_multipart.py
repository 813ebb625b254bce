"""An object that is written piece by piece: one put, or parts that grow so that any size fits."""

from __future__ import annotations

import pytest
from botocore.exceptions import EndpointConnectionError

from sluice.aws.multipart import MAX_PARTS, MultipartWriter
from tests.sluice.buckets import Bucket


def test_a_small_object_is_one_put() -> None:
    """Also an empty one."""
    bucket = Bucket()
    for key, pieces in (("empty", []), ("small", [b"a", b"b"])):
        writer = MultipartWriter(bucket, "b", key, 10)
        for piece in pieces:
            writer.write(piece)
        writer.close()
    assert bucket.objects == {"empty": b"", "small": b"ab"}
    assert set(bucket.calls) == {"put_object"}


def test_parts_grow_so_that_their_number_stays_below_the_limit() -> None:
    """A quarter of the parts of each size: together 15 times what the first hold."""
    bucket, piece = Bucket(), b"x"
    writer = MultipartWriter(bucket, "b", "k", 1)
    total = MAX_PARTS // 4 * (1 + 2 + 4)
    for _ in range(total):
        writer.write(piece)
    writer.close()
    assert len(bucket.objects["k"]) == writer.size == total
    assert bucket.calls["upload_part"] == MAX_PARTS // 4 * 3


def test_an_abort_that_fails_is_noted_on_its_reason() -> None:
    """The error that the user sees stays the one that happened first."""
    bucket = Bucket()

    def unreachable(**_: object) -> dict[str, object]:
        raise EndpointConnectionError(endpoint_url="https://s3")

    bucket.abort_multipart_upload = unreachable  # type: ignore[method-assign]
    writer, reason = MultipartWriter(bucket, "b", "k", 1), RuntimeError("first")
    writer.write(b"xx")
    writer.abort(reason)
    assert "could not be dropped either" in reason.__notes__[0]


def test_nothing_was_sent_and_nothing_is_aborted() -> None:
    """There are no parts to drop."""
    bucket = Bucket()
    MultipartWriter(bucket, "b", "k").abort(RuntimeError())
    assert bucket.calls == {}
    with pytest.raises(KeyError):
        bucket.objects["k"]
