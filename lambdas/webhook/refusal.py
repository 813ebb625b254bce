"""What a caller is answered."""

from __future__ import annotations

import json
from typing import Any


class Refusal(Exception):  # noqa: N818 - it is an answer, and the caller's error
    """A request that starts nothing; ``status`` is HTTP's, ``more`` goes into the answer beside the
    sentence.
    """

    def __init__(self, status: int, error: str, **more: Any) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.more = more

    def answer(self) -> dict[str, Any]:
        """Return the answer as Lambda takes it."""
        headers = (
            {"allow": "POST"} if self.status == 405 else {"retry-after": "5"} if self.status == 503 else {}
        )
        return answer(self.status, {"error": self.error, **self.more}, headers)


def answer(status: int, document: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Return an answer of JSON:
    https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads.
    """
    # Nobody's copy: an answer is about one request.
    fixed = {"content-type": "application/json", "cache-control": "no-store"}
    return {
        "statusCode": status,
        "headers": {**fixed, **(headers or {})},
        "body": json.dumps(document),
        "isBase64Encoded": False,
    }
