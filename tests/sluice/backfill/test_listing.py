"""Objects are listed as their events name them, each once, whatever keys there are."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sluice.backfill.listing import MAX_LISTINGS, BucketMissingError, listed
from sluice.errors import UnsettledError
from sluice.triggers.trigger_event import S3Object
from tests.sluice.backfill.fake_bucket import Bucket
from tests.sluice.backfill.test_target import target

EVERYTHING = target(suffixes=("",))
# All that S3 takes in a key: text of UTF-8, so no halves of surrogate pairs.
CHARACTERS = st.characters(codec="utf-8")
KEYS = st.sets(st.text(CHARACTERS, min_size=1, max_size=8), max_size=120)
NARROW = st.sets(st.text("01/~", min_size=1, max_size=12), max_size=120)
DOMINATED = st.builds(
    lambda prefix, many, few: {*(prefix + one for one in many), *few},
    st.text(CHARACTERS, min_size=1, max_size=20),
    st.sets(st.text("0123456789", min_size=1, max_size=6), max_size=120),
    st.sets(st.text(CHARACTERS, min_size=1, max_size=8), max_size=5),
)
# A page of three keys makes of a hundred objects what a hundred thousand are to S3.
SMALL_PAGE = 3


@pytest.mark.parametrize("versions", [False, True])
def test_every_object_is_listed_once_with_a_call_for_a_thousand(versions: bool) -> None:
    """Of a bucket with versions the newest ones; what is of no trigger is left out."""
    keys = [f"sales/{number:05d}.csv" for number in range(2500)]
    bucket = Bucket([*keys, "sales/x.txt", "stock/a.csv"], versions=versions)
    found = files(bucket)
    assert sorted(file.key for file in found) == keys
    assert bucket.calls["list"] == (6 if versions else 3)
    first, second = sorted(found, key=lambda file: file.key)[:2]
    # What was stored while the bucket had no versions has none in its event either.
    assert (first.version_id, first.etag) == ("", "e0")
    assert (second.version_id, second.etag) == ("v1" if versions else "", "e1")


def files(bucket: Any, **given: Any) -> list[S3Object]:
    """Return what a listing of the sales finds."""
    return [file for page in listed(bucket, target(), **given) for file in page]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ends=KEYS | NARROW | DOMINATED, versions=st.booleans(), deleted=KEYS, listings=st.integers(1, 8))
def test_whatever_the_keys_are_each_object_is_listed_once(
    ends: set[str], versions: bool, deleted: set[str], listings: int
) -> None:
    """Keys of any characters, of few, with one beginning that nearly all have; and deleted ones between
    them.
    """
    keys = {f"sales/{end}" for end in ends}
    gone = {f"sales/{end}" for end in deleted} - keys
    outside = ["sales", "sales.csv", "sales0", "a", "\U0010ffff"]
    bucket = Bucket([*keys, *outside], versions=versions, deleted=sorted(gone), page=SMALL_PAGE)
    found = Counter(file.key for page in listed(bucket, EVERYTHING, listings=listings) for file in page)
    assert found == dict.fromkeys(keys, 1)


def _counter(number: int) -> str:
    return f"sales/{number:07d}.csv"


def _date(number: int) -> str:
    return f"sales/2026/{number % 12 + 1:02}/{number % 28 + 1:02}/{number}.csv"


def _under_one_prefix(number: int) -> str:
    return f"sales/all/of/them/are/here/part-{number:05d}.csv"


@pytest.mark.parametrize("key", [_counter, _date, _under_one_prefix])
def test_ranges_are_found_without_knowing_the_keys_and_cost_few_calls(key: Any) -> None:
    """At the same time, and not many more calls than pages."""
    bucket = Busy([key(number) for number in range(20_000)], page=50)
    assert len({file.key for file in files(bucket)}) == 20_000
    assert bucket.calls["list"] <= 400 + 4 * MAX_LISTINGS + 400 // 32 + MAX_LISTINGS
    assert 1 < bucket.most <= MAX_LISTINGS


class Busy(Bucket):
    """A bucket that counts the calls that are made at the same time."""

    active = most = 0

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        """Answer a little later."""
        with self._lock:
            self.active += 1
            self.most = max(self.most, self.active)
        time.sleep(0.002)
        try:
            return super().list_objects_v2(**request)
        finally:
            with self._lock:
                self.active -= 1


def test_where_the_order_of_the_keys_counts_they_are_listed_in_it() -> None:
    """One call after the other."""
    keys = [f"sales/{number:05d}.csv" for number in range(2000)]
    pages = listed(Bucket(keys, page=50), target(in_order=True))
    assert [file.key for page in pages for file in page] == keys


class Failing(Bucket):
    """A bucket whose listing fails behind some key, so often."""

    behind, times, error = "", 0, Exception()

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        """Fail, or answer."""
        after = request.get("ContinuationToken") or request.get("StartAfter", "")
        if after >= self.behind and self.times:
            self.times -= 1
            raise self.error
        return super().list_objects_v2(**request)


def _failing(times: int, error: Exception) -> Failing:
    bucket = Failing([f"sales/{number:05d}.csv" for number in range(3000)], page=50)
    bucket.behind, bucket.times, bucket.error = "sales/015", times, error
    return bucket


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sluice.backfill.listing._BASE_SECONDS", 0.0)


def _throttled() -> ClientError:
    return ClientError({"Error": {"Code": "SlowDown", "Message": "slower"}}, "ListObjectsV2")


@pytest.mark.parametrize("error", [_throttled(), EndpointConnectionError(endpoint_url="https://s3")])
def test_a_range_that_fails_is_told_and_goes_on_where_it_was(error: Exception) -> None:
    """Nothing is listed twice, and nothing is left out."""
    bucket, told = _failing(3, error), list[str]()
    found = files(bucket, report=told.append)
    assert [file.key for file in sorted(found, key=lambda file: file.key)] == [
        f"sales/{number:05d}.csv" for number in range(3000)
    ]
    assert len(told) == 3
    assert "'sales/' behind 'sales/01" in told[0]
    assert str(error) in told[0]


def test_what_fails_again_and_again_or_is_refused_ends_the_listing() -> None:
    """With where it was."""
    with pytest.raises(UnsettledError, match=r"'sales/' behind 'sales/\d+.*8 times, at last with: .*slower"):
        files(_failing(10**6, _throttled()))
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListObjectsV2")
    bucket = _failing(10**6, denied)
    with pytest.raises(ClientError, match="AccessDenied"):
        files(bucket)


def test_a_bucket_that_is_not_there_is_named() -> None:
    """S3 names none, and the trigger that has it may be one of several."""

    class Nowhere(Bucket):
        def get_bucket_versioning(self, **request: Any) -> dict[str, Any]:
            """Refuse."""
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetBucketVersioning")

    code = "NoSuchBucket"
    with pytest.raises(BucketMissingError, match="Expected the bucket landing, found none"):
        list(listed(Nowhere([]), EVERYTHING))
    code = "AccessDenied"
    with pytest.raises(ClientError, match="AccessDenied"):
        list(listed(Nowhere([]), EVERYTHING))
