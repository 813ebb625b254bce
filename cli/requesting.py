"""Files that come with a request: a pipeline with a Manual trigger gets them as the uploads of its run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cli.failures import UsageError
from cli.starting import given_twice, missing
from sluice.pipeline.definition import Manual, Pipeline, S3Upload
from sluice.triggers.inbox import request_key
from sluice.triggers.trigger_event import MAX_INPUT_BYTES, S3Object

_LIKE_A_VERSION, _LIKE_AN_ETAG, _LIKE_A_SIZE = "v" * 32, "e" * 38, 5 * 1024**4
"""As long as S3 makes them, so that what is too much is said before anything is uploaded."""


def go_with_request(pipeline: Pipeline, paths: Sequence[Path], prefix: str | None) -> bool:
    """Return whether files are for a request: the pipeline takes some, and no upload trigger of it takes any
    of these files.
    """
    suffixes = tuple(one.suffix for one in pipeline.triggers if isinstance(one, S3Upload))
    asked = any(isinstance(one, Manual) for one in pipeline.triggers)
    return asked and prefix is None and not any(path.name.endswith(suffixes) for path in paths)


def keys_of(pipeline: str, token: str, paths: Sequence[Path]) -> list[str]:
    """Return the key of each file in the inbox; raises UsageError with every path that is no file, or has
    another's name.
    """
    if problems := [sentence for path in paths for sentence in missing(path)] + given_twice(paths):
        raise UsageError("Expected files to send with a request, found: " + "; ".join(problems) + ".")
    return [request_key(pipeline, token, path.name) for path in paths]


def with_uploads(given: Any, files: Sequence[S3Object]) -> dict[str, Any]:
    """Return a request's input with its files; raises UsageError for an input that has no place for them."""
    if not (given is None or isinstance(given, dict)) or "uploads" in (given or {}):
        raise UsageError(
            "Expected --input with files to be a JSON object without 'uploads', found"
            f" {json.dumps(given)[:100]}. The files are its 'uploads'."
        )
    return {**(given or {}), "uploads": [asdict(file) for file in files]}


def check_size(given: Any, bucket: str, keys: Sequence[str]) -> None:
    """Raise UsageError when the request would be too large with these files, before any is uploaded."""
    files = [
        S3Object(bucket=bucket, key=key, version_id=_LIKE_A_VERSION, etag=_LIKE_AN_ETAG, size=_LIKE_A_SIZE)
        for key in keys
    ]
    if (size := len(json.dumps(with_uploads(given, files)).encode())) > MAX_INPUT_BYTES:
        raise UsageError(
            f"Expected files and an input that make a request of at most {MAX_INPUT_BYTES} bytes, found"
            f" {size} with {len(keys)} files. Send fewer at a time, or gather them with"
            " S3Upload(group_within=…): see docs/grouping.md."
        )
