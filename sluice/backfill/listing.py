"""Lists the objects of a target: one call for each 1,000 objects, several ranges of keys at the same time.

In a bucket with versions these are the newest versions, because an event names the version; in one without,
the ETag is the version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from sluice.aws.retrying import Backoff
from sluice.aws.transient import is_transient
from sluice.backfill.key_ranges import Alphabet, KeyRange
from sluice.backfill.target import Target
from sluice.errors import SluiceError, UnsettledError
from sluice.triggers.trigger_event import S3Object

if TYPE_CHECKING:
    from concurrent.futures import Future

Answer = Mapping[str, Any]
MAX_LISTINGS = 8
"""Calls that are made at the same time: some 20,000 objects a second, and pages that are kept in memory."""
PAGES_BEFORE_A_CUT = 8
"""A cut may find nothing behind it: it costs a call or two. A few thousand objects are listed in order."""
PAGES_FOR_ONE_MORE = 32
"""Beyond the first cuts: for large buckets, they may be a thirtieth of the calls."""
_ATTEMPTS, _BASE_SECONDS, _CAP_SECONDS = 8, 0.5, 20.0
_MISSING = ("NoSuchBucket", "404")
_NO_VERSION = "null"
"""The version of what was stored while a bucket had none; its event named none.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
"""


class ListedBucket(Protocol):
    """The calls of a client of S3 that list a bucket."""

    def get_bucket_versioning(self, **request: Any) -> Answer:
        """Return whether the bucket keeps versions."""

    def list_objects_v2(self, **request: Any) -> Answer:
        """Return a page of objects."""

    def list_object_versions(self, **request: Any) -> Answer:
        """Return a page of versions."""


Report = Callable[[str], None]
"""Is told of a call that failed, and is made again."""


def listed(
    s3: ListedBucket, target: Target, *, listings: int | None = None, report: Report = lambda _: None
) -> Iterator[list[S3Object]]:
    """Yield the objects of a target, page by page, each object once. Memory: ``listings`` pages.

    ``listings`` calls are made at the same time, one where the target is to be listed in the order of its
    keys. The first few thousand come in this order anyway; beyond, ranges of keys are listed side by side.
    What fails for the moment is told by ``report``, and goes on where it was; raises UnsettledError when it
    fails again and again.
    """
    versions = has_versions(s3, target.bucket)
    read = _Versions(s3, target) if versions else _Objects(s3, target)
    at_once = listings or (1 if target.in_order else MAX_LISTINGS)
    for page in _Listing(read, KeyRange(target.prefix), at_once, report).pages():
        yield [object_of(target.bucket, one) for one in page if _is_asked_for(target, one)]


class BucketMissingError(SluiceError):
    """A bucket that is to be listed is not there."""


def has_versions(s3: ListedBucket, bucket: str) -> bool:
    """Return whether a bucket keeps versions, or once did; raises BucketMissingError where there is none."""
    try:
        return "Status" in s3.get_bucket_versioning(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING:
            raise
        raise BucketMissingError(
            f"Expected the bucket {bucket}, found none of this name. Correct bucket= in the trigger, or make"
            " the bucket."
        ) from error


def newest_version(s3: ListedBucket, target: Target, key: str, *, versions: bool) -> S3Object | None:
    """Return the object of a key as it is now, None where it is gone, or no more of those in question.

    A listing of one key, and not HeadObject: that needs s3:GetObject, and answers 403 and not 404 to a role
    that may list a prefix alone: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    """
    asked: dict[str, Any] = {"Bucket": target.bucket, "Prefix": key, "MaxKeys": 1}
    if versions:
        found = s3.list_object_versions(**asked).get("Versions", ())
    else:
        found = s3.list_objects_v2(**asked).get("Contents", ())
    # The key itself comes before all others that begin with it, and of its versions the newest.
    same = [one for one in found if one["Key"] == key and _is_asked_for(target, one)]
    return object_of(target.bucket, same[0]) if same else None


def _is_asked_for(target: Target, found: Answer) -> bool:
    return bool(found.get("IsLatest", True)) and target.takes(
        found["Key"], int(found["Size"]), found["LastModified"]
    )


@dataclass(frozen=True, slots=True)
class _Page:
    """What a call found, the first and the last key of all that it looked at, and what the next one continues
    with: None behind the last page.
    """

    found: Sequence[Answer]
    keys: Sequence[str]
    marker: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class _Objects:
    s3: ListedBucket
    target: Target

    def __call__(self, asked: KeyRange) -> _Page:
        more = asked.marker or ({"StartAfter": asked.after} if asked.after else {})
        page = self.s3.list_objects_v2(Bucket=self.target.bucket, Prefix=self.target.prefix, **more)
        found = list(page.get("Contents", ()))
        marker = {"ContinuationToken": page["NextContinuationToken"]} if page.get("IsTruncated") else None
        return _Page(found, [one["Key"] for one in found], marker)


@dataclass(frozen=True, slots=True)
class _Versions:
    s3: ListedBucket
    target: Target

    def __call__(self, asked: KeyRange) -> _Page:
        more = asked.marker or ({"KeyMarker": asked.after} if asked.after else {})
        page = self.s3.list_object_versions(Bucket=self.target.bucket, Prefix=self.target.prefix, **more)
        marker = None
        if page.get("IsTruncated"):
            marker = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
        found = list(page.get("Versions", ()))
        # Of deleted objects only the markers are left, and they fill pages too.
        keys = sorted(one["Key"] for one in (*found, *page.get("DeleteMarkers", ())))
        return _Page(found, keys, marker)


@dataclass(slots=True)
class _Listing:
    """Reads ranges of keys at the same time, and cuts those that are long while there are calls to spare."""

    read: Callable[[KeyRange], _Page]
    first: KeyRange
    listings: int
    report: Report
    pages_read: int = 0
    cuts: int = 0
    in_flight: dict[Future[_Page], KeyRange] = field(default_factory=dict)

    def pages(self) -> Iterator[list[Answer]]:
        """Yield what each call found of its own range."""
        # Most processes list nothing; the import costs milliseconds.
        from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

        alphabet = Alphabet(self.first.prefix)
        with ThreadPoolExecutor(self.listings) as pool:

            def submit(asked: KeyRange) -> None:
                self.in_flight[pool.submit(self._read_again, asked)] = asked

            submit(self.first)
            while self.in_flight:
                for done in wait(self.in_flight, return_when=FIRST_COMPLETED).done:
                    asked, page = self.in_flight.pop(done), done.result()
                    # A range may have been cut while it was read.
                    own = [one for one in page.found if asked.holds(one["Key"])]
                    self.pages_read += 1
                    for key in page.keys[-1:]:
                        alphabet.add(key)
                    if asked.listed(page.keys, page.marker):
                        submit(asked)
                    for cut in self._cut(alphabet):
                        submit(cut)
                    yield own

    def _cut(self, alphabet: Alphabet) -> Iterator[KeyRange]:
        """Yield what is cut off from ranges, the longest first, for as many calls as there are to spare."""
        while len(self.in_flight) < self.listings and self.cuts < self._allowed_cuts():
            known = sorted((one for one in self.in_flight.values() if one.pages), key=lambda one: -one.pages)
            cut = next((rest for one in known if (rest := one.cut(alphabet.seen)) is not None), None)
            if cut is None:
                return
            self.cuts += 1
            yield cut

    def _allowed_cuts(self) -> int:
        few = min(self.pages_read // PAGES_BEFORE_A_CUT, 4 * self.listings)
        return few + self.pages_read // PAGES_FOR_ONE_MORE

    def _read_again(self, asked: KeyRange) -> _Page:
        """Read a page of a range, as often as it takes; what a range has is not lost with a call."""
        backoff = Backoff(attempts=_ATTEMPTS, base=_BASE_SECONDS, cap=_CAP_SECONDS)
        while True:
            try:
                return self.read(asked)
            except Exception as error:
                if not is_transient(error):
                    raise
                behind = f"behind {asked.after!r}" if asked.after else "from the first key on"
                self.report(f"The listing of {asked.prefix!r} {behind} failed and goes on there: {error}")
                if not backoff.try_again():
                    raise UnsettledError(
                        f"Expected the listing of {asked.prefix!r} {behind} to go on, found it failing"
                        f" {_ATTEMPTS} times, at last with: {error}. Begin again: nothing is processed twice."
                    ) from error


def object_of(bucket: str, found: Answer) -> S3Object:
    """Return an object of a listing, named as its event names it."""
    version, modified = str(found.get("VersionId") or ""), found["LastModified"]
    return S3Object(
        bucket=bucket,
        key=found["Key"],
        version_id="" if version == _NO_VERSION else version,
        etag=str(found["ETag"]).strip('"'),
        size=int(found["Size"]),
        time=_text(modified),
    )


def _text(modified: datetime) -> str:
    return modified.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
