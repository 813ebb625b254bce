"""What a command prints when it cannot do what was asked, and the exit code that goes with it."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
)

from local.errors import LocalCloudError
from sluice.errors import SluiceError
from sluice.operate.errors import (
    JobMissingError,
    NotDeployedError,
    RequestError,
    RunIdMissingError,
    RunNotFoundError,
)

FAILED = 1
"""The run failed, or what was asked for does not exist."""
WRONG_USAGE = 2


class UsageError(RequestError):
    """The words of a command line do not go together."""


def exit_code(error: SluiceError | LocalCloudError) -> int:
    """Return the exit code of a command that ends with this error."""
    return WRONG_USAGE if isinstance(error, RequestError) else FAILED


def with_hint(error: SluiceError | LocalCloudError) -> str:
    """Return an error's message, followed by the command that helps, where one does."""
    return f"{error} {hint}" if (hint := _hint(error)) else str(error)


def _hint(error: SluiceError | LocalCloudError) -> str:
    if isinstance(error, RunNotFoundError | RunIdMissingError):
        return "`sluice runs` lists them."
    if isinstance(error, JobMissingError) and error.may_come:
        return "`--follow` waits for its job."
    if isinstance(error, NotDeployedError):
        return (
            "Deploy it with `make deploy`, start a local one with `sluice local up`, or choose another"
            " AWS_PROFILE or AWS_REGION."
        )
    return ""


def explained(error: BotoCoreError | ClientError) -> str:
    """Return in one sentence what AWS, or the way to it, answered, and what to do."""
    if isinstance(error, ClientError):
        return _refused(error)
    if isinstance(error, NoCredentialsError | NoRegionError):
        missing = "credentials of an AWS account" if isinstance(error, NoCredentialsError) else "a region"
        return (
            f"Expected {missing}, found none. Run `aws configure`, or set AWS_PROFILE and AWS_REGION, or"
            " start a local cloud on port 4566 with `sluice local up`."
        )
    if isinstance(error, EndpointConnectionError):
        return (
            f"Expected an answer, found none: {str(error).rstrip('.')}. Check AWS_ENDPOINT_URL and"
            " AWS_REGION."
        )
    return f"{str(error).rstrip('.')}. Check your AWS profile and your network."


def _refused(error: ClientError) -> str:
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    fix = (
        "docs/cli.md lists what each command must be allowed to do."
        if "AccessDenied" in code
        else "Try again, or see docs/cli.md."
    )
    return f"AWS refused {error.operation_name}: {code}: {message.rstrip('.')}. {fix}"
