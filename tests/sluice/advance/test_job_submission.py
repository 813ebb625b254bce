"""A submission is repeated only when AWS Batch says that nothing happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from sluice.advance.job_submission import submit_job
from sluice.errors import RefusedError, UnsettledError
from tests.sluice.clouds import refused

THROTTLED = refused("TooManyRequestsException", status=429)


class Submitter:
    """A Batch client that raises these errors before it takes a job."""

    def __init__(self, *errors: Exception) -> None:
        """Have been asked for nothing."""
        self.errors, self.asked, self.paced, self.slept = list(errors), 0, 0, list[float]()

    def submit_job(self, **request: Any) -> Mapping[str, Any]:
        """Take a job, or raise the next error."""
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return {"jobId": "job", "jobName": request["jobName"]}

    def pace(self) -> None:
        """Count the calls."""
        self.paced += 1


def submitted(submitter: Submitter) -> str:
    """Return the id of the job."""
    return submit_job(submitter, {"jobName": "n"}, rate_limit=submitter.pace, sleep=submitter.slept.append)


def test_a_throttled_submission_is_sent_again_at_its_pace() -> None:
    """A throttle is a definite refusal."""
    submitter = Submitter(THROTTLED, refused("ThrottlingException"))
    assert submitted(submitter) == "job"
    assert (submitter.asked, submitter.paced, len(submitter.slept)) == (3, 3, 2)


def test_a_submission_that_is_always_throttled_comes_again_later() -> None:
    """After eight attempts."""
    submitter = Submitter(*[THROTTLED] * 99)
    with pytest.raises(UnsettledError, match="was throttled 8 times"):
        submitted(submitter)
    assert submitter.asked == 8


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (refused("ServerException", status=500), "was answered ServerException"),
        (refused("ServiceUnavailable", status=503), "was answered ServiceUnavailable"),
        (ReadTimeoutError(endpoint_url="https://batch"), "has no answer"),
    ],
)
def test_an_unknown_outcome_is_not_sent_again(error: Exception, says: str) -> None:
    """There may be a job."""
    submitter = Submitter(error)
    with pytest.raises(UnsettledError, match=says):
        submitted(submitter)
    assert submitter.asked == 1


def test_a_refusal_is_final() -> None:
    """With the code and the message of AWS Batch."""
    submitter = Submitter(refused("ClientException", "no such queue"))
    with pytest.raises(RefusedError, match="SubmitJob of n was refused: ClientException: no such queue"):
        submitted(submitter)
    assert submitter.asked == 1
