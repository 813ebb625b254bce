"""The keys of files that come with requests: each pipeline has a prefix of the inbox, which no upload trigger
matches.
"""

from __future__ import annotations

from urllib.parse import quote

REQUESTS = "requests/"
"""The prefix of all files that come with requests; no upload trigger matches anything below it."""


def requests_prefix(pipeline: str) -> str:
    """Return the prefix of all files that come with requests for a pipeline."""
    return f"{REQUESTS}{pipeline}/"


def request_key(pipeline: str, token: str, name: str) -> str:
    """Return the key of a file that comes with a request; a token may have any characters, and stays one part
    of the key.

    Some clients drop a part that is only dots:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
    """
    return f"{requests_prefix(pipeline)}{quote(token, safe='').replace('.', '%2E')}/{name}"
