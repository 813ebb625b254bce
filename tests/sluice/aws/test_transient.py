"""Which errors may be tried again: of every service that Sluice calls, and of DynamoDB's transactions."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from sluice.aws.transient import is_conflict, is_throttled, is_transient


def answered(code: str, status: int = 400, *reasons: str) -> ClientError:
    """Return an error that AWS answered; ``reasons`` are those of a cancelled transaction."""
    response: Any = {
        "Error": {"Code": code, "Message": ""},
        "ResponseMetadata": {"HTTPStatusCode": status},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }
    return ClientError(response, "Call")


THROTTLED = [
    ("batch", "TooManyRequestsException", 429),
    ("batch, behind a proxy", "429", 429),
    ("every service", "ThrottlingException", 400),
    ("CloudFormation", "Throttling", 400),
    ("DynamoDB", "ProvisionedThroughputExceededException", 400),
    ("DynamoDB", "RequestLimitExceeded", 400),
    ("S3", "SlowDown", 503),
    ("SQS", "RequestThrottled", 403),
    ("SQS", "KmsThrottled", 400),
    ("SQS", "KMS.ThrottlingException", 400),
    ("SNS", "Throttled", 429),
    ("SNS", "KMSThrottling", 400),
]


@pytest.mark.parametrize(("service", "code", "status"), THROTTLED)
def test_a_throttle_is_a_definite_refusal(service: str, code: str, status: int) -> None:
    """The service did nothing: any call can be repeated."""
    error = answered(code, status)
    assert (is_throttled(error), is_transient(error), is_conflict(error)) == (True, True, False)


UNKNOWN = [
    answered("ServerException", 500),
    answered("InternalServerError", 500),
    answered("ServiceUnavailable", 503),
    answered("502", 502),
    answered("TransactionInProgressException"),
    answered("RequestTimeout"),
    answered("ConditionalRequestConflict", 409),
    HTTPClientError(error="gone"),
    ReadTimeoutError(endpoint_url="https://x"),
    ConnectTimeoutError(endpoint_url="https://x"),
    EndpointConnectionError(endpoint_url="https://x"),
    CredentialRetrievalError(provider="container-role", error_msg="time-out"),
]


@pytest.mark.parametrize("error", UNKNOWN, ids=str)
def test_a_failure_of_the_service_or_no_answer_is_transient_and_no_refusal(error: Exception) -> None:
    """The call may have been done: what must not be done twice must not be repeated at once."""
    assert (is_throttled(error), is_transient(error)) == (False, True)


FINAL = [
    answered("ClientException"),
    answered("AccessDeniedException", 403),
    answered("ValidationException"),
    answered("ConditionalCheckFailedException"),
    answered("LimitExceededException"),
    answered("NoSuchKey", 404),
    answered("PreconditionFailed", 412),
    NoCredentialsError(),
    ParamValidationError(report="no"),
    ValueError("no"),
]


@pytest.mark.parametrize("error", FINAL, ids=str)
def test_every_other_error_comes_again_when_the_call_is_repeated(error: Exception) -> None:
    """Errors of the request, of permissions, of limits that waiting does not lift, and of our own code."""
    assert (is_throttled(error), is_transient(error)) == (False, False)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (answered("TransactionConflictException"), True),
        (answered("TransactionCanceledException", 400, "TransactionConflict", "None"), True),
        (answered("TransactionCanceledException", 400, "None", "ThrottlingError"), True),
        (answered("TransactionCanceledException", 400, "ProvisionedThroughputExceeded"), True),
        (
            answered("TransactionCanceledException", 400, "ConditionalCheckFailed", "TransactionConflict"),
            False,
        ),
        (answered("TransactionCanceledException", 400, "ValidationError", "TransactionConflict"), False),
        (answered("TransactionCanceledException", 400, "None"), False),
    ],
)
def test_a_conflict_of_transactions_says_nothing_about_the_condition(
    error: ClientError, expected: bool
) -> None:
    """Only a transaction of which no write was refused for itself is worth another attempt."""
    assert (is_conflict(error), is_throttled(error), is_transient(error)) == (expected,) * 3


def test_an_error_without_a_status_is_judged_by_its_code() -> None:
    """Errors that do not come from an HTTP answer have none."""
    response: Any = {"Error": {"Code": "ThrottlingException", "Message": ""}}
    assert is_transient(ClientError(response, "Call"))
    assert not is_transient(ClientError({"Error": {"Code": "No", "Message": ""}}, "Call"))
