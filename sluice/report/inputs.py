"""What started a run, as a person reads it: a file with its version and size, a request's JSON, a webhook's
body.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sluice.counted import counted
from sluice.triggers.trigger_event import (
    S3Object,
    ScheduledTime,
    UploadGroup,
    WebhookDelivery,
    described,
    stored_trigger,
)

_INPUT_CHARACTERS = 500


def input_facts(stored: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is known of what started a run, each with its name."""
    try:
        found = stored_trigger(stored)
    except (KeyError, TypeError):
        yield "input", described(stored)
        return
    yield "input", found.uri
    if isinstance(found, S3Object):
        yield "version", found.version_id or "none"
        yield "size", counted(found.size, "byte")
    elif isinstance(found, UploadGroup):
        yield "files", f"s3://{found.work_bucket}/{found.manifest}"
    elif found.input is not None:
        yield "body" if isinstance(found, WebhookDelivery) else "given", _cut(found.input)
    if isinstance(found, ScheduledTime):
        yield "time", found.time


def _cut(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    more = len(text) - _INPUT_CHARACTERS
    return (
        text
        if more <= 0
        else f"{text[:_INPUT_CHARACTERS]}… and {counted(more, 'more character')}: --json has all"
    )
