"""Files that come with a request: a pipeline with a Manual trigger gets them as the uploads of its run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sluice.counted import counted
from sluice.operate.errors import RequestError
from sluice.operate.start.local_files import missing_file, repeated_names
from sluice.pipeline.definition import Manual, Pipeline, S3Upload
from sluice.triggers.inbox import request_key
from sluice.triggers.trigger_event import MAX_INPUT_BYTES, S3Object

# As long as S3 makes them, so that what is too large is refused before anything is uploaded.
_SAMPLE_VERSION, _SAMPLE_ETAG, _SAMPLE_SIZE = "v" * 32, "e" * 38, 5 * 1024**4


def belong_to_request(pipeline: Pipeline, paths: Sequence[Path], prefix: str | None) -> bool:
    """Return whether files are for a request: the pipeline takes requests, and no upload trigger of it takes
    any of these files.
    """
    uploads = (one for one in pipeline.triggers if isinstance(one, S3Upload))
    suffixes = tuple(suffix for one in uploads for suffix in one.suffixes)
    takes_requests = any(isinstance(one, Manual) for one in pipeline.triggers)
    return takes_requests and prefix is None and not any(path.name.endswith(suffixes) for path in paths)


def request_keys(pipeline: str, token: str, paths: Sequence[Path]) -> list[str]:
    """Return the key of each file in the inbox; raises RequestError with every path that is no file, or has
    another's name.
    """
    problems = [sentence for path in paths for sentence in missing_file(path)] + repeated_names(paths)
    if problems:
        raise RequestError("Expected files to send with a request, found: " + "; ".join(problems) + ".")
    return [request_key(pipeline, token, path.name) for path in paths]


def with_uploads(run_input: Any, files: Sequence[S3Object]) -> dict[str, Any]:
    """Return a request's input with its files; raises RequestError for an input that cannot have them."""
    if not (run_input is None or isinstance(run_input, dict)) or "uploads" in (run_input or {}):
        raise RequestError(
            "Expected the input of a request with files to be a JSON object without 'uploads', found"
            f" {json.dumps(run_input)[:100]}. The files are its 'uploads'."
        )
    return {**(run_input or {}), "uploads": [asdict(file) for file in files]}


def check_size(run_input: Any, bucket: str, keys: Sequence[str]) -> None:
    """Raise RequestError when the request would be too large with these files, before any is uploaded."""
    files = [
        S3Object(bucket=bucket, key=key, version_id=_SAMPLE_VERSION, etag=_SAMPLE_ETAG, size=_SAMPLE_SIZE)
        for key in keys
    ]
    size = len(json.dumps(with_uploads(run_input, files)).encode())
    if size > MAX_INPUT_BYTES:
        raise RequestError(
            f"Expected files and an input that make a request of at most {MAX_INPUT_BYTES} bytes, found"
            f" {size} with {counted(len(keys), 'file')}. Send fewer at a time, or gather them with"
            " S3Upload(group_within=…): see docs/grouping.md."
        )
