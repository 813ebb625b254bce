"""Submits a job to AWS Batch, and distinguishes a refusal from an unknown outcome.

SubmitJob has no idempotency token, so only what AWS Batch refused for the moment is sent again. See
docs/decisions/0002-submission.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from sluice.aws.batch_jobs import BatchReader
from sluice.aws.outages import is_denied
from sluice.aws.retrying import Backoff, retry
from sluice.aws.transient import is_throttled, is_transient
from sluice.errors import NoAnswerError, NotPermittedError, RefusedError, SluiceError, UnsettledError

_ATTEMPTS = 8
_BASE_SECONDS = 0.1
_UNAVAILABLE = 503
"""The request was not handled: https://docs.aws.amazon.com/batch/latest/APIReference/CommonErrors.html."""


class JobSubmitter(Protocol):
    """The call of a Batch client that submits jobs; the client must repeat nothing by itself."""

    def submit_job(self, **request: Any) -> Mapping[str, Any]:
        """Call SubmitJob."""


class BatchClient(BatchReader, JobSubmitter, Protocol):
    """The calls of a Batch client that advance a run."""


def submit_job(
    batch: JobSubmitter,
    request: Mapping[str, Any],
    *,
    rate_limit: Callable[[], None],
    sleep: Callable[[float], None],
) -> str:
    """Return the id of the job; ``rate_limit`` is called before each attempt.

    Raises RefusedError when AWS Batch refused the request for good, NotPermittedError when IAM did,
    NoAnswerError when it is not known whether there is a job, and UnsettledError when it was throttled each
    time.
    """

    def submit() -> str:
        rate_limit()
        return str(batch.submit_job(**request)["jobId"])

    name = request["jobName"]
    try:
        return retry(submit, Backoff(attempts=_ATTEMPTS, base=_BASE_SECONDS, sleep=sleep), when=is_throttled)
    except ClientError as error:
        raise _failure(name, error) from error
    except BotoCoreError as error:
        raise NoAnswerError(f"SubmitJob of {name} has no answer: {error}.") from error


def _failure(name: str, error: ClientError) -> SluiceError:
    """Return what an error that AWS Batch answered means for the submission."""
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    if is_throttled(error):
        return UnsettledError(f"SubmitJob of {name} was throttled {_ATTEMPTS} times; it will be tried again.")
    if is_transient(error):
        refused = error.response["ResponseMetadata"]["HTTPStatusCode"] == _UNAVAILABLE
        return NoAnswerError(
            f"SubmitJob of {name} was answered {code}.", is_answered=True, is_refusal=refused
        )
    kind = NotPermittedError if is_denied(error) else RefusedError
    return kind(f"SubmitJob of {name} was refused: {code}: {message}")
