"""Checks the upload triggers of a pipeline, and which of them can match the same file."""

from __future__ import annotations

from collections.abc import Iterator

from sluice.errors import Mistake
from sluice.pipeline.definition import Pipeline, S3Upload
from sluice.pipeline.validation.fields import listed
from sluice.triggers.inbox import REQUESTS


def check_uploads(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield the upload triggers that match the same file, and prefixes that no trigger may have."""
    uploads = uploads_of(pipeline)
    for first, second in overlapping([(pipeline.name, upload) for upload in uploads]):
        yield Mistake(
            "triggers",
            "each uploaded file to match one trigger",
            f"{first[1].prefix!r} and {second[1].prefix!r}, which can match the same file",
            "Make the prefixes or suffixes differ.",
        )
    if any(upload.prefix.startswith("/") for upload in uploads):
        yield Mistake(
            "triggers",
            "a prefix without a leading /",
            "one with it",
            "Drop the /: S3 keys do not start with it.",
        )
    if any(_leads_up(upload) for upload in uploads):
        yield Mistake(
            "triggers",
            "a prefix and a suffix without .. between slashes",
            "one with it",
            "Write the folder itself: to S3, .. is a name like any other, and programs that copy files take"
            " it for the folder above.",
        )
    for upload in uploads:
        if upload.prefix and _nested(upload.prefix, REQUESTS):
            yield Mistake(
                "triggers",
                f"a prefix that matches nothing below {REQUESTS}",
                repr(upload.prefix),
                "Choose another prefix: Sluice keeps the files that come with requests there.",
            )


def _leads_up(upload: S3Upload) -> bool:
    return ".." in (*upload.prefix.split("/"), *upload.suffix.split("/"))


def uploads_of(pipeline: Pipeline) -> list[S3Upload]:
    """Return the upload triggers whose prefix and suffix are strings."""
    uploads = [trigger for trigger in listed(pipeline.triggers) if isinstance(trigger, S3Upload)]
    return [upload for upload in uploads if isinstance(upload.prefix, str) and isinstance(upload.suffix, str)]


def overlapping(
    triggers: list[tuple[str, S3Upload]],
) -> Iterator[tuple[tuple[str, S3Upload], tuple[str, S3Upload]]]:
    """Yield the pairs of triggers, each with its pipeline's name, that can match the same key."""
    for number, first in enumerate(triggers):
        for second in triggers[number + 1 :]:
            if _nested(first[1].prefix, second[1].prefix) and _nested(
                first[1].suffix[::-1], second[1].suffix[::-1]
            ):
                yield first, second


def _nested(first: str, second: str) -> bool:
    return first.startswith(second) or second.startswith(first)
