"""The answers to callers."""

from __future__ import annotations

import json
from typing import Any

_HEADERS = {405: {"allow": "POST"}, 503: {"retry-after": "5"}}


class Refusal(Exception):  # noqa: N818 - it is an answer, and the caller's error
    """A refused request; ``status`` is that of HTTP, ``more`` are further fields of the answer."""

    def __init__(self, status: int, error: str, **more: Any) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.more = more

    def answer(self) -> dict[str, Any]:
        """Return the answer in Lambda's format."""
        return answer(self.status, {"error": self.error, **self.more}, _HEADERS.get(self.status))


def answer(status: int, document: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Return an answer of JSON:
    https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads.
    """
    # No cache may keep it: an answer belongs to one request.
    fixed = {"content-type": "application/json", "cache-control": "no-store"}
    return {
        "statusCode": status,
        "headers": {**fixed, **(headers or {})},
        "body": json.dumps(document),
        "isBase64Encoded": False,
    }
