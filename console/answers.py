"""Turns what the backend returns and raises into answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from console.contract import Problem
from sluice.errors import SluiceError
from sluice.operate.errors import (
    NotDeployedError,
    RequestError,
    RunNotFoundError,
    RunRemovedError,
    RunStateError,
)
from sluice.run.reasons import missing_permission
from sluice.visible import visible

REFUSALS = (SluiceError, ClientError, BotoCoreError)
"""What the backend raises for what is not done."""
_ERRORS: tuple[tuple[type[SluiceError], int, str], ...] = (
    (RunNotFoundError, 404, "not-found"),
    (RunRemovedError, 404, "not-found"),
    (RunStateError, 409, "wrong-state"),
    (NotDeployedError, 502, "aws"),
    (RequestError, 400, "wrong-request"),
    (SluiceError, 409, "wrong-state"),
)
"""What is answered for an error, the first class that it is of."""
# What services answer when IAM refuses:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "403")

_AS_IT_IS = "json"
"""The member with the input of a run, which is given to another one."""


class NotFoundError(SluiceError):
    """What was asked for is not there."""


def is_denied(error: ClientError) -> bool:
    """Return whether IAM has refused a call."""
    return error.response.get("Error", {}).get("Code") in _DENIED


def answer(document: Any, status: int = 200) -> Response:
    """Return a dataclass of the contract as JSON, with what is hidden in its texts made visible: whatever a
    part of the backend lets through ends here.
    """
    text = json.dumps(_shown(asdict(document)), ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, media_type="application/json")


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value, keep="\n\t")
    if isinstance(value, dict):
        return {name: one if name == _AS_IT_IS else _shown(one) for name, one in value.items()}
    return [_shown(one) for one in value] if isinstance(value, list | tuple) else value


def problem(
    status: int,
    error: str,
    message: str,
    *,
    missing: str | None = None,
    sign_in: str | None = None,
) -> Response:
    """Return why a request is refused."""
    found = Problem(error=error, message=visible(message), missing_permission=missing, sign_in=sign_in)
    return answer(found, status)


def problem_of(error: Exception) -> Response:
    """Return what is answered for one of REFUSALS; raises any other error."""
    if isinstance(error, NotFoundError):
        return problem(404, "not-found", str(error))
    if isinstance(error, SluiceError):
        status, kind = next((status, kind) for of, status, kind in _ERRORS if isinstance(error, of))
        return problem(status, kind, str(error))
    if isinstance(error, ClientError) and is_denied(error):
        return problem(403, "not-permitted", str(error), missing=missing_permission(str(error)))
    if isinstance(error, ClientError | BotoCoreError):
        return problem(502, "aws", str(error))
    raise error


async def called(function: Callable[..., Any], *given: Any) -> Response:
    """Call a function of the backend in a thread and answer with what it returns, or with why it does not."""
    try:
        return answer(await run_in_threadpool(function, *given))
    except REFUSALS as error:
        return problem_of(error)
