"""What DynamoDB answers when two writers meet: a transaction in the way is waited for, a condition that does not hold is an answer."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

_TRIES = 6
_PAUSE_SECONDS = 0.05
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html (cancellation reasons)
_PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


def patiently(write: Callable[[], Any]) -> None:
    """Repeat a write that met another one in flight, or a table that was busy.

    The SDK does not, because it cannot know that the write is conditional.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
    """
    for attempt in range(_TRIES):
        try:
            write()
        except ClientError as error:
            if not _conflict(error) or attempt == _TRIES - 1:
                raise
            time.sleep(random.uniform(0, _PAUSE_SECONDS * 2**attempt))  # noqa: S311 - jitter, not a secret
        else:
            return


def condition_failed(error: ClientError) -> bool:
    """Return whether a transaction was cancelled because a condition does not hold."""
    return _code(error) == "TransactionCanceledException" and "ConditionalCheckFailed" in _reasons(error)


def failed_conditions(error: ClientError) -> set[int]:
    """Return the places, in a cancelled transaction, of the writes whose conditions do not hold."""
    return {place for place, reason in enumerate(_reasons(error)) if reason == "ConditionalCheckFailed"}


def _conflict(error: ClientError) -> bool:
    cancelled = _code(error) == "TransactionCanceledException" and bool(_PASSING & set(_reasons(error)))
    return _code(error) == "TransactionConflictException" or (cancelled and not condition_failed(error))


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


def _reasons(error: ClientError) -> list[str]:
    return [str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])]
