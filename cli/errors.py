"""What a command prints when it cannot do what was asked, and the exit code that goes with it."""

from __future__ import annotations

import os
from collections.abc import Mapping

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from cli.credentials import credentials_advice
from local.errors import LocalCloudError
from sluice.aws.transient import is_transient
from sluice.errors import SluiceError
from sluice.operate.errors import (
    JobMissingError,
    NotDeployedError,
    RequestError,
    RunIdMissingError,
    RunNotFoundError,
)
from sluice.visible import visible

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


# How IAM words a refusal that no permission of the caller's own can lift:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
_FROM_ABOVE = ("service control policy", "resource control policy", "permissions boundary")


def explained(error: BotoCoreError | ClientError, environment: Mapping[str, str] = os.environ) -> str:
    """Return in one sentence what AWS, or the way to it, answered, and what to do."""
    advice = credentials_advice(error, environment)
    if advice is not None:
        return visible(advice)
    if isinstance(error, ClientError):
        return _refused(error)
    if isinstance(error, EndpointConnectionError):
        return (
            f"Expected an answer, found none: {str(error).rstrip('.')}. Check AWS_ENDPOINT_URL and"
            " AWS_REGION."
        )
    return f"{str(error).rstrip('.')}. Check your AWS profile and your network."


def _refused(error: ClientError) -> str:
    """Return what AWS refused; that to try again helps is said only where it does."""
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    fix = "docs/cli.md says what each command needs."
    if policy := next((one for one in _FROM_ABOVE if one in message), None):
        fix = (
            f"A {policy} of your organization or account forbids it, whatever your own permissions are:"
            " docs/account.md lists what may be forbidden, and what to do then."
        )
    elif "AccessDenied" in code or code == "UnauthorizedOperation":
        fix = "docs/cli.md lists what each command must be allowed to do."
    elif is_transient(error):
        fix = "AWS was busy: run the command again in a moment."
    return f"AWS refused {error.operation_name}: {code}: {visible(message.rstrip('.'))}. {fix}"
