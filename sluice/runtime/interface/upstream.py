"""The results of the runs before this one in a chain, as step functions read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from sluice.errors import InputMissingError, OtherTriggerError
from sluice.receipts.location import Location
from sluice.receipts.receipt import Receipt, parse_receipt
from sluice.runtime.clients import ObjectReader
from sluice.runtime.interface.upload import Upload
from sluice.triggers.trigger_event import S3Object
from sluice.triggers.upstream_runs import UpstreamRun, UpstreamRuns

_GONE = ("NoSuchKey", "404", "AccessDenied", "403")


@dataclass(frozen=True, slots=True)
class UpstreamResults:
    """The results of the runs before this one, by their receipts: exactly the files that they published.

    ``results("flight-delays")["totals.csv"]`` is a file as an ``Upload``.
    """

    kind: ClassVar[str] = UpstreamRuns.kind
    source: UpstreamRuns
    s3: ObjectReader
    results_bucket: str

    @property
    def input(self) -> dict[str, Any]:
        """Return what is known of the runs, and the key that they have in common."""
        return self.source.input

    @property
    def key(self) -> Mapping[str, str]:
        """Return the partition key that the runs have in common."""
        return self.source.partition

    @property
    def runs(self) -> Sequence[UpstreamRun]:
        """Return the runs, in the order in which the trigger names their pipelines."""
        return self.source.runs

    def receipt(self, pipeline: str) -> Receipt:
        """Return the receipt of the run of a pipeline.

        Raises InputMissingError where it is gone, or another run has replaced it.
        """
        run = self._run(pipeline)
        location = self._location(run)
        try:
            body = self.s3.get_object(Bucket=location.bucket, Key=location.receipt)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
            raise InputMissingError(
                f"Expected the receipt of {run.run} in {location.uri}, found none:"
                f" {error.response['Error'].get('Message', '')}. Run {pipeline} again."
            ) from error
        found = parse_receipt(body, location.uri)
        if (found.run, found.version) != (run.run, run.version):
            raise InputMissingError(
                f"Expected the results of {run.run} (version {run.version}) in {location.uri}, found those of"
                f" {found.run} (version {found.version}), which replaced them. A run after those has begun,"
                " or will: this one is out of date."
            )
        return found

    def results(self, pipeline: str) -> dict[str, Upload]:
        """Return the files that the run of a pipeline published, by name.

        Raises InputMissingError, and KeyError for a pipeline that is none of those before.
        """
        location = self._location(self._run(pipeline))
        return {
            file.name: Upload(
                S3Object(
                    bucket=location.bucket,
                    key=location.prefix + file.name,
                    version_id="",
                    etag=file.etag,
                    size=file.size,
                ),
                self.s3,
            )
            for file in self.receipt(pipeline).files
        }

    @property
    def uploads(self) -> Iterator[Upload]:
        """Yield the files of all runs, in the order of the runs and of the names."""
        for run in self.runs:
            yield from self.results(run.pipeline).values()

    @property
    def upload(self) -> Upload:
        """Return the only file; raises OtherTriggerError for none or several."""
        found = list(self.uploads)
        if len(found) != 1:
            raise OtherTriggerError(
                f"Expected runs that published one file, found {len(found)}. Use trigger.uploads, or"
                " trigger.results(…) by name."
            )
        return found[0]

    def _run(self, pipeline: str) -> UpstreamRun:
        found = {one.pipeline: one for one in self.runs}
        if pipeline not in found:
            raise KeyError(f"Expected one of the pipelines before, {', '.join(found)}, found {pipeline!r}.")
        return found[pipeline]

    def _location(self, run: UpstreamRun) -> Location:
        return Location(run.bucket or self.results_bucket, run.prefix)
