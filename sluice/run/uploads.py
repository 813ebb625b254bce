"""The files that started a run, as the items of a plan without a function: known when the run begins, so that
no job has to find them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from sluice.errors import MalformedMessageError
from sluice.run.compiled import CompiledPipeline
from sluice.run.state import StepRecord, StepState
from sluice.triggers.trigger_event import Request, S3Object, TriggerEvent, UploadGroup, stored_trigger

IN_TRIGGER = "trigger"
"""What stands for a manifest's key where the run's own trigger lists the files."""
_TOLD = 3
_TYPES: Mapping[str, type] = {
    field.name: int if field.name == "size" else str for field in fields(S3Object) if field.default is MISSING
}


def plans(pipeline: CompiledPipeline, started_by: TriggerEvent, now: str) -> dict[str, StepRecord]:
    """Return the plans of a new run that are done before it begins, by name; raises MalformedMessageError for
    files that are none.
    """
    names = [step.name for step in pipeline.steps if step.of_uploads]
    if not names:
        return {}
    if isinstance(started_by, Request) and _listed(started_by) is not None and uploads_of(started_by) is None:
        raise MalformedMessageError(
            f"Expected uploads with {', '.join(_TYPES)} each, found {str(_listed(started_by))[:200]}."
        )
    if isinstance(started_by, UploadGroup):
        manifest, items = started_by.manifest, started_by.files
    else:
        manifest, items = IN_TRIGGER, len(_files(started_by))
    return {
        name: StepRecord(name=name, state=StepState.SUCCEEDED, items=items, manifest=manifest, claimed_at=now)
        for name in names
    }


def check_own(pipeline: CompiledPipeline, request: Request) -> None:
    """Raise MalformedMessageError with the files of a request that are not its pipeline's in the inbox: the
    jobs could not read them.

    A pipeline that was compiled before it had its prefixes has none, and nothing is checked.
    """
    own = pipeline.inbox
    files = uploads_of(request) or () if own else ()
    foreign = [file.key for file in files if not (file.key.startswith(own) or _is_connected(pipeline, file))]
    if foreign:
        more = f" and {len(foreign) - _TOLD} more" if len(foreign) > _TOLD else ""
        raise MalformedMessageError(
            f"Expected uploads of {pipeline.name}, below {' or '.join(own)}, found"
            f" {', '.join(foreign[:_TOLD])}{more}. Put them there, or give the files to `sluice run"
            f" {pipeline.name}`."
        )


def _is_connected(pipeline: CompiledPipeline, file: S3Object) -> bool:
    return f"{file.bucket}/{file.key}".startswith(pipeline.connected)


def items_in(trigger: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the items that a stored trigger itself lists: an upload, or the ``uploads`` of a request's
    input; none of others.
    """
    return [file.to_item() for file in _files(stored_trigger(trigger))]


def uploads_of(request: Request) -> list[S3Object] | None:
    """Return the files in a request's input ``{"uploads": [{"bucket", "key", "version_id", "etag",
    "size"}]}``; None when it lists none.
    """
    listed = _listed(request)
    return (
        [S3Object.from_dict(one) for one in listed]
        if isinstance(listed, list) and all(map(is_file, listed))
        else None
    )


def is_file(item: Any) -> bool:
    """Return whether an item has all that is known of an upload."""
    return isinstance(item, dict) and all(type(item.get(name)) is kind for name, kind in _TYPES.items())


def _listed(request: Request) -> Any:
    return request.input.get("uploads") if isinstance(request.input, dict) else None


def _files(started_by: TriggerEvent) -> list[S3Object]:
    if isinstance(started_by, S3Object):
        return [started_by]
    return (uploads_of(started_by) or []) if isinstance(started_by, Request) else []
