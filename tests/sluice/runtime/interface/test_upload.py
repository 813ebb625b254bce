"""What a step sees of its input: ranges that end after separators, lines with their offsets, exactly the
version that was uploaded.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from sluice.errors import InputMissingError
from sluice.steps import Upload
from sluice.triggers.trigger_event import S3Object, stored_trigger
from tests.sluice.buckets import Bucket
from tests.sluice.runtime.jobs import INBOX, Jobs

TEXTS = st.text(alphabet="ab \n\r\u00e9\u6771\U0001f600", max_size=300).map(str.encode)


class Inbox(Bucket):
    """A bucket that takes what names a version, and knows no versions."""

    def get_object(self, *, Bucket: str, Key: str, Range: str, IfMatch: str = "") -> dict[str, Any]:  # noqa: N803 - botocore's names
        """Return a range of an object."""
        return super().get_object(Bucket=Bucket, Key=Key, Range=Range)


def upload_of(data: bytes) -> tuple[Upload, Inbox]:
    """Return an upload of these bytes, and its bucket."""
    s3 = Inbox()
    s3.put_object(Bucket=INBOX, Key="a", Body=data)
    return Upload(S3Object(bucket=INBOX, key="a", version_id="", etag="e", size=len(data)), s3), s3


def test_a_step_knows_which_version_it_reads_and_whether_a_newer_one_was_faster() -> None:
    """Its id, its time and the version whose run began earlier, as the ledger keeps them; of an upload in
    its order the last is empty.
    """
    file = S3Object(
        bucket=INBOX,
        key="a",
        version_id="v1",
        etag="e",
        size=1,
        time="2026-11-29T14:00:00Z",
        sequencer="0055AED6DC",
        newer_version="v2",
    )
    stored = stored_trigger(file.to_dict())
    assert isinstance(stored, S3Object)
    upload = Upload(stored, Inbox())
    assert (upload.version, upload.time, upload.newer_version) == ("v1", "2026-11-29T14:00:00Z", "v2")
    assert Upload(replace(stored, newer_version=""), Inbox()).newer_version == ""


@given(
    data=TEXTS,
    start=st.integers(0, 20),
    size=st.integers(1, 100),
    separators=st.sampled_from([b"\n", b"\n ", b" "]),
)
def test_ranges_cover_all_and_end_after_separators(
    data: bytes, start: int, size: int, separators: bytes
) -> None:
    """Each range begins where the one before ended, none but the last is short or ends elsewhere, and no
    character is cut.
    """
    upload, s3 = upload_of(data)
    ranges = list(upload.ranges(start=start, size=size, separators=separators))
    assert [begin for begin, _ in ranges] == [start, *(stop for _, stop in ranges)][: len(ranges)]
    assert ranges[-1][1] == len(data) if start < len(data) else ranges == []
    for begin, stop in ranges[:-1]:
        assert stop - begin >= size
        assert data[stop - 1] in separators
        assert not any(byte in separators for byte in data[begin + size - 1 : stop - 1])
    assert s3.calls["get_object"] <= len(ranges)


def test_cutting_takes_no_longer_for_a_longer_text() -> None:
    """One read of 16 KiB a cut, whatever lies between the cuts."""
    upload, s3 = upload_of(b"word " * 1_000_000)
    assert len(list(upload.ranges(start=0, size=1_000_000, separators=b" "))) == 5
    assert (s3.calls["get_object"], s3.bytes_read) == (4, 4 * 16 * 1024)


def test_a_text_without_separators_is_one_range_after_few_reads() -> None:
    """It is read once, in windows that grow."""
    upload, s3 = upload_of(b"x" * 20_000_000)
    assert list(upload.ranges(start=0, size=100)) == [(0, 20_000_000)]
    assert s3.calls["get_object"] <= 12
    assert s3.bytes_read <= 20_000_000


def test_a_separator_far_after_the_cut_is_found() -> None:
    """A long line belongs to the range that it begins in."""
    upload, _ = upload_of(b"x" * 100_000 + b"\n" + b"y")
    assert list(upload.ranges(start=0, size=10)) == [(0, 100_001), (100_001, 100_002)]


def test_ranges_of_nothing_are_refused() -> None:
    """A size of zero would never come to an end."""
    with pytest.raises(ValueError, match="at least one byte, found 0"):
        next(upload_of(b"abc")[0].ranges(start=0, size=0))


@given(data=TEXTS, start=st.integers(0, 300), stop=st.integers(0, 300))
def test_lines_come_with_their_offsets(data: bytes, start: int, stop: int) -> None:
    r"""An offset is where the line begins in the whole object; ``\r\n`` is one line end, a lone ``\r`` is
    none.
    """
    upload, _ = upload_of(data)
    found = list(upload.lines(start, stop))
    assert [line for _, line in found] == [line.removesuffix(b"\r") for line in _lines(data[start:stop])]
    assert all(
        data[offset:].startswith(line) and (offset == start or data[offset - 1 : offset] == b"\n")
        for offset, line in found
    )


def _lines(data: bytes) -> list[bytes]:
    parts = data.split(b"\n")
    return parts if parts[-1] else parts[:-1]


def test_a_range_beyond_the_end_is_cut_there() -> None:
    """There is nothing after the end, and no call is made for it."""
    upload, s3 = upload_of(b"abc")
    assert (upload.read(1, 99), upload.read(3, 9), list(upload.lines(5, 9))) == (b"bc", b"", [])
    assert s3.calls["get_object"] == 1


def test_without_versions_a_replaced_object_is_missing(jobs: Jobs) -> None:
    """In a bucket without versions the object is read by its ETag, so that no run mixes two uploads."""
    etag = jobs.s3.put_object(Bucket="work", Key="a", Body=b"first")["ETag"]
    upload = Upload(S3Object(bucket="work", key="a", version_id="", etag=etag, size=5), jobs.s3)
    assert upload.read(0, 5) == b"first"
    jobs.s3.put_object(Bucket="work", Key="a", Body=b"other")
    with pytest.raises(InputMissingError, match=r"s3://work/a \(ETag .*\) was replaced before it was read"):
        upload.read(0, 5)
    jobs.s3.delete_object(Bucket="work", Key="a")
    with pytest.raises(InputMissingError, match=r"s3://work/a \(version none\) was deleted"):
        upload.read(0, 5)


def test_a_refused_read_is_not_called_missing(jobs: Jobs) -> None:
    """An error other than a missing object stays as AWS answered it."""
    upload = Upload(S3Object(bucket="no-such-bucket-here", key="a", version_id="", etag="", size=5), jobs.s3)
    with pytest.raises(ClientError, match="NoSuchBucket"):
        upload.read(0, 5)


def test_an_object_that_is_gone_is_missing_to_who_may_not_list_the_bucket(jobs: Jobs) -> None:
    """S3 says to them that they have no access, of both; so the reason names both."""
    said = "User: a is not authorized to perform: s3:GetObject on resource: b"
    refused = ClientError({"Error": {"Code": "AccessDenied", "Message": said}}, "GetObject")
    s3 = Mock(get_object=Mock(side_effect=refused))
    upload = Upload(S3Object(bucket="inbox", key="a", version_id="v1", etag="", size=5), s3)
    with pytest.raises(
        InputMissingError, match=r"was read, or may not be read: S3 says AccessDenied of both .*s3:GetObject"
    ):
        upload.read(0, 5)
