"""Which errors say "not now": the same message will be handled once AWS, or a deploy, is done with it.

An outage is no fault of the message: however often it fails so, it is kept and tried again. Any other error
comes again each time, so the message is set aside for a person. See docs/decisions/0036-outages.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from sluice.aws.transient import is_transient
from sluice.errors import EventRefusedError, UnsettledError

_REFUSED_STATUS = (401, 403)
_DENIED = frozenset(
    {
        # Each service has its own word for a permission that is missing, or not there yet:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "UnauthorizedOperation",
        "KMSAccessDeniedException",
        "KmsAccessDenied",
        "KMS.AccessDeniedException",
        # A role's credentials that are not known yet, or not any more.
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
    }
)
_GONE = frozenset(
    {
        # A table, queue, topic or bucket that a deploy is about to make, or has just replaced; a key that is
        # not there is no such thing.
        "ResourceNotFoundException",
        "ResourceInUseException",
        "QueueDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchBucket",
        "NotFound",
        "KMSNotFoundException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KmsDisabled",
        "KmsInvalidState",
    }
)


def is_outage(error: BaseException) -> bool:
    """Return whether an error, or one that it was raised from, is of AWS or of a deploy, and not of the
    message that was handled.
    """
    return any(_is_outage(one) for one in _chain(error))


def is_denied(error: BaseException) -> bool:
    """Return whether IAM refused a call: nothing was done."""
    if not isinstance(error, ClientError):
        return False
    metadata: Mapping[str, Any] = error.response.get("ResponseMetadata") or {}
    return error.response["Error"]["Code"] in _DENIED or metadata.get("HTTPStatusCode") in _REFUSED_STATUS


def _is_outage(error: BaseException) -> bool:
    if isinstance(error, ClientError):
        gone = error.response["Error"]["Code"] in _GONE
        return gone or is_denied(error) or is_transient(error)
    if isinstance(error, BotoCoreError):
        return is_transient(error) or isinstance(error, NoCredentialsError | PartialCredentialsError)
    return isinstance(error, UnsettledError | EventRefusedError | ConnectionError | TimeoutError)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that it was raised from."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__
