"""Which errors of AWS are transient: the same call may well succeed a little later.

There are three questions, because repeating is not always safe. ``is_conflict`` and ``is_throttled`` are true
of definite refusals: the service did nothing, and even SubmitJob, which has no idempotency token, can be
repeated. ``is_transient`` is also true of calls whose outcome is unknown: an answer of 500 or more, or none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import (
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's name
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    MetadataRetrievalError,
)

_NO_ANSWER = (
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
    # A job and a Lambda get their credentials from an endpoint of their host, which can be busy, too.
    CredentialRetrievalError,
    MetadataRetrievalError,
)
_TOO_MANY_REQUESTS = 429

_THROTTLED = frozenset(
    {
        # Every service: https://docs.aws.amazon.com/batch/latest/APIReference/CommonErrors.html. EventBridge,
        # Secrets Manager and CloudWatch Logs answer with nothing else; the older services' protocol calls it
        # "Throttling": https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html.
        "ThrottlingException",
        "Throttling",
        # Batch: https://repost.aws/knowledge-center/aws-batch-requests-error
        "TooManyRequestsException",
        # DynamoDB:
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        # S3: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
        "SlowDown",
        # SQS, with both names that its two protocols have for KMS:
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
        "RequestThrottled",
        "KmsThrottled",
        "KMS.ThrottlingException",
        # SNS: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
        "Throttled",
        "KMSThrottling",
    }
)
_UNKNOWN_OUTCOME = frozenset(
    {
        # DynamoDB still works on the transaction of this token:
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
        "TransactionInProgressException",
        # S3 waited too long for the request's body, or another write of the same key is in the way:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
        "RequestTimeout",
        "OperationAborted",
        "ConditionalRequestConflict",
    }
)
_CONFLICT = "TransactionConflictException"
_CANCELLED = "TransactionCanceledException"
# The reasons of a cancelled transaction that say nothing about its conditions:
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_PASSING_REASONS = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


def is_transient(error: BaseException) -> bool:
    """Return whether a call may well succeed a little later: it was throttled or met another write, the
    service failed, or there was no answer.
    """
    if isinstance(error, ClientError):
        return is_throttled(error) or _code(error) in _UNKNOWN_OUTCOME or _status(error) >= 500
    return isinstance(error, _NO_ANSWER)


def is_throttled(error: BaseException) -> bool:
    """Return whether AWS refused a call for the moment and did nothing, so that any call can be repeated."""
    if not isinstance(error, ClientError):
        return False
    return _code(error) in _THROTTLED or _status(error) == _TOO_MANY_REQUESTS or is_conflict(error)


def is_conflict(error: BaseException) -> bool:
    """Return whether DynamoDB refused a write because another one was in flight, or part of a transaction was
    throttled: it says nothing about the write's condition.

    The SDKs do not repeat these, because they cannot know that the write is conditional:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
    """
    if not isinstance(error, ClientError):
        return False
    reasons = set(cancellation_reasons(error)) - {"None"}
    cancelled = _code(error) == _CANCELLED and bool(reasons) and reasons <= _PASSING_REASONS
    return cancelled or _code(error) == _CONFLICT


def cancellation_reasons(error: ClientError) -> list[str]:
    """Return why DynamoDB cancelled a transaction: a code for each of its writes, in their order."""
    return [str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])]


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


def _status(error: ClientError) -> int:
    metadata: Mapping[str, Any] = error.response.get("ResponseMetadata") or {}
    return int(metadata.get("HTTPStatusCode") or 0)
