"""Which buckets, besides the inbox, start the pipelines of a project, and what is read of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sluice.operate.errors import RequestError
from sluice.pipeline.definition import Pipeline, S3Upload


@dataclass(frozen=True, slots=True)
class Connection:
    """A bucket, with the triggers that name it; ``account`` and ``region`` are None for Sluice's own."""

    bucket: str
    account: str | None
    region: str | None
    pipelines: tuple[str, ...]
    uploads: tuple[S3Upload, ...]

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Return the prefixes below which its files start runs."""
        return tuple(dict.fromkeys(upload.prefix for upload in self.uploads))

    @property
    def kms_keys(self) -> tuple[str, ...]:
        """Return the ARNs of the keys that encrypt its files, as far as triggers name them."""
        return tuple(dict.fromkeys(upload.kms_key for upload in self.uploads if upload.kms_key))


def connections_of(pipelines: Iterable[Pipeline]) -> list[Connection]:
    """Return the buckets that triggers name, by their names; raises RequestError for one that two pipelines
    have in different accounts or Regions.
    """
    found: dict[str, list[tuple[str, S3Upload]]] = {}
    for pipeline in pipelines:
        for trigger in pipeline.triggers:
            if isinstance(trigger, S3Upload) and trigger.bucket is not None:
                found.setdefault(trigger.bucket, []).append((pipeline.name, trigger))
    return [_connection(bucket, triggers) for bucket, triggers in sorted(found.items())]


def connection_to(bucket: str, pipelines: Iterable[Pipeline]) -> Connection:
    """Return the bucket of this name; raises RequestError with those that there are."""
    connections = connections_of(pipelines)
    found = next((one for one in connections if one.bucket == bucket), None)
    if found is None:
        names = ", ".join(one.bucket for one in connections) or "none does"
        raise RequestError(
            f"Expected a bucket that an S3Upload of a pipeline names ({names}), found {bucket!r}. Write"
            f' S3Upload(bucket="{bucket}", prefix="…") first.'
        )
    return found


def _connection(bucket: str, triggers: Sequence[tuple[str, S3Upload]]) -> Connection:
    places = {(upload.account, upload.region) for _, upload in triggers}
    if len(places) > 1:
        names = ", ".join(sorted({name for name, _ in triggers}))
        raise RequestError(
            f"Expected one account and one Region of the bucket {bucket}, found several in the triggers of"
            f" {names}. A bucket is in one place: write the same account= and region= in all of them."
        )
    account, region = places.pop()
    return Connection(
        bucket=bucket,
        account=account,
        region=region,
        pipelines=tuple(dict.fromkeys(name for name, _ in triggers)),
        uploads=tuple(upload for _, upload in triggers),
    )
