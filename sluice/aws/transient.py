"""Which errors of AWS calls are transient: the same call may well succeed a little later."""

from __future__ import annotations

from botocore.exceptions import (
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's name
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    MetadataRetrievalError,
)

THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""Codes of calls, and reasons of cancelled transactions, that say: not now.

Source: botocore's retry handler, and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""
_TIMED_OUT = frozenset({"RequestTimeout", "RequestTimeoutException"})
_NO_ANSWER = (
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
    CredentialRetrievalError,
    MetadataRetrievalError,
)


def is_transient(error: BaseException) -> bool:
    """Return whether the call was throttled, failed for the service's own reasons, or had no answer."""
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code"))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code in THROTTLED | _TIMED_OUT or status >= 500 or _is_cancelled_for_now(error)
    return isinstance(error, _NO_ANSWER)


def _is_cancelled_for_now(error: ClientError) -> bool:
    """Return whether a transaction was cancelled for transient reasons alone."""
    reasons = {str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])}
    return bool(reasons - {"None"}) and reasons <= THROTTLED | {"None"}
