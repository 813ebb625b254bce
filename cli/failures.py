"""What a command says when it cannot do what was asked, and the exit code that goes with it."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
)

from sluice.errors import SluiceError

FAILED = 1
"""The run failed, or what was asked for is not there."""
WRONG_USAGE = 2


class CommandError(SluiceError):
    """A command cannot do what was asked; the message says what to do."""

    code = FAILED


class UsageError(CommandError):
    """The words of a command do not go together."""

    code = WRONG_USAGE


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
            f"Expected an answer, found none: {str(error).rstrip('.')}. Look at AWS_ENDPOINT_URL and"
            " AWS_REGION."
        )
    return f"{str(error).rstrip('.')}. Look at your AWS profile and your network."


def _refused(error: ClientError) -> str:
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    fix = (
        "docs/cli.md lists what each command must be allowed to do."
        if "AccessDenied" in code
        else "Try again, or see docs/cli.md."
    )
    return f"AWS refused {error.operation_name}: {code}: {message.rstrip('.')}. {fix}"
