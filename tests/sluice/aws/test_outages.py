"""Which errors are of AWS or of a deploy, and which are of the message that was handled."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)

from sluice.aws.outages import is_denied, is_outage
from sluice.errors import EventRefusedError, LimitError, MalformedMessageError, NoAnswerError, UnsettledError
from tests.sluice.aws.test_transient import answered

OUTAGES = [
    answered("InternalServerError", 500),
    answered("ServiceUnavailable", 503),
    answered("ThrottlingException"),
    answered("TransactionCanceledException", 400, "TransactionConflict"),
    answered("AccessDeniedException"),
    answered("AccessDenied", 403),
    answered("UnrecognizedClientException"),
    answered("ExpiredTokenException"),
    answered("ResourceNotFoundException"),
    answered("QueueDoesNotExist"),
    answered("NoSuchBucket", 404),
    EndpointConnectionError(endpoint_url="https://dynamodb"),
    ConnectTimeoutError(endpoint_url="https://dynamodb"),
    NoCredentialsError(),
    UnsettledError("a claim is open"),
    NoAnswerError("no answer"),
    EventRefusedError("no"),
    ConnectionResetError(),
    TimeoutError(),
]
OWN = [
    answered("ValidationException"),
    answered("NoSuchKey", 404),
    answered("TransactionCanceledException", 400, "ConditionalCheckFailed"),
    ParamValidationError(report="no"),
    MalformedMessageError("no"),
    LimitError("no"),
    KeyError("x"),
    RecursionError(),
]


@pytest.mark.parametrize("error", OUTAGES, ids=repr)
def test_an_outage_is_no_fault_of_the_message(error: Exception) -> None:
    """Nor is an error that was made of it."""
    assert is_outage(error)
    made = RuntimeError("not handled")
    made.__cause__ = error
    assert is_outage(made)


@pytest.mark.parametrize("error", OWN, ids=repr)
def test_what_comes_again_each_time_is(error: Exception) -> None:
    """A person has to look at it."""
    assert not is_outage(error)


def test_a_refusal_of_iam_is_told_from_one_of_the_service() -> None:
    """By the code, or by the status where the code is none that we know."""
    assert is_denied(answered("AccessDeniedException"))
    assert is_denied(answered("Whatever", 403))
    assert not is_denied(answered("ResourceNotFoundException"))
    assert not is_denied(KeyError("x"))
