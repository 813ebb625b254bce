"""Writes the receipt of a run: the last object of its results, by its cleanup."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from sluice import keys
from sluice.aws.conditional_write import Place
from sluice.aws.multipart import MultipartWriter
from sluice.aws.read_ahead import in_order
from sluice.aws.streaming import Body, pieces
from sluice.items.manifest import read_slice
from sluice.receipts.facts import facts
from sluice.receipts.location import Location
from sluice.receipts.receipt import PublishedFile, encoded
from sluice.run.state import StepRecord
from sluice.run.uploads import items_in
from sluice.runtime.attempt_mark import RUN, is_of_later_run, is_of_run, run_mark
from sluice.runtime.errors import CleanupError
from sluice.runtime.step_context import StepContext
from sluice.triggers.trigger_event import UploadGroup, stored_trigger

MAX_RETURNED = 1_000
_AHEAD = 8
"""Files that are read at the same time; of each 1 MiB is in memory."""
_READ_BYTES = 1024 * 1024
_REPLACED = ("PreconditionFailed", "NoSuchKey", "404")
_Listed = Mapping[str, Any]


def write_receipt(context: StepContext, records: Mapping[str, StepRecord]) -> tuple[PublishedFile, ...]:
    """Write the receipt, and return the first files that it names, at most ``MAX_RETURNED``. Every file is
    read once, for its checksum: it says what is in the bucket, whoever wrote it there.

    In a folder that runs share the files are those that bear this run's id, and those without an id that were
    written since it began.
    """
    location = context.results
    who = context.job.run, context.assignment.reopened
    place = Place(context.s3, location.bucket, location.receipt, lambda found: is_of_later_run(found, *who))
    metadata = run_mark(*who) | place.metadata
    writer = MultipartWriter(
        context.s3,
        location.bucket,
        location.receipt,
        options={"ContentType": "application/json", "Metadata": metadata},
        commit=place.write,
    )
    first: list[PublishedFile] = []
    try:
        for part in encoded(_facts(context, records), _noting(_files(context, location), first)):
            writer.write(part.encode())
        writer.close()
    except BaseException as error:
        writer.abort(error)
        raise
    return tuple(first)


def _noting(files: Iterator[PublishedFile], first: list[PublishedFile]) -> Iterator[PublishedFile]:
    """Yield files, and note the first of them."""
    for file in files:
        if len(first) < MAX_RETURNED:
            first.append(file)
        yield file


def has_receipt(context: StepContext) -> bool:
    """Return whether the run has its receipt: that of this time that it ran, where it was resumed."""
    place = context.results
    try:
        found = context.s3.get_object(Bucket=place.bucket, Key=place.receipt, Range="bytes=0-0")
    except ClientError as error:
        if error.response["Error"]["Code"] not in _REPLACED:
            raise
        return False
    found["Body"].close()
    return is_of_run(found.get("Metadata", {}), context.job.run, context.assignment.reopened)


def _facts(context: StepContext, records: Mapping[str, StepRecord]) -> dict[str, Any]:
    assignment = context.assignment
    return facts(
        assignment.pipeline,
        records,
        run_id=context.job.run,
        version=assignment.reopened,
        trigger=assignment.trigger,
        inputs=_inputs(context),
        began=assignment.began,
        ended=datetime.now(UTC).isoformat(timespec="milliseconds"),
    )


def _inputs(context: StepContext) -> Iterator[Mapping[str, Any]]:
    """Yield the files that started the run, with their versions."""
    found = stored_trigger(context.assignment.trigger)
    if isinstance(found, UploadGroup):
        yield from read_slice(context.s3, found.work_bucket, found.manifest, 0, found.files)
    else:
        yield from items_in(context.assignment.trigger)


def _files(context: StepContext, location: Location) -> Iterator[PublishedFile]:
    pages = context.s3.get_paginator("list_objects_v2").paginate(
        Bucket=location.bucket, Prefix=location.prefix
    )
    listed = (one for page in pages for one in page.get("Contents", ()))
    own = {location.prefix + name for name in keys.OWN_RESULTS}
    others = (one for one in listed if one["Key"] not in own)
    for file in in_order(lambda one: _published(context, location, one), others, _AHEAD):
        if file is not None:
            yield file


def _published(context: StepContext, location: Location, listed: _Listed) -> PublishedFile | None:
    """Return a file of this run, None for one of another run."""
    reading = _Reading(context, location, listed)
    digest = hashlib.sha256()
    try:
        for piece in pieces(reading.open_at, 0, _READ_BYTES):
            if not reading.is_ours:
                return None
            digest.update(piece)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _REPLACED:
            raise
        if location.shared:
            return None
        raise CleanupError(
            f"Expected {location.uri} to stay as it is while its receipt is written, found that"
            f" {listed['Key']} was replaced or removed. Write results in the steps of the run alone."
        ) from error
    if not reading.is_ours:
        return None
    name = listed["Key"].removeprefix(location.prefix)
    return PublishedFile(name, listed["Size"], digest.hexdigest(), listed.get("ETag", "").strip('"'))


class _Reading:
    """Reads one listed version of a file, and says whether it is this run's."""

    def __init__(self, context: StepContext, location: Location, listed: _Listed) -> None:
        self._context, self._location, self._listed = context, location, listed
        self.is_ours = not location.shared

    def open_at(self, offset: int) -> Body:
        """Return the content from an offset on, of the version that was listed."""
        span = {"Range": f"bytes={offset}-"} if offset else {}
        match = {"IfMatch": self._listed["ETag"]} if self._listed.get("ETag") else {}
        answer = self._context.s3.get_object(
            Bucket=self._location.bucket, Key=self._listed["Key"], **span, **match
        )
        if self._location.shared:
            self.is_ours = self._wrote(answer.get("Metadata", {}).get(RUN))
        body: Body = answer["Body"]
        return body

    def _wrote(self, writer: str | None) -> bool:
        if writer is not None:
            return writer == self._context.job.run
        modified = self._listed.get("LastModified")
        began = self._context.assignment.began
        return modified is None or not began or modified >= _whole_seconds(began)


def _whole_seconds(began: str) -> datetime:
    """Return when a run began; S3's times are whole seconds, so a file of the same second is its own."""
    return datetime.fromisoformat(began).replace(microsecond=0)
