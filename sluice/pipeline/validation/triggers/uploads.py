"""Checks the upload triggers of a pipeline, and which of them can match the same file."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from sluice import limits
from sluice.errors import Mistake
from sluice.pipeline.definition import Pipeline, S3Upload
from sluice.pipeline.validation.fields import LEADS_UP_FIX, leads_up, listed
from sluice.triggers.inbox import REQUESTS


def check_uploads(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield the upload triggers that match the same file, and prefixes that no trigger may have."""
    uploads = uploads_of(pipeline)
    for first, second in _overlapping(uploads):
        yield Mistake(
            "triggers",
            "each uploaded file to match one trigger",
            f"{first.prefix!r} and {second.prefix!r}, which can match the same file",
            "Make the prefixes or suffixes differ; each other pipeline may have its own trigger for a file.",
        )
    yield from _impossible_keys(uploads)
    for upload in uploads:
        if upload.bucket is None and upload.prefix and _nested(upload.prefix, REQUESTS):
            yield Mistake(
                "triggers",
                f"a prefix that matches nothing below {REQUESTS}",
                repr(upload.prefix),
                "Choose another prefix: Sluice keeps the files that come with requests there.",
            )


def _impossible_keys(uploads: Sequence[S3Upload]) -> Iterator[Mistake]:
    """Yield the mistakes of prefixes and suffixes that no key has, or none should have."""
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
            LEADS_UP_FIX,
        )
    if any(_longest(upload) > limits.MAX_KEY_BYTES for upload in uploads):
        yield Mistake(
            "triggers",
            f"a prefix and a suffix of at most {limits.MAX_KEY_BYTES:,} bytes in UTF-8",
            "longer ones",
            "Shorten them: no key of S3 has more.",
        )


def _longest(upload: S3Upload) -> int:
    return max(len(f"{upload.prefix}{suffix}".encode()) for suffix in upload.suffixes)


def _leads_up(upload: S3Upload) -> bool:
    return any(map(leads_up, (upload.prefix, *upload.suffixes)))


def uploads_of(pipeline: Pipeline) -> list[S3Upload]:
    """Return the upload triggers whose prefix is a string, and whose suffixes are some."""
    uploads = [trigger for trigger in listed(pipeline.triggers) if isinstance(trigger, S3Upload)]
    return [upload for upload in uploads if isinstance(upload.prefix, str) and _has_suffixes(upload)]


def _has_suffixes(upload: S3Upload) -> bool:
    suffixes = upload.suffix if isinstance(upload.suffix, list) else [upload.suffix]
    return bool(suffixes) and all(isinstance(suffix, str) for suffix in suffixes)


def _overlapping(uploads: list[S3Upload]) -> Iterator[tuple[S3Upload, S3Upload]]:
    """Yield the pairs of triggers that can match the same object."""
    for first, second in itertools.combinations(uploads, 2):
        if first.bucket == second.bucket and _same_keys(first, second):
            yield first, second


def _same_keys(first: S3Upload, second: S3Upload) -> bool:
    pairs = itertools.product(first.suffixes, second.suffixes)
    same_end = any(_nested(one[::-1], other[::-1]) for one, other in pairs)
    return _nested(first.prefix, second.prefix) and same_end


def _nested(first: str, second: str) -> bool:
    return first.startswith(second) or second.startswith(first)
