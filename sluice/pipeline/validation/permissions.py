"""Checks what steps may use beside their own run: the forms of actions and resources, and that each wildcard
has a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sluice.errors import Mistake
from sluice.pipeline.definition import Pipeline
from sluice.pipeline.permissions import Allow, S3Access, several
from sluice.pipeline.validation.fields import check_fields, listed, where

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z*?]+")
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9*?-]*:[0-9*?]*:.+")
_WILDCARD = re.compile(r"[*?]")
_ADD_REASON = 'Name it in full, or write reason="…" for whoever reviews it.'


def check_permissions(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with the permissions of a pipeline and of its steps."""
    yield from _check("permissions", pipeline.permissions)
    for number, step in enumerate(listed(pipeline.steps)):
        yield from _check(f"{where('steps', step, number)}.permissions", getattr(step, "permissions", []))


def _check(place: str, permissions: object) -> Iterator[Mistake]:
    if not isinstance(permissions, list | tuple):
        yield Mistake(place, "a list", repr(permissions), 'Write permissions=[read("s3://…/*")].')
        return
    for number, permission in enumerate(permissions):
        here = f"{place}[{number}]"
        wrong = list(check_fields(here, permission, (Allow, S3Access)))
        yield from wrong
        if wrong:
            continue
        yield from (
            _check_allow(here, permission) if isinstance(permission, Allow) else _check_s3(here, permission)
        )


def _check_allow(place: str, allow: Allow) -> Iterator[Mistake]:
    for action in several(allow.actions):
        if not _ACTION.fullmatch(action):
            fix = 'Write it as IAM does, such as "athena:StartQueryExecution".'
            yield Mistake(f"{place}.actions", "a service and an action", repr(action), fix)
    for resource in several(allow.resources):
        if resource != "*" and not _ARN.fullmatch(resource):
            fix = "Look it up in AWS's console, or in the service's page of actions and resources."
            yield Mistake(f"{place}.resources", "an ARN", repr(resource), fix)
    if not (allow.actions and allow.resources):
        fix = "Add them, or leave it out."
        yield Mistake(place, "at least one action and one resource", repr(allow), fix)
    yield from _check_reason(place, allow.reason, (*several(allow.actions), *several(allow.resources)))


def _check_s3(place: str, access: S3Access) -> Iterator[Mistake]:
    found = access.bucket_and_key
    if found is None or _WILDCARD.search(found[1][:-1]) or found[1].endswith("?"):
        yield Mistake(
            f"{place}.uri",
            "s3://bucket/key, or s3://bucket/prefix/* for all below a prefix",
            repr(access.uri),
            "Correct the address.",
        )
    elif found[1] == "*":
        yield from _check_reason(place, access.reason, (access.uri,))


def _check_reason(place: str, reason: str | None, texts: tuple[str, ...]) -> Iterator[Mistake]:
    wide = next((text for text in texts if _WILDCARD.search(text)), None)
    if wide is not None and not (reason or "").strip():
        yield Mistake(f"{place}.reason", f"why it needs {wide!r}, which has a wildcard", "none", _ADD_REASON)
