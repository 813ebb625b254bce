"""What AWS answers when it does not do what it is asked."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError


def refusal(
    code: str,
    operation: str,
    *,
    status: int = 400,
    message: str = "",
    reasons: list[dict[str, str]] | None = None,
) -> ClientError:
    """Return an error as botocore and the light client raise it."""
    response: Any = {
        "Error": {"Code": code, "Message": message or f"{operation} was refused."},
        "ResponseMetadata": {"HTTPStatusCode": status},
        "CancellationReasons": reasons or [],
    }
    return ClientError(response, operation)
