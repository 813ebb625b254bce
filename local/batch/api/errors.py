"""The exceptions of AWS Batch's API."""

from __future__ import annotations


class BatchApiError(Exception):
    """A request was refused; `code` is AWS's exception class, `status` the HTTP status that goes with it."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def client_error(message: str) -> BatchApiError:
    """The request is wrong: https://docs.aws.amazon.com/batch/latest/APIReference/CommonErrors.html."""
    return BatchApiError("ClientException", message, 400)


def server_error(message: str) -> BatchApiError:
    """The engine is at fault, not the request."""
    return BatchApiError("ServerException", message, 500)


def throttled() -> BatchApiError:
    """More calls a second than the account may make."""
    return BatchApiError("TooManyRequestsException", "Too Many Requests", 429)
