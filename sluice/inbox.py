"""Which part of the inbox is whose: what a pipeline's upload triggers take, and the files that come with its requests."""

from __future__ import annotations

from urllib.parse import quote

from sluice.pipeline import Manual, Pipeline, S3Upload

REQUESTS = "requests/"
"""What comes with requests lies below it; no upload trigger takes anything there."""


def requests_prefix(pipeline: str) -> str:
    """Return the prefix of all files that come with requests for a pipeline."""
    return f"{REQUESTS}{pipeline}/"


def request_key(pipeline: str, token: str, name: str) -> str:
    """Return the key of a file that comes with a request; a token may have any characters, and stays one part of the key.

    A part that is only dots would be lost on the way in some clients:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
    """
    return f"{requests_prefix(pipeline)}{quote(token, safe='').replace('.', '%2E')}/{name}"


def prefixes_of(pipeline: Pipeline) -> tuple[str, ...]:
    """Return the prefixes of all objects that start the pipeline's runs, or come with its requests: its jobs may read these."""
    uploads = [trigger.prefix for trigger in pipeline.triggers if isinstance(trigger, S3Upload)]
    asked = [requests_prefix(pipeline.name)] if any(isinstance(trigger, Manual) for trigger in pipeline.triggers) else []
    return tuple(dict.fromkeys([*uploads, *asked]))
