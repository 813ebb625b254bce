"""What a command prints when it cannot do what was asked, and its exit code."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError

from cli.errors import FAILED, WRONG_USAGE, UsageError, exit_code, explained, with_hint
from local.errors import LocalCloudError
from sluice.errors import SluiceError
from sluice.operate.errors import (
    AmbiguousRunError,
    JobMissingError,
    NotDeployedError,
    OperationError,
    RunIdMissingError,
    RunNotFoundError,
)
from tests.sluice.clouds import refused


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoCredentialsError(), "aws configure"),
        (NoRegionError(), "AWS_REGION"),
        (EndpointConnectionError(endpoint_url="https://x/"), "AWS_ENDPOINT_URL"),
        (
            refused("AccessDeniedException", "not authorized to perform: batch:TerminateJob"),
            "docs/cli.md lists what each command",
        ),
        *(
            (
                refused("AccessDeniedException", f"not authorized to perform: s3:X with {how} in a {policy}"),
                f"A {policy} of your organization or account forbids it, whatever your own permissions are",
            )
            for how in ("an explicit deny",)
            for policy in ("service control policy", "resource control policy", "permissions boundary")
        ),
        (refused("ValidationException", "no such bus"), "no such bus. docs/cli.md says"),
        (
            refused("ThrottlingException", "Rate exceeded"),
            "AWS refused SubmitJob: ThrottlingException: Rate exceeded. AWS was busy: run the command again",
        ),
    ],
)
def test_refusals_say_what_to_do(error: ClientError, words: str) -> None:
    """What AWS answers is explained in a sentence with what to do."""
    assert words in explained(error)


@pytest.mark.parametrize(
    ("error", "code", "hint"),
    [
        (RunNotFoundError("a"), FAILED, "which is no run's. `sluice runs` lists them."),
        (RunIdMissingError(), WRONG_USAGE, "an empty word. `sluice runs` lists them."),
        (AmbiguousRunError("a", ["a1", "a2"]), WRONG_USAGE, "Give more of it."),
        (NotDeployedError("No app."), FAILED, "No app. Deploy it with `make deploy`"),
        (JobMissingError("No job.", may_come=True), FAILED, "No job. `--follow` waits for its job."),
        (JobMissingError("No job.", may_come=False), FAILED, "No job."),
        (OperationError("No."), FAILED, "No."),
        (UsageError("No."), WRONG_USAGE, "No."),
        (LocalCloudError("No."), FAILED, "No."),
    ],
)
def test_an_error_has_an_exit_code_and_perhaps_a_hint(
    error: SluiceError | LocalCloudError, code: int, hint: str
) -> None:
    """What the user can do next in a terminal follows the message; wrong usage is 2, anything else 1."""
    assert exit_code(error) == code
    assert hint in with_hint(error)
