"""Checks the upload triggers of buckets that are not the inbox."""

from __future__ import annotations

from collections.abc import Iterator

from sluice.errors import Mistake
from sluice.pipeline.definition import Pipeline, S3Upload
from sluice.pipeline.validation.triggers.uploads import uploads_of

_OF_BUCKETS = ("account", "region", "kms_key")
_PLACE = ("account", "region")


def check_buckets(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what says something of a bucket that is not named, or two different things of the same one."""
    uploads = uploads_of(pipeline)
    for number, upload in enumerate(uploads):
        given = [name for name in _OF_BUCKETS if getattr(upload, name) is not None]
        if upload.bucket is None and given:
            yield Mistake(
                f"triggers[{number}].{given[0]}",
                "the name of the bucket beside it",
                "no bucket=",
                "Write bucket=\"…\" with the bucket's name, or drop it: the inbox is Sluice's own.",
            )
        if isinstance(upload.bucket, str) and ".." in upload.bucket:
            yield Mistake(
                f"triggers[{number}].bucket",
                "the name of a bucket",
                repr(upload.bucket),
                "Write the name as S3 shows it: it has no two dots side by side.",
            )
    yield from _differing(uploads)


def _differing(uploads: list[S3Upload]) -> Iterator[Mistake]:
    first: dict[str, S3Upload] = {}
    for upload in (one for one in uploads if isinstance(one.bucket, str)):
        before = first.setdefault(str(upload.bucket), upload)
        for name in _PLACE:
            ours, theirs = getattr(before, name), getattr(upload, name)
            if ours != theirs:
                yield Mistake(
                    "triggers",
                    f"one {name} of the bucket {upload.bucket!r}",
                    f"{ours!r} and {theirs!r}",
                    "A bucket is in one account and one Region: write the same in all its triggers.",
                )
