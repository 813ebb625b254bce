"""Where the files that come with requests lie in the inbox: each pipeline's in a place of its own, which no
upload trigger takes.
"""

from __future__ import annotations

from urllib.parse import quote

REQUESTS = "requests/"
"""What comes with requests lies below it; no upload trigger takes anything there."""


def requests_prefix(pipeline: str) -> str:
    """Return the prefix of all files that come with requests for a pipeline."""
    return f"{REQUESTS}{pipeline}/"


def request_key(pipeline: str, token: str, name: str) -> str:
    """Return the key of a file that comes with a request; a token may have any characters, and stays one part
    of the key.

    A part that is only dots would be lost on the way in some clients:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
    """
    return f"{requests_prefix(pipeline)}{quote(token, safe='').replace('.', '%2E')}/{name}"
