"""The manifest: shares of items, what is an item, and how little a child reads to find its own."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from sluice import keys
from sluice.errors import ItemError
from sluice.items import manifest
from sluice.items.manifest import read_slice, slice_bounds, write_manifest
from sluice.limits import MAX_ITEM_BYTES
from tests.sluice.buckets import Bucket

KEY = keys.manifest("run", "split", "job-1")
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"))
)
ITEMS = st.lists(
    st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), SCALARS, max_size=4), max_size=40
)


def item_of_bytes(size: int) -> dict[str, str]:
    """Return an item whose JSON has this size."""
    return {"x": "a" * (size - len('{"x":""}'))}


@given(items=st.integers(1, 10_000_000), children=st.integers(1, 10_000), data=st.data())
def test_shares_are_contiguous_and_differ_by_at_most_one(
    items: int, children: int, data: st.DataObject
) -> None:
    """Each child begins where the one before ends, and no child has two items more than another."""
    child = data.draw(st.integers(0, children - 1))
    start, stop = slice_bounds(items, children, child)
    assert stop == (slice_bounds(items, children, child + 1)[0] if child + 1 < children else items)
    assert items // children <= stop - start <= items // children + 1


@given(items=st.integers(0, 500), children=st.integers(1, 60))
def test_shares_cover_every_item_once(items: int, children: int) -> None:
    """All slices together are all items, in order."""
    covered = [number for child in range(children) for number in range(*slice_bounds(items, children, child))]
    assert covered == list(range(items))


@given(items=ITEMS, children=st.integers(1, 12))
def test_children_read_what_the_plan_wrote(items: list[dict[str, Any]], children: int) -> None:
    """The slices of all children are the plan's items, in order, whatever is in them."""
    s3 = Bucket()
    count = write_manifest(s3, "work", KEY, iter(items))
    bounds = [slice_bounds(count, children, child) for child in range(children)]
    assert [item for start, stop in bounds for item in read_slice(s3, "work", KEY, start, stop)] == items


@settings(deadline=None, max_examples=30)
@given(sizes=st.lists(st.integers(8, MAX_ITEM_BYTES), min_size=1, max_size=200), data=st.data())
def test_a_child_reads_its_slice_and_at_most_16_kib_more(sizes: list[int], data: st.DataObject) -> None:
    """Two ranged reads find any slice, and what they bring beyond it is at most 16 KiB."""
    s3 = Bucket()
    write_manifest(s3, "work", KEY, map(item_of_bytes, sizes))
    start = data.draw(st.integers(0, len(sizes) - 1))
    stop = data.draw(st.integers(start + 1, len(sizes)))
    assert len(list(read_slice(s3, "work", KEY, start, stop))) == stop - start
    assert s3.calls["get_object"] <= 2
    assert s3.bytes_read - sum(size + 1 for size in sizes[start:stop]) <= 16 * 1024


@pytest.mark.parametrize("length", [2047, 2048, 9_000])
def test_a_long_slice_takes_two_reads_too(length: int) -> None:
    """A slice whose stretch of the index is over 16 KiB takes no more reads, and reads no more than 16 KiB
    too much.
    """
    s3 = Bucket()
    write_manifest(s3, "work", KEY, ({"n": number} for number in range(10_000)))
    found = [item["n"] for item in read_slice(s3, "work", KEY, 500, 500 + length)]
    assert found == list(range(500, 500 + length))
    own = sum(len(f'{{"n":{number}}}\n') for number in found)
    assert (s3.calls["get_object"], s3.bytes_read - own <= 16 * 1024) == (2, True)


def test_an_empty_slice_reads_nothing() -> None:
    """A child without items makes no call."""
    s3 = Bucket()
    assert list(read_slice(s3, "work", KEY, 3, 3)) == []
    assert not s3.calls


@pytest.mark.parametrize("count", [0, 1, 100, 5_000])
def test_the_number_of_items_changes_no_number_of_calls(count: int) -> None:
    """Up to 64 MiB a manifest is one PutObject and its index another."""
    s3 = Bucket()
    assert write_manifest(s3, "work", KEY, ({"n": number} for number in range(count))) == count
    assert s3.calls == {"put_object": 2}


def test_a_large_manifest_is_uploaded_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a part's size the items go out as they come, and read back as they were."""
    monkeypatch.setattr(manifest, "PART_BYTES", 1000)
    s3 = Bucket()
    items = [{"n": number} for number in range(500)]
    write_manifest(s3, "work", KEY, iter(items))
    assert s3.calls["upload_part"] > 3
    assert list(read_slice(s3, "work", KEY, 0, 500)) == items


def test_items_are_sent_while_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan's generator is not drained first: parts are sent between its items."""
    monkeypatch.setattr(manifest, "PART_BYTES", 1000)
    s3 = Bucket()
    sent: list[int] = []

    def items() -> Iterator[dict[str, int]]:
        for number in range(500):
            sent.append(s3.calls["upload_part"])
            yield {"n": number}

    write_manifest(s3, "work", KEY, items())
    assert 0 < sent[250] < sent[-1]


def test_a_plan_that_raises_leaves_nothing_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was uploaded before the plan failed is aborted."""
    monkeypatch.setattr(manifest, "PART_BYTES", 1000)
    s3 = Bucket()

    def items() -> Iterator[dict[str, int]]:
        yield from ({"n": number} for number in range(500))
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        write_manifest(s3, "work", KEY, items())
    assert (s3.objects, s3.uploads) == ({}, {})


@pytest.mark.parametrize("call", ["upload_part", "complete_multipart_upload"])
def test_a_refused_upload_leaves_no_items(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When S3 fails in the middle the upload is aborted and the error goes on."""
    monkeypatch.setattr(manifest, "PART_BYTES", 1000)
    s3 = Bucket(failing=call)
    with pytest.raises(ConnectionError, match=call):
        write_manifest(s3, "work", KEY, ({"n": number} for number in range(500)))
    assert (KEY in s3.objects, s3.calls["abort_multipart_upload"]) == (False, 1)


def test_an_item_of_8_kib_is_one() -> None:
    """The limit itself is allowed."""
    s3 = Bucket()
    assert write_manifest(s3, "work", KEY, [item_of_bytes(MAX_ITEM_BYTES)]) == 1


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (item_of_bytes(MAX_ITEM_BYTES + 1), r"Item 1: .*8192 bytes.*found 8193"),
        ("text", r"Item 1: expected a JSON object, found str"),
        (None, r"Item 1: expected a JSON object, found NoneType"),
        ([1], r"Item 1: expected a JSON object, found list"),
        ({"x": {1, 2}}, r"Item 1: expected values that JSON has"),
        ({"x": float("nan")}, r"Item 1: expected values that JSON has"),
        ({"x": "\ud800"}, r"Item 1: expected values that JSON has"),
    ],
    ids=["8193 bytes", "text", "None", "list", "set", "NaN", "lone surrogate"],
)
def test_what_is_no_item_is_refused_by_its_number(item: object, said: str) -> None:
    """The error names the item, what was expected and what was found, and nothing can be read."""
    s3 = Bucket()
    with pytest.raises(ItemError, match=said):
        write_manifest(s3, "work", KEY, [{"n": 0}, item])
    assert s3.objects == {}


def test_a_manifest_over_s3(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real client and S3's own rules for parts take the same path."""
    monkeypatch.setattr(manifest, "PART_BYTES", 5 * 1024 * 1024)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        s3: Any = botocore.session.get_session().create_client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="work")
        count = write_manifest(s3, "work", KEY, ({"n": number, "x": "y" * 5000} for number in range(1500)))
        assert [item["n"] for item in read_slice(s3, "work", KEY, *slice_bounds(count, 7, 3))] == list(
            range(642, 857)
        )


class Breaking(Bucket):
    """A bucket whose answers end in the middle, each after 100 bytes."""

    def get_object(self, *, Bucket: str, Key: str, Range: str) -> dict[str, Any]:  # noqa: N803 - botocore's names
        """Return the beginning of a range, as if it were longer."""
        body = super().get_object(Bucket=Bucket, Key=Key, Range=Range)["Body"]
        data = body.read()
        return {"Body": StreamingBody(io.BytesIO(data[:100]), len(data))}


@pytest.mark.parametrize("length", [30, 3000])
def test_a_slice_outlives_its_connections(length: int) -> None:
    """S3 closes the connection of a child that works long on each item; the child goes on with the next
    item.
    """
    s3 = Breaking()
    write_manifest(s3, "work", KEY, ({"n": number} for number in range(4_000)))
    assert [item["n"] for item in read_slice(s3, "work", KEY, 500, 500 + length)] == list(
        range(500, 500 + length)
    )


def test_a_refused_abort_does_not_hide_why_the_plan_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first error goes on, with a note of the other one."""
    monkeypatch.setattr(manifest, "PART_BYTES", 1000)
    refused = ClientError(
        {"Error": {"Code": "AccessDenied", "Message": "not for you"}}, "AbortMultipartUpload"
    )
    s3 = Bucket(failing="complete_multipart_upload")

    def abort(**_: Any) -> None:
        raise refused

    monkeypatch.setattr(s3, "abort_multipart_upload", abort)
    with pytest.raises(ConnectionError, match="complete_multipart_upload") as raised:
        write_manifest(s3, "work", KEY, ({"n": number} for number in range(500)))
    assert raised.value.__notes__ == [f"The parts of s3://work/{KEY} could not be dropped either: {refused}"]
